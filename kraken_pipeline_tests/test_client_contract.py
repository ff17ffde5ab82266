"""The client against what Kraken really answered, and against the simulator over HTTP.

The simulator is a second reading of Kraken's documents and shares no code with the client: where
the two disagree, one of them has misread.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from kraken_pipeline import panic
from kraken_pipeline.domain.errors import (
    AuthError,
    ExchangeError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.timeframes import TIMEFRAMES, timeframe
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import Answer, PrivateLine, PublicLine, result_of
from kraken_pipeline.kraken.market_replies import (
    candles_from,
    listing_from,
    status_from,
    tickers_from,
    time_from,
)
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Trader, Validator
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.replies import (
    balances_from,
    count_from,
    entry_from,
    fee_rates_from,
    order_from,
    placed_id_from,
    trade_from,
)
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.builders import order, pair
from kraken_pipeline_tests.kraken.lines import SECRET

NO_NAMES = SymbolTable(assets={}, pairs=[])


def told(folder: Path, name: str) -> object:
    return result_of(
        Answer(200, (folder / "rest" / name).read_bytes()), call=Call.READ, method=name
    )


def assets_for(pairs: object) -> dict[str, object]:
    """Assets under their own keys, as a listing of pairs alone was recorded."""
    keys = {
        each.text(side) for _, each in record(pairs, "").records() for side in ("base", "quote")
    }
    return {key: {"altname": re.sub(r"^[XZ](?=[A-Z]{3}$)", "", key)} for key in keys}


@pytest.mark.parametrize(
    "name",
    [
        "live2026-09-19_assetpairs_subset.json",
        "live2026-08_assetpairs_XBTUSDT.json",
        "xchange2025_assetpairs.json",
        "nautilus_http_asset_pairs.json",
        "nautilus_http_asset_pairs_tokenized.json",
        "kasync_tradable_asset_pairs_json.json",
    ],
)
def test_recorded_pairs_are_listed_each_with_its_rules(recorded: Path, name: str) -> None:
    pairs = told(recorded, name)

    listing = listing_from(assets_for(pairs), pairs)

    assert len(listing.pairs) == len(record(pairs, name).fields)
    assert all(each.tick > 0 and each.min_qty > 0 for each in listing.pairs.values())


def test_pairs_of_old_times_that_lack_a_rule_are_refused_by_name(recorded: Path) -> None:
    pairs = told(recorded, "xchangeold_assetpairs.json")

    with pytest.raises(UnexpectedReplyError, match="missing"):
        listing_from(assets_for(pairs), pairs)


def test_recorded_assets_have_their_short_names(recorded: Path) -> None:
    listing = listing_from(told(recorded, "live2026-09-03_assets.json"), {})

    assert listing.symbols.asset("XXBT") == "XBT"
    assert listing.symbols.asset("ZUSD") == "USD"


@pytest.mark.parametrize(
    ("name", "key", "rows"),
    [
        ("nautilus_http_ohlc.json", "XBTUSDT", 720),
        ("live2026-09-03_ohlc_XBTUSD_1m.json", "XXBTZUSD", 4),
    ],
)
def test_recorded_candles_leave_out_the_one_that_forms(
    recorded: Path, name: str, key: str, rows: int
) -> None:
    asked = pair(key=key)
    page = candles_from(told(recorded, name), pair=asked, frame=timeframe("1m"), since=None)

    assert len(page) == rows
    assert set(map(type, page.close)) == {str}


def test_recorded_tickers_are_read(recorded: Path) -> None:
    pairs = told(recorded, "nautilus_http_asset_pairs.json")
    symbols = listing_from(assets_for(pairs), pairs).symbols

    ticker = tickers_from(told(recorded, "nautilus_http_ticker.json"), symbols)["XBTUSDT"]

    assert (ticker.bid, ticker.ask) == (Decimal("105944.2"), Decimal("105944.3"))


@pytest.mark.parametrize(
    "name", ["nautilus_http_system_status.json", "kasync_system_status_json.json"]
)
def test_recorded_status_is_online(recorded: Path, name: str) -> None:
    assert status_from(told(recorded, name)).status == "online"


@pytest.mark.parametrize(
    "name",
    ["live2026-09-03_time.json", "nautilus_http_server_time.json", "kasync_server_time_json.json"],
)
def test_recorded_times_are_read(recorded: Path, name: str) -> None:
    assert time_from(told(recorded, name)).year > 2020


@pytest.mark.parametrize(
    "name", ["xchange2025_balanceex.json", "kasync_extended_balance_json.json"]
)
def test_recorded_balances_hold_no_more_than_there_is(recorded: Path, name: str) -> None:
    balances = balances_from(told(recorded, name))

    assert balances
    assert all(each.total >= each.held >= 0 for each in balances.values())


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("xchange2025_openorders.json", "open"),
        ("xchangeold_openorders.json", "open"),
        ("kasync_open_orders_json.json", "open"),
        ("nautilus_http_open_orders.json", "open"),
        ("nautilus_http_closed_orders.json", "closed"),
        ("kasync_query_order_info_json.json", None),
    ],
)
def test_recorded_orders_are_read(recorded: Path, name: str, field: str | None) -> None:
    reply = record(told(recorded, name), name)
    rows = reply.record(field) if field else reply

    reports = [order_from(key, each, NO_NAMES) for key, each in rows.records()]

    assert reports
    assert all(each.qty >= each.filled_qty >= 0 for each in reports)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("kasync_trades_history_json.json", "trades"),
        ("nautilus_http_trades_history.json", "trades"),
        ("kasync_query_trades_info_json.json", None),
    ],
)
def test_recorded_trades_are_read(recorded: Path, name: str, field: str | None) -> None:
    reply = record(told(recorded, name), name)
    rows = reply.record(field) if field else reply

    trades = [trade_from(key, each, NO_NAMES) for key, each in rows.records()]

    assert trades
    assert all(each.qty > 0 for each in trades)


@pytest.mark.parametrize(
    ("name", "field"),
    [("xchange2025_ledgers.json", "ledger"), ("kasync_query_ledgers_json.json", None)],
)
def test_recorded_ledger_entries_are_read(recorded: Path, name: str, field: str | None) -> None:
    reply = record(told(recorded, name), name)
    rows = reply.record(field) if field else reply

    assert [entry_from(key, each) for key, each in rows.records()]


def test_recorded_fees_are_read(recorded: Path) -> None:
    rates = fee_rates_from(told(recorded, "kasync_trade_volume_per_pair_json.json"), [pair()])

    assert (rates["XBTUSD"].maker_pct, rates["XBTUSD"].taker_pct) == (
        Decimal("0.16"),
        Decimal("0.26"),
    )


@pytest.mark.parametrize(
    "name",
    [
        "xchange2025_addorder_01ec8b.json",
        "xchange2025_addorder_1219ed.json",
        "xchange2025_addorder_98408e.json",
        "kasync_add_order_json.json",
        "nautilus_http_add_order_spot.json",
    ],
)
def test_recorded_placements_name_their_order(recorded: Path, name: str) -> None:
    kraken_order_id, description = placed_id_from(told(recorded, name))

    assert re.fullmatch(r"[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{6}", kraken_order_id)
    assert description.split()[0] in set(Side)


@pytest.mark.parametrize(
    "name",
    [
        "xchange2025_cancelorder.json",
        "kasync_cancel_order_json.json",
        "kasync_cancel_all_orders_json.json",
    ],
)
def test_recorded_cancels_are_counted(recorded: Path, name: str) -> None:
    assert count_from(told(recorded, name), name) >= 1


def test_recorded_errors_are_known(recorded: Path) -> None:
    lines = (recorded / "rest" / "live2026-09-03_errors.jsonl").read_text().splitlines()
    lines += (recorded / "rest" / "kasync_errors.jsonl").read_text().splitlines()
    for line in lines:
        said = json.loads(line)
        body = json.dumps(said.get("body", said)).encode()
        with pytest.raises(ExchangeError) as refused:
            result_of(Answer(said.get("http_status", 200), body), call=Call.WRITE, method="X")
        assert not isinstance(refused.value, OutcomeUnknownError)


KEY = Credential(key="SIMULATOR", secret=SECRET)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(folder=tmp_path_factory.mktemp("state"), secret=SECRET, clock="fixed")
    with simulated(settings) as running:
        yield running


@pytest.fixture(scope="module")
def market(served: Served) -> Iterator[PublicMarket]:
    reader = PublicMarket(PublicLine(served.url))
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nonces")


@pytest.fixture(scope="module")
def line(served: Served, marks: Path) -> Iterator[PrivateLine]:
    nonces = Nonces(marks, KEY.key_id, clock=lambda: time.time_ns() // 1000)
    private = PrivateLine(served.url, credential=KEY, nonces=nonces)
    yield private
    private.close()


@pytest.fixture
def account(line: PrivateLine, market: PublicMarket) -> ReadOnlyAccount:
    return ReadOnlyAccount(line, symbols=market.symbols)


@pytest.fixture
def trader(line: PrivateLine) -> Trader:
    return Trader(line)


@pytest.fixture(autouse=True)
def fresh_counter(request: pytest.FixtureRequest) -> None:
    """Let time pass before each test: none inherits what another did to a pair's counter."""
    if "trader" in request.fixturenames:
        turn(request.getfixturevalue("served"))


