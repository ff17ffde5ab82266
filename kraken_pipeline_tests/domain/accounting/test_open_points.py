"""PF-14: each reason why books and exchange may differ is named, and each fault that has none."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.open_points import (
    What,
    of_books,
    of_moves,
    of_orders,
    of_trades,
    of_unexplained,
    of_vaults,
)
from kraken_pipeline.domain.accounting.vaults import Look
from kraken_pipeline.domain.lots import MANUAL, Position
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.nav import Valuation
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import NOW, order, snapshot
from kraken_pipeline_tests.store.builders import entry

XBT = Asset("XBT")
BASES = {"XBTUSD": XBT, "XBTEUR": XBT}


def _position(book: str, pair: str, qty: str, uncosted: str = "0") -> Position:
    return Position(book=book, pair=pair, qty=Qty(Decimal(qty)), uncosted=Qty(Decimal(uncosted)))


def _held(qty: str) -> tuple[Valuation, ...]:
    return (Valuation(asset=XBT, qty=Decimal(qty), price=Decimal(9), source="test"),)


def test_an_order_that_rests_is_a_reason_and_one_that_is_planned_is_not() -> None:
    rests, planned = order(state=State.LIVE), order(state=State.PLANNED)

    [found] = of_orders([rests, planned], [])

    assert (found.what, found.of, found.since) == (What.HELD, rests.local_id, rests.created_at)
    assert found.is_explained


def test_fills_that_are_not_booked_are_awaited_and_those_that_are_say_nothing() -> None:
    ended = replace(order(state=State.FILLED), filled_qty=Qty(Decimal(2)))

    [found] = of_orders([], [(ended, Decimal(1)), (ended, Decimal(2))])

    assert (found.what, found.since) == (What.AWAITED, ended.updated_at)
    assert found.said == f"filled 2 {ended.pair}, booked 1"


def test_an_entry_that_nobody_can_explain_is_a_fault_and_says_why() -> None:
    """PF-2."""
    came = entry("L1", asset="MOON", amount=Decimal(7), fee=Decimal(0))
    told = Explained(entry=came, cause=Cause.UNKNOWN, event_id="R1", why="no such asset")

    [found] = of_unexplained([Unexplained(told=told, found_at=NOW)])

    assert (found.of, found.said, found.since) == ("MOON", "7 of L1: no such asset", came.at)
    assert not found.is_explained


def test_trades_without_a_fill_are_told_by_bucket_since_the_oldest() -> None:
    rows = [
        entry(name, asset=asset, amount=Decimal(amount), fee=Decimal(0), minutes=number)
        for number, (name, asset, amount) in enumerate(
            [("L1", "XXBT", 2), ("L2", "ZUSD", -9), ("L3", "XXBT", -5)]
        )
    ]
    some = [Explained(entry=row, cause=Cause.FILL, event_id="R1", why="") for row in rows]

    coins, money = of_trades(some)

    assert (coins.of, coins.said, coins.since) == ("XXBT", "-3 of L1 and 1 more", rows[0].at)
    assert (money.of, money.said) == ("ZUSD", "-9 of L2")
    assert coins.is_explained


def test_what_left_one_bucket_is_named_with_when() -> None:
    left = entry("L1", asset="ADA", amount=Decimal(-50), fee=Decimal(0))

    [found] = of_moves([InFlight(entry=left)])

    assert (found.of, found.said, found.since) == ("ADA", "50 of L1", left.at)


def test_f_mon_10_books_that_together_hold_more_than_there_is_are_named_with_what_is_lacking() -> (
    None
):
    books = (
        _position("trend@1h", "XBTUSD", "0.02"),
        _position("other@4h", "XBTEUR", "0.01"),
        _position(MANUAL, "XBTUSD", "5"),
    )
    taken = snapshot(positions=books, valuations=_held("0.025"), drift={})

    [found] = of_books(taken, BASES, None)

    assert (found.what, found.of, found.is_explained) == (What.LACKING, XBT, False)
    assert found.said == "trend@1h 0.02, other@4h 0.01; there is 0.025, 0.005 is lacking"
    assert not [*of_books(replace(taken, valuations=_held("0.03")), BASES, None)]


def test_f_mon_9_a_book_that_sold_what_it_lacked_is_named_and_deposited_coins_are_not() -> None:
    books = (
        _position("trend@1h", "XBTUSD", "0", uncosted="0.003"),
        _position(MANUAL, "XBTUSD", "0", uncosted="1"),
    )

    [found] = of_books(snapshot(positions=books, valuations=(), drift={}), BASES, None)

    assert (found.what, found.of) == (What.UNCOVERED, "trend@1h XBTUSD")


def test_a_balance_that_differs_is_no_reason_and_has_its_age() -> None:
    since = NOW - timedelta(hours=1)
    taken = snapshot(positions=(), valuations=(), drift={"ZUSD": "ledger says 1, balance is 2"})

    [found] = of_books(taken, BASES, since)

    assert (found.of, found.since, found.is_explained) == ("ZUSD", since, False)


def test_vaults_that_may_not_be_read_are_told_and_are_no_reason() -> None:
    [found] = of_vaults(Look(at=NOW, refused="EGeneral:Permission denied", hidden={}))

    assert (found.what, found.since, found.is_explained) == (What.UNSEEN, NOW, False)
    assert "EGeneral:Permission denied" in found.said
    assert "query funds" in found.said


def test_vaults_that_were_read_or_never_asked_for_are_no_point() -> None:
    assert list(of_vaults(None)) == []
    assert list(of_vaults(Look(at=NOW, refused="", hidden={}))) == []
