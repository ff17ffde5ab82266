from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import AuthError, UnexpectedReplyError, UnreachableError
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline_tests.builders import NOW, pair
from kraken_pipeline_tests.kraken.lines import SYMBOLS, line_to
from kraken_pipeline_tests.kraken.samples import ENTRY, ORDER, TRADE
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    in_turn,
    ok,
    refuses,
    scripted,
    stays_silent,
)

TEXT = {"opentm": 1756934300, "closetm": 1756934301, "time": 1756934300}
"""Times as JSON can write them."""


TIERS = [
    {"maker_fee": "0.3", "taker_fee": "0.6", "min_spot_volume": "2500.0000", "active": False},
    {"maker_fee": "0.4", "taker_fee": "0.8", "min_spot_volume": "0.0000", "active": True},
]
VOLUME = {
    "currency": "ZUSD",
    "volume": "12.5000",
    "schedules": [{"pair": "XXBTZUSD", "class": "crypto", "tiers": TIERS}],
}


def account(url: str) -> ReadOnlyAccount:
    return ReadOnlyAccount(line_to(url), symbols=lambda: SYMBOLS)


def row(sample: dict[str, object]) -> dict[str, object]:
    return {**sample, **{key: value for key, value in TEXT.items() if key in sample}}


def test_balances_are_asked_with_their_holds() -> None:
    reply = {"XXBT": {"balance": "0.5", "hold_trade": "0.1"}}
    with scripted(always(ok(reply))) as server:
        balance = account(server.url).balances()["XXBT"]

        assert (balance.total, balance.held) == (Decimal("0.5"), Decimal("0.1"))
        assert server.heard[0].path == "/0/private/BalanceEx"


def test_fees_of_all_pairs_are_asked_in_one_call() -> None:
    fees = {"XXBTZUSD": {"fee": "0.8"}, "ETHUSDT": {"fee": "0.8"}}
    with scripted(always(ok({"fees": fees, "fees_maker": fees}))) as server:
        rates = account(server.url).fee_rates([pair(), pair(name="ETHUSDT", key="ETHUSDT")])

        assert set(rates) == {"XBTUSD", "ETHUSDT"}
        assert [each.form["pair"] for each in server.heard] == ["XXBTZUSD,ETHUSDT"]


def test_fees_of_no_pair_are_not_asked() -> None:
    with scripted(always(ok({}))) as server:
        assert account(server.url).fee_rates([]) == {}
        assert server.heard == []


def test_open_orders_can_be_asked_by_our_id() -> None:
    with scripted(always(ok({"open": {"O1": row(ORDER)}}))) as server:
        [report] = account(server.url).open_orders("our-id")

        assert report.kraken_order_id == "O1"
        assert server.heard[0].form["cl_ord_id"] == "our-id"


def test_closed_orders_are_asked_by_the_time_they_ended_and_unconsolidated() -> None:
    closed = {**row(ORDER), "status": "closed", "closetm": int(NOW.timestamp()) + 5}
    with scripted(always(ok({"closed": {"O1": closed}, "count": 1}))) as server:
        [report] = account(server.url).closed_orders(since=NOW, cl_ord_id="our-id")

        assert report.status == "closed"
        form = server.heard[0].form
        assert (form["closetime"], form["consolidate_taker"]) == ("close", "false")
        assert form["start"] == str(int(NOW.timestamp()) - 1)
        assert form["cl_ord_id"] == "our-id"


def test_orders_are_asked_fifty_at_a_time_and_one_never_issued_is_left_out() -> None:
    def known(heard: Heard) -> Reply:
        ids = heard.form["txid"].split(",")
        return ok({each: row(ORDER) for each in ids if each != "O7"})

    ids = [f"O{n}" for n in range(120)]
    with scripted(known) as server:
        found = account(server.url).orders([*ids, "O1"])

        assert set(found) == set(ids) - {"O7"}
        assert [each.form["txid"].count(",") + 1 for each in server.heard] == [50, 50, 20]


def test_no_orders_are_not_asked() -> None:
    with scripted(always(ok({}))) as server:
        assert account(server.url).orders([]) == {}
        assert server.heard == []


def test_trades_are_asked_raw_and_come_with_our_names() -> None:
    with scripted(always(ok({"trades": {"T1": row(TRADE)}, "count": 1}))) as server:
        [trade] = account(server.url).trades(since=None)

        assert (trade.trade_id, trade.pair) == ("T1", "XBTUSD")
        assert server.heard[0].form["consolidate_taker"] == "false"


def test_the_ledger_is_read() -> None:
    with scripted(always(ok({"ledger": {"L1": row(ENTRY)}, "count": 1}))) as server:
        [entry] = account(server.url).ledger(since=None)

        assert (entry.entry_id, entry.asset) == ("L1", "ZUSD")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses("EAPI:Invalid key"), AuthError),
        (refuses("EGeneral:Permission denied"), AuthError),
        (refuses("EService:Unavailable"), UnreachableError),
        (stays_silent, UnreachableError),
        (ok([]), UnexpectedReplyError),
        (ok({"XXBT": {"balance": "NaN", "hold_trade": "0"}}), UnexpectedReplyError),
    ],
)
def test_a_read_that_fails_says_what_may_be_done(reply: Reply, error: type[Exception]) -> None:
    with scripted(always(reply)) as server, pytest.raises(error):
        account(server.url).balances()


