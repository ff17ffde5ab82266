from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import AuthError, UnexpectedReplyError, UnreachableError
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline_tests.builders import NOW, pair
from kraken_pipeline_tests.kraken.lines import SYMBOLS, line_to
from kraken_pipeline_tests.kraken.samples import ENTRY, ORDER, TRADE
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    ok,
    refuses,
    scripted,
    stays_silent,
)

TEXT = {"opentm": 1756934300, "closetm": 1756934301, "time": 1756934300}
"""Times as JSON can write them."""


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