def turn(served: Served) -> None:
    """Let a minute pass."""
    told = {"advance_seconds": 60}
    requests.post(f"{served.url}/_sim/clock", json=told, timeout=10).raise_for_status()


def deadline(market: PublicMarket) -> datetime:
    return market.server_time() + timedelta(seconds=10)


LOW, HIGH = Decimal(20_000), Decimal(200_000)
"""Prices that rest and that fill at once: the made-up market is far from either."""


def buy_of(number: int, **changes: object) -> Order:
    """A small buy far below the market, which rests."""
    defaults: dict[str, object] = {
        "pair": "XBTUSD",
        "qty": Decimal("0.001"),
        "limit_price": LOW,
        "time_in_force": "GTC",
        "order_type": "limit",
        "post_only": False,
        "cl_ord_id": f"00000000-0000-4000-8000-{number:012}",
    }
    return order(**{**defaults, **changes})


def crossing(number: int, **changes: object) -> Order:
    """A small buy that fills at once."""
    return buy_of(number, limit_price=HIGH, time_in_force="IOC", **changes)


def test_the_simulators_market_is_read_whole(market: PublicMarket) -> None:
    listing = market.listing()
    tickers = market.tickers()

    assert "XBTUSD" in listing.pairs
    assert set(tickers) <= set(listing.pairs)
    assert market.system_status() == "online"


