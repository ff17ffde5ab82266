from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.kraken.fields import Record, exact
from kraken_pipeline.kraken.replies import (
    balances_from,
    count_from,
    entry_from,
    fee_rates_from,
    order_from,
    placed_id_from,
    rehearsed_from,
    trade_from,
)
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.kraken.lines import SYMBOLS
from kraken_pipeline_tests.kraken.samples import ENTRY, ORDER, TRADE

JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["NaN", "-1", "1e999", "", [], {}, [None]])
)
Read = Callable[[Mapping[str, object]], object]


@dataclass(frozen=True)
class Reader:
    """A parser of one row, a good row, and the fields that it takes from it."""

    read: Read
    row: dict[str, object]
    money: frozenset[str]
    other: frozenset[str] = frozenset()


READERS = [
    Reader(
        lambda row: order_from("O1", Record("O1", row), SYMBOLS),
        ORDER,
        frozenset({"vol", "vol_exec", "fee", "price"}),
        frozenset({"descr", "status", "opentm"}),
    ),
    Reader(
        lambda row: trade_from("T1", Record("T1", row), SYMBOLS),
        TRADE,
        frozenset({"price", "vol", "cost", "fee"}),
        frozenset({"ordertxid", "pair", "type", "maker", "time"}),
    ),
    Reader(
        lambda row: entry_from("L1", Record("L1", row)),
        ENTRY,
        frozenset({"amount", "fee", "balance"}),
        frozenset({"refid", "type", "asset", "time"}),
    ),
    Reader(
        lambda row: balances_from({"XXBT": row}),
        {"balance": "1.5", "hold_trade": "0.5"},
        frozenset({"balance", "hold_trade"}),
    ),
]


def read_order(**changes: object) -> OrderReport:
    return order_from("O1", Record("O1", {**ORDER, **changes}), SYMBOLS)


def test_an_order_is_read_to_the_last_digit() -> None:
    report = order_from("OKXYTQ", Record("X", ORDER), SYMBOLS)

    assert report.kraken_order_id == "OKXYTQ"
    assert report.cl_ord_id == "0d9bbf1f-6a7f-5c0f-8d0e-0f6e2b1c9a55"
    assert (report.pair, report.side, report.order_type) == ("XBTUSD", Side.BUY, "limit")
    assert (report.qty, report.filled_qty) == (Decimal("0.002"), Decimal("0.001"))
    assert report.limit_price == Decimal("50000.1")
    assert report.avg_fill_price == 50000
    assert report.fee == Decimal("0.13")
    assert report.opened_at == datetime(2025, 9, 3, 21, 18, 20, 624_681, tzinfo=UTC)
    assert report.reason == ""


def test_an_unfilled_order_has_no_average_price_whatever_stands_there() -> None:
    report = order_from("O", Record("X", {**ORDER, "vol_exec": "0.00000000"}), SYMBOLS)

    assert report.avg_fill_price is None


@pytest.mark.parametrize("order_type", ["market", "stop-loss", "trailing-stop", "new-kind"])
def test_an_order_without_a_fixed_limit_has_none_whatever_its_trigger(order_type: str) -> None:
    descr = {"pair": "XBTUSD", "type": "sell", "ordertype": order_type, "price": "+5.0%"}

    report = order_from("O", Record("X", {**ORDER, "descr": descr}), SYMBOLS)

    assert (report.limit_price, report.trigger_price) == (None, None)


def test_what_fires_an_order_and_what_it_then_costs_at_most_are_told_apart() -> None:
    descr = {"pair": "XBTUSD", "type": "sell", "ordertype": "stop-loss-limit"}
    prices = {"price": "22000.0", "price2": "21000.0"}

    report = order_from("O", Record("X", {**ORDER, "descr": descr | prices}), SYMBOLS)

    assert (report.trigger_price, report.limit_price) == (Decimal(22000), Decimal(21000))


def test_all_that_an_order_says_of_itself_is_kept() -> None:
    told = {
        **ORDER,
        "refid": "OPARENT",
        "userref": 7,
        "expiretm": 1756934400,
        "closetm": Decimal("1756934300.7"),
        "oflags": "post,fciq",
        "trades": ["T1"],
    }

    report = order_from("O", Record("X", told), SYMBOLS)

    assert (report.parent_id, report.userref, report.trade_ids) == ("OPARENT", 7, ("T1",))
    assert report.flags == frozenset({"post", "fciq"})
    assert report.closed_at == datetime(2025, 9, 3, 21, 18, 20, 700_000, tzinfo=UTC)
    assert report.expires_at == datetime(2025, 9, 3, 21, 20, tzinfo=UTC)
    assert report.description == "buy 0.00200000 XBTUSD @ limit 50000.1"


def test_what_an_order_does_not_say_of_itself_is_unknown() -> None:
    descr = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1"}
    bare = {"status": "open", "opentm": 1756934300, "descr": descr}
    amounts = {"vol": "1", "vol_exec": "0", "price": "0", "fee": "0"}

    report = order_from("O", Record("X", {**bare, **amounts}), SYMBOLS)

    assert (report.cost, report.flags, report.trade_ids) == (None, None, None)
    assert (report.closed_at, report.expires_at, report.parent_id) == (None, None, None)


def test_an_order_of_a_pair_that_is_not_listed_any_more_keeps_its_name() -> None:
    descr = {"pair": "LUNAUSD", "type": "sell", "ordertype": "limit", "price": "1"}

    assert order_from("O", Record("X", {**ORDER, "descr": descr}), SYMBOLS).pair == "LUNAUSD"


