"""The client against Kraken itself, reading and having orders checked; nothing is ever placed.

Set `KRAKEN_LIVE_TESTS=1` to ask what needs no key, and `KRAKEN_API_KEY` and `KRAKEN_API_SECRET`
beside it for the rest. No gateway is made here but the one that can't send without `validate`.
"""

import _socket
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import Qty, round_down
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.kraken import live
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.keys import key_info
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Validator
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.kraken.terms import OrderType, PriceTerm, Reference, TimeInForce
from kraken_pipeline.kraken.tickets import Ticket

ASKED: Final = os.environ.get("KRAKEN_LIVE_TESTS") == "1"
KEY, SECRET = os.environ.get("KRAKEN_API_KEY", ""), os.environ.get("KRAKEN_API_SECRET", "")
PAUSE_SECONDS: Final = 2.0
"""Between tests, so that Kraken's counters of a stranger and of a starter's key never fill."""
DAY: Final = timedelta(days=1)

pytestmark = pytest.mark.skipif(
    not ASKED, reason="set KRAKEN_LIVE_TESTS=1 to ask the real exchange, reading only"
)
needs_key = pytest.mark.skipif(
    not (KEY and SECRET),
    reason="set KRAKEN_API_KEY and KRAKEN_API_SECRET to read an account; nothing is placed",
)


@pytest.fixture(autouse=True)
def way_out() -> Iterator[None]:
    """Let these tests, and no others, leave this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, getattr(_socket.socket, name))
        time.sleep(PAUSE_SECONDS)
        yield


@pytest.fixture(scope="module")
def market() -> Iterator[PublicMarket]:
    reader = PublicMarket(PublicLine(live.KRAKEN))
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateLine]:
    folder: Path = tmp_path_factory.mktemp("nonces")
    credential = Credential(key=KEY, secret=SECRET)
    nonces = Nonces(folder, credential.key_id, clock=lambda: time.time_ns() // 1000)
    private = PrivateLine(live.KRAKEN, credential=credential, nonces=nonces)
    yield private
    private.close()


@pytest.fixture
def account(line: PrivateLine, market: PublicMarket) -> ReadOnlyAccount:
    return ReadOnlyAccount(line, symbols=market.symbols)


@pytest.fixture
def pair(market: PublicMarket) -> Pair:
    name = market.symbols().pair("BTC/USD").pair
    return market.listing().pairs[name]


def test_the_listing_is_read_to_the_last_row(market: PublicMarket) -> None:
    listing = market.listing()

    assert listing.left_out == {}
    assert len(listing.pairs) > 500


def test_tickers_have_a_bid_below_their_ask(market: PublicMarket) -> None:
    tickers = market.tickers()

    assert len(tickers) > 500
    assert tickers["XBTUSD"].bid < tickers["XBTUSD"].ask


def test_candles_are_closed_and_whole(market: PublicMarket, pair: Pair) -> None:
    candles = market.candles(pair, timeframe("1h"), None)

    assert 700 <= len(candles) <= 721
    assert candles.opened_at[-1] + 3600 <= market.server_time().timestamp() + 5


def test_books_and_trades_are_read(market: PublicMarket, pair: Pair) -> None:
    depth = market.depth(pair, count=25)
    page = market.trades(pair, cursor="0", count=10)

    assert depth.bids[0].price < depth.asks[0].price
    assert len(page.trades) == 10
    assert market.trades(pair, cursor=page.cursor, count=1).trades[0].at >= page.trades[-1].at


def test_grouped_books_and_spreads_are_read(market: PublicMarket, pair: Pair) -> None:
    assert market.grouped_book(pair, levels=10, grouping=10).bids
    assert market.spreads(pair)


def test_status_and_time_are_read(market: PublicMarket) -> None:
    status = market.status()

    assert status.at is not None
    assert abs(market.server_time() - status.at) < timedelta(minutes=1)


@needs_key
def test_the_key_says_what_it_may_do(line: PrivateLine) -> None:
    assert key_info(line).nonce > 0


@needs_key
def test_balances_and_worth_are_read(account: ReadOnlyAccount) -> None:
    balances, totals = account.balances(), account.totals()

    assert {asset for asset, each in totals.items() if each} <= set(balances)
    assert account.worth().equivalent >= 0


@needs_key
def test_orders_are_read(account: ReadOnlyAccount, market: PublicMarket) -> None:
    since = market.server_time() - DAY
    closed = account.closed_orders(since=since)

    assert all(each.status in {"open", "pending"} for each in account.open_orders())
    assert all(each.closed_at is not None and each.closed_at >= since for each in closed)


@needs_key
def test_trades_and_ledger_are_read(account: ReadOnlyAccount, market: PublicMarket) -> None:
    since = market.server_time() - 7 * DAY
    trades, entries = account.trades(since=since), account.ledger(since=since)

    assert [each.at for each in trades] == sorted(each.at for each in trades)
    assert [each.at for each in entries] == sorted(each.at for each in entries)


@needs_key
def test_fees_are_read_by_pair_and_by_tier(account: ReadOnlyAccount, pair: Pair) -> None:
    rates = account.fee_rates([pair])[pair.name]
    tiers = account.fee_schedule([pair]).tiers[pair.name]

    assert 0 <= rates.maker_pct <= rates.taker_pct < 2
    assert any(each.is_active for each in tiers)


def far_below(market: PublicMarket, pair: Pair) -> Ticket:
    """A buy of the smallest size at half the price."""
    last = market.tickers()[pair.name].last
    return Ticket(
        pair=pair.name,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty=Qty(pair.min_qty * 2),
        limit=PriceTerm.at(round_down(last / 2, pair.tick)),
        time_in_force=TimeInForce.GTC,
        post_only=True,
        cl_ord_id="pipeline-check",
    )


def soon(market: PublicMarket) -> datetime:
    return market.server_time() + timedelta(seconds=30)


@needs_key
def test_an_order_is_checked_and_not_placed(
    line: PrivateLine, account: ReadOnlyAccount, market: PublicMarket, pair: Pair
) -> None:
    checked = Validator(line).check(far_below(market, pair), deadline=soon(market))

    assert checked.description.startswith("buy ")
    assert account.open_orders("pipeline-check") == ()


@needs_key
def test_a_stop_is_checked_and_not_placed(
    line: PrivateLine, market: PublicMarket, pair: Pair
) -> None:
    last = market.tickers()[pair.name].last
    stop = Ticket(
        pair=pair.name,
        side=Side.SELL,
        order_type=OrderType.STOP_LOSS_LIMIT,
        qty=Qty(pair.min_qty * 2),
        trigger=PriceTerm.at(round_down(last * Decimal("0.6"), pair.tick)),
        limit=PriceTerm.at(round_down(last * Decimal("0.5"), pair.tick)),
        reference=Reference.LAST,
        time_in_force=TimeInForce.GTC,
        cl_ord_id="pipeline-check",
    )

    assert "stop loss" in Validator(line).check(stop, deadline=soon(market)).description


@needs_key
def test_an_order_that_is_too_small_is_refused_when_it_is_checked(
    line: PrivateLine, market: PublicMarket, pair: Pair
) -> None:
    ticket = Ticket(
        pair=pair.name,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty=Qty(pair.lot),
        limit=PriceTerm.at(round_down(market.tickers()[pair.name].last / 2, pair.tick)),
        time_in_force=TimeInForce.GTC,
        cl_ord_id="pipeline-check",
    )

    with pytest.raises(OrderRefusedError):
        Validator(line).check(ticket, deadline=soon(market))