@pytest.mark.parametrize("name", sorted(TIMEFRAMES))
def test_the_simulators_candles_are_closed_by_its_clock(market: PublicMarket, name: str) -> None:
    frame = timeframe(name)
    listed = market.listing().pairs["XBTUSD"]

    page = market.candles(listed, frame, None)

    now = int(market.server_time().timestamp())
    assert len(page) > 100
    assert page.opened_at[-1] + frame.seconds <= now
    since = market.server_time().fromtimestamp(page.opened_at[-3], tz=market.server_time().tzinfo)
    assert market.candles(listed, frame, since).opened_at == page.opened_at[-3:]


def test_a_resting_order_is_placed_found_and_canceled(
    market: PublicMarket, account: ReadOnlyAccount, trader: Trader
) -> None:
    resting = buy_of(1)
    placed = trader.add(resting, deadline=deadline(market))

    [report] = account.open_orders(resting.cl_ord_id)
    assert report.kraken_order_id == placed.kraken_order_id
    assert (report.pair, report.side) == (resting.pair, resting.side)
    assert (report.qty, report.limit_price) == (resting.qty, resting.limit_price)
    assert account.balances()["ZUSD"].held > 0
    trader.cancel(placed.kraken_order_id)
    [ended] = account.closed_orders(
        since=market.server_time() - timedelta(hours=1), cl_ord_id=resting.cl_ord_id
    )
    assert ended.status == "canceled"
    assert account.open_orders(resting.cl_ord_id) == ()


def test_a_canceled_order_can_not_be_canceled_again(market: PublicMarket, trader: Trader) -> None:
    placed = trader.add(buy_of(2), deadline=deadline(market))
    trader.cancel(placed.kraken_order_id)

    with pytest.raises(OrderRefusedError):
        trader.cancel(placed.kraken_order_id)


def test_a_fill_stands_in_order_trade_ledger_and_balance(
    market: PublicMarket, account: ReadOnlyAccount, trader: Trader
) -> None:
    before = account.balances()
    placed = trader.add(crossing(3), deadline=deadline(market))

    report = account.orders([placed.kraken_order_id])[placed.kraken_order_id]
    fills = [
        each
        for each in account.trades(since=None)
        if each.kraken_order_id == placed.kraken_order_id
    ]
    ids = {each.trade_id for each in fills}
    entries = [each for each in account.ledger(since=None) if each.refid in ids]
    assert report.filled_qty == sum((each.qty for each in fills), Decimal(0)) > 0
    bought = sum((each.net for each in entries if each.asset == "XXBT"), Decimal(0))
    after = account.balances()
    assert after["XXBT"].total - (before["XXBT"].total if "XXBT" in before else 0) == bought
    paid = sum((each.net for each in entries if each.asset == "ZUSD"), Decimal(0))
    assert after["ZUSD"].total - before["ZUSD"].total == paid


def test_an_id_that_was_never_issued_is_left_out(account: ReadOnlyAccount) -> None:
    assert account.orders(["OAAAAA-AAAAA-AAAAAA"]) == {}