def test_a_trade_names_its_pair_as_we_do() -> None:
    trade = trade_from("T1", Record("X", TRADE), SYMBOLS)

    assert (trade.pair, trade.side, trade.maker) == ("XBTUSD", Side.SELL, True)
    assert (trade.price, trade.qty) == (Decimal("110153.6"), Decimal("0.00005"))
    assert (trade.cost, trade.fee) == (Decimal("5.50768"), Decimal("0.01377"))
    assert trade.at == datetime(2025, 9, 4, 14, 4, 32, 591_762, tzinfo=UTC)


def test_a_ledger_entry_is_read_with_its_sign() -> None:
    entry = entry_from("L1", Record("X", ENTRY))

    assert (entry.amount, entry.fee, entry.net) == (
        Decimal(-90),
        Decimal("0.144"),
        Decimal("-90.144"),
    )
    assert (entry.asset, entry.refid, entry.type) == ("ZUSD", "TAUGAY-Z4ZJO-O3POKN", "trade")


def test_balances_given_as_json_numbers_are_as_exact_as_text() -> None:
    reply = {"XXBT": {"balance": Decimal("0.0001339400"), "hold_trade": 0}}

    assert balances_from(reply)["XXBT"].total == Decimal("0.00013394")


@pytest.mark.parametrize("reader", READERS)
def test_no_field_that_is_read_has_a_default(reader: Reader) -> None:
    for name in reader.money | reader.other:
        with pytest.raises(UnexpectedReplyError, match=f"'{name}' is missing"):
            reader.read({key: value for key, value in reader.row.items() if key != name})


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
def test_junk_where_money_stands_is_an_exact_number_or_is_named(
    reader: Reader, data: st.DataObject
) -> None:
    name, junk = data.draw(st.sampled_from(sorted(reader.money))), data.draw(JUNK)
    refused = ""
    try:
        reader.read({**reader.row, name: junk})
    except UnexpectedReplyError as error:
        refused = str(error)

    assert f"'{name}'" in refused if refused else exact(junk) is not None


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
def test_junk_anywhere_is_read_or_refused_and_never_breaks_the_reader(
    reader: Reader, data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(reader.row)), min_size=1, unique=True))
    junk = {name: data.draw(JUNK) for name in names}

    with suppress(UnexpectedReplyError):
        reader.read({**reader.row, **junk})


def test_a_status_that_we_do_not_know_is_kept_for_whoever_acts_on_it() -> None:
    assert read_order(status="suspended").status == "suspended"

    with pytest.raises(UnexpectedReplyError, match="status"):
        read_order(status="")


def test_a_credit_line_counts_to_what_is_available() -> None:
    row = {"balance": "1.0", "hold_trade": "0.4", "credit": "5.0", "credit_used": "2.0"}

    assert balances_from({"XXBT": row})["XXBT"].available == Decimal("3.6")


def test_without_a_credit_line_what_is_not_held_is_available() -> None:
    balance = balances_from({"XXBT": {"balance": "1.0", "hold_trade": "0.4"}})["XXBT"]

    assert (balance.credit, balance.available) == (None, Decimal("0.6"))


def test_fees_are_read_by_pair_in_percent() -> None:
    reply = {
        "fees": {"XXBTZUSD": {"fee": "0.8000"}},
        "fees_maker": {"XXBTZUSD": {"fee": "0.4000"}},
    }

    rates = fee_rates_from(reply, [pair()])["XBTUSD"]

    assert (rates.maker_pct, rates.taker_pct) == (Decimal("0.4"), Decimal("0.8"))


def test_a_pair_that_only_takers_are_told_of_costs_makers_the_same() -> None:
    reply = {"fees": {"XXBTZUSD": {"fee": "0.2000"}}, "fees_maker": {}}

    rates = fee_rates_from(reply, [pair()])["XBTUSD"]

    assert (rates.maker_pct, rates.taker_pct) == (Decimal("0.2"), Decimal("0.2"))


def test_fees_that_are_null_are_not_taken_for_nothing() -> None:
    with pytest.raises(UnexpectedReplyError, match="fees"):
        fee_rates_from({"fees": None, "fees_maker": None}, [pair()])


def test_fees_of_another_pair_are_not_taken() -> None:
    reply = {"fees": {"XETHZUSD": {"fee": "0"}}, "fees_maker": {"XETHZUSD": {"fee": "0"}}}

    with pytest.raises(UnexpectedReplyError, match="XBTUSD"):
        fee_rates_from(reply, [pair()])


def test_a_placed_order_has_one_id() -> None:
    reply = {"txid": ["OHMFXD-DVWOT-XTF4AU"], "descr": {"order": "sell 1 XBTUSD @ market"}}

    assert placed_id_from(reply) == ("OHMFXD-DVWOT-XTF4AU", "sell 1 XBTUSD @ market")


@pytest.mark.parametrize("txid", [[], ["A", "B"], [""], [5], "OHMFXD", None])
def test_an_order_without_exactly_one_id_is_not_taken_for_placed(txid: object) -> None:
    with pytest.raises(UnexpectedReplyError, match="txid"):
        placed_id_from({"txid": txid, "descr": {"order": "x"}})


def test_a_check_that_gives_an_id_is_an_alarm() -> None:
    with pytest.raises(UnexpectedReplyError, match="OHMFXD"):
        rehearsed_from({"txid": ["OHMFXD"], "descr": {"order": "x"}})


def test_a_cancel_says_how_many_it_reached() -> None:
    assert count_from({"count": 4}, "CancelAll") == 4
    with pytest.raises(UnexpectedReplyError, match="count"):
        count_from({}, "CancelAll")