def test_trades_and_entries_are_asked_twenty_at_a_time() -> None:
    def known(heard: Heard) -> Reply:
        ids = heard.form.get("txid", heard.form.get("id", "")).split(",")
        return ok({each: row(TRADE if "txid" in heard.form else ENTRY) for each in ids})

    ids = [f"X{n}" for n in range(30)]
    with scripted(known) as server:
        trades = account(server.url).trades_by_id(ids)
        entries = account(server.url).entries_by_id(ids)

        assert {each.trade_id for each in trades} == set(ids)
        assert {each.entry_id for each in entries} == set(ids)
        asked = [each.form.get("txid", each.form.get("id", "")) for each in server.heard]
        assert [each.count(",") + 1 for each in asked] == [20, 10, 20, 10]


@pytest.mark.parametrize("read", ["orders", "trades_by_id", "entries_by_id"])
def test_rows_that_were_not_asked_for_are_another_requests_answer(read: str) -> None:
    with (
        scripted(always(ok({"OTHER": {}}))) as server,
        pytest.raises(UnexpectedReplyError, match="OTHER"),
    ):
        getattr(account(server.url), read)(["O1"])


def test_fee_tiers_are_asked_with_the_one_word_that_kraken_takes() -> None:
    with scripted(always(ok(VOLUME))) as server:
        schedule = account(server.url).fee_schedule([pair()])

        assert server.heard[0].form["fee_schedule"] == "true"
        assert [each.from_volume for each in schedule.tiers["XBTUSD"]] == [0, 2500]
        assert [each.is_active for each in schedule.tiers["XBTUSD"]] == [True, False]


def test_the_worth_is_told_in_the_asset_that_was_asked_for() -> None:
    told = {"eb": "2", "tb": "1.5", "m": "0", "e": "1.5", "mf": "1.5", "uv": "0"}
    with scripted(always(ok(told))) as server:
        worth = account(server.url).worth("ZEUR")

        assert (worth.asset, worth.equivalent) == ("ZEUR", Decimal(2))
        assert server.heard[0].form["asset"] == "ZEUR"


def test_totals_are_without_holds() -> None:
    with scripted(always(ok({"XXBT": "0.0000000001"}))) as server:
        assert account(server.url).totals() == {"XXBT": Decimal("0.0000000001")}
        assert server.heard[0].path == "/0/private/Balance"


def test_what_became_of_an_order_is_asked_by_its_id() -> None:
    amends = [{"amend_id": "A", "amend_type": "user", "order_qty": "1", "timestamp": 10**12}]
    with scripted(always(ok({"count": 1, "amends": amends}))) as server:
        [amend] = account(server.url).amends("O1")

        assert (amend.amend_id, amend.limit_price, amend.post_only) == ("A", None, None)
        assert server.heard[0].form["order_id"] == "O1"


@pytest.mark.parametrize(
    ("read", "path"), [("deposits", "DepositStatus"), ("withdrawals", "WithdrawStatus")]
)
def test_moves_of_funds_are_read_page_by_page(read: str, path: str) -> None:
    pages = in_turn(
        ok({"deposit": [moved("R2", 2), moved("R1", 1)], "next_cursor": "p2"}),
        ok({"deposit": [moved("R1", 1), moved("R0", 0)], "next_cursor": None}),
    )
    with scripted(pages) as server:
        since = EPOCH + timedelta(seconds=1788415301)
        moves = getattr(account(server.url), read)(since=since)

        assert [each.refid for each in moves] == ["R1", "R2"]
        assert [each.form["cursor"] for each in server.heard] == ["true", "p2"]
        assert server.heard[0].path == f"/0/private/{path}"


def test_pages_that_come_again_are_not_read_for_ever() -> None:
    page = ok({"deposit": [moved("R1", 1)], "next_cursor": "p2"})
    with (
        scripted(always(page)) as server,
        pytest.raises(UnreachableError, match="again"),
    ):
        account(server.url).deposits()


def moved(refid: str, seconds: int) -> dict[str, object]:
    told = {"method": "Bitcoin", "asset": "XXBT", "amount": "1", "fee": "0", "status": "Success"}
    return {**told, "refid": refid, "time": 1788415300 + seconds}


def allocation(strategy: str, qty: str) -> dict[str, object]:
    return {
        "strategy_id": strategy,
        "native_asset": "ETH",
        "amount_allocated": {"total": {"native": qty, "converted": "1"}},
        "total_rewarded": {"native": "0.5", "converted": "1"},
    }


def test_allocations_are_read_as_long_as_pages_bring_any() -> None:
    pages = in_turn(
        ok({"items": [allocation("E1", "2")], "next_cursor": "2"}),
        ok({"items": [allocation("E2", "3")], "next_cursor": "2"}),
        ok({"items": [allocation("E2", "3")], "next_cursor": "2"}),
    )
    with scripted(pages) as server:
        found = account(server.url).allocations()

        assert [(each.strategy_id, each.qty) for each in found] == [
            ("E1", Decimal(2)),
            ("E2", Decimal(3)),
        ]
        assert found[0].rewarded == Decimal("0.5")
        assert [each.form.get("cursor") for each in server.heard] == [None, "2", "2"]
        assert server.heard[0].path == "/0/private/Earn/Allocations"


def test_how_strategies_lock_is_read() -> None:
    items = [
        {"id": "E1", "lock_type": {"type": "flex"}},
        {"id": "E2", "lock_type": {"type": "bonded"}},
    ]
    with scripted(always(ok({"items": items, "next_cursor": None}))) as server:
        assert account(server.url).earn_locks() == {"E1": "flex", "E2": "bonded"}
        assert server.heard[0].path == "/0/private/Earn/Strategies"


def test_an_allocation_below_zero_is_refused() -> None:
    reply = ok({"items": [allocation("E1", "-2")], "next_cursor": None})
    with scripted(always(reply)) as server, pytest.raises(UnexpectedReplyError, match="native"):
        account(server.url).allocations()