def test_the_second_open_order_of_one_id_is_not_taken_for_refused(
    market: PublicMarket, account: ReadOnlyAccount, trader: Trader
) -> None:
    trader.add(buy_of(4), deadline=deadline(market))
    with pytest.raises(OutcomeUnknownError, match="not unique"):
        trader.add(buy_of(4), deadline=deadline(market))

    assert len(account.open_orders(buy_of(4).cl_ord_id)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"qty": Decimal("0.00000001")}, {"qty": Decimal(1000)}, {"limit_price": Decimal("1.23456")}],
)
def test_what_breaks_a_rule_is_refused(
    market: PublicMarket, trader: Trader, changes: dict[str, object]
) -> None:
    with pytest.raises(OrderRefusedError):
        trader.add(buy_of(5, **changes), deadline=deadline(market))


def test_an_order_past_its_deadline_is_not_placed_and_not_called_refused(
    market: PublicMarket, account: ReadOnlyAccount, trader: Trader
) -> None:
    late = buy_of(6)

    with pytest.raises((OutcomeUnknownError, OrderRefusedError)):
        trader.add(late, deadline=market.server_time() - timedelta(seconds=30))

    assert account.open_orders(late.cl_ord_id) == ()


def test_a_validator_places_nothing(
    market: PublicMarket, account: ReadOnlyAccount, line: PrivateLine
) -> None:
    checked = Validator(line).add(crossing(7), deadline=deadline(market))

    assert checked.description.startswith("buy")
    assert account.open_orders(crossing(7).cl_ord_id) == ()
    since = market.server_time() - timedelta(hours=1)
    found = account.closed_orders(since=since, cl_ord_id=crossing(7).cl_ord_id)
    assert found == ()


def test_fees_come_for_every_pair_that_is_asked(
    market: PublicMarket, account: ReadOnlyAccount
) -> None:
    pairs = list(market.listing().pairs.values())[:3]

    rates = account.fee_rates(pairs)

    assert set(rates) == {each.name for each in pairs}
    assert all(each.taker_pct >= each.maker_pct >= 0 for each in rates.values())


def test_more_than_a_page_of_trades_and_entries_comes_whole(
    served: Served, market: PublicMarket, account: ReadOnlyAccount, trader: Trader
) -> None:
    known = {each.trade_id for each in account.trades(since=None)}
    for number in range(100, 160):
        if number % 30 == 0:
            turn(served)
        trader.add(crossing(number, qty=Decimal("0.0001")), deadline=deadline(market))

    trades, entries = account.trades(since=None), account.ledger(since=None)

    assert len({each.trade_id for each in trades} - known) >= 60
    assert {each.trade_id for each in trades} <= {each.refid for each in entries}
    assert len({each.entry_id for each in entries}) == len(entries)
    assert [each.at for each in trades] == sorted(each.at for each in trades)
    half = trades[len(trades) // 2].at
    expected = [each.trade_id for each in trades if each.at >= half]
    assert [each.trade_id for each in account.trades(since=half)] == expected


def test_the_guard_clears_the_book(market: PublicMarket, trader: Trader, line: PrivateLine) -> None:
    guard = Guard(line)
    for number in (300, 301):
        trader.add(buy_of(number), deadline=deadline(market))

    assert len(guard.open_orders()) >= 2
    assert guard.cancel_all() >= 2
    assert guard.open_orders() == {}
    assert guard.cancel_all() == 0


def test_panic_clears_the_book(
    served: Served,
    trader: Trader,
    market: PublicMarket,
    marks: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(panic, "ROUND_SECONDS", 0.01)
    monkeypatch.setenv("KRAKEN_API_KEY", KEY.key)
    monkeypatch.setenv("KRAKEN_API_SECRET", KEY.secret)
    trader.add(buy_of(400), deadline=deadline(market))

    latch = marks / "panic.latch"
    assert panic.main(["--url", served.url, "--latch", str(latch), "--settle", "0"]) == 0
    assert latch.exists()
    # whoever used the key before goes on above the nonces that panic used
    assert trader.add(buy_of(400), deadline=deadline(market)).kraken_order_id


def test_a_wrong_secret_and_a_wrong_key_are_refused(served: Served, tmp_path: Path) -> None:
    other = Credential(key="SIMULATOR", secret="Y2FuYXJ5")
    nobody = Credential(key="NOBODY", secret=SECRET)
    for credential in (other, nobody):
        nonces = Nonces(tmp_path, credential.key_id, clock=lambda: time.time_ns() // 1000)
        wrong = PrivateLine(served.url, credential=credential, nonces=nonces)
        with pytest.raises(AuthError):
            wrong.call("BalanceEx", {}, call=Call.READ)
        wrong.close()


def test_an_unknown_method_is_refused(line: PrivateLine) -> None:
    with pytest.raises(OrderRefusedError, match="Unknown method"):
        line.call("Nonsense", {}, call=Call.WRITE)
