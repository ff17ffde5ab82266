"""Cost methods: against lists of fractions, to the last digit, whatever the order of arrival."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.fold import Accounts, AssetBook, folded, turn_of
from kraken_pipeline.domain.accounting.identity import Result, result
from kraken_pipeline.domain.accounting.lots import MISSING, Match, Method
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    START,
    STEPS,
    USD,
    XBT,
    Step,
    figures,
    life,
    terms,
)

NOW = {XBT: Decimal("50123.45"), ETH: Decimal("2345.678"), USD: Decimal(1), Asset("KFEE"): ZERO}
PRICES = {XBT: "47000.1", ETH: "2222.22"}
TRADES = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**7)), max_size=25)
"""Qty and worth; below zero something is sold, at most what there is."""


def _move(number: int, qty: Decimal, value: Decimal | None, **changes: object) -> AccountMove:
    move = AccountMove(
        move_id=f"L{number:04}",
        event_id=f"E{number:04}",
        at=START + timedelta(hours=number),
        cause=Cause.FILL,
        asset=XBT,
        qty=qty,
        value=value,
        fee=ZERO,
        basis=Basis.PAID,
        cost=value if qty > 0 else None,
        tax_fee=ZERO,
        price_source="",
    )
    return replace(move, **changes)  # type: ignore[arg-type]  # a test names what it changes


def _traded(told: list[tuple[int, int]]) -> list[AccountMove]:
    held, found = ZERO, []
    for number, (units, cents) in enumerate(told):
        qty = max(Decimal(units).scaleb(-8), -held)
        if qty:
            held += qty
            fee = Decimal(cents).scaleb(-4)
            found.append(_move(number, qty, Decimal(cents).scaleb(-2), fee=fee, tax_fee=fee))
    return found


@dataclass
class _Bought:
    """A lot of the oracle's: qty, cost of a unit, and the same with its fee."""

    qty: Fraction
    cost: Fraction
    dear: Fraction


def _next(lots: list[_Bought], method: Method) -> _Bought:
    if method is Method.HIFO:
        return max(lots, key=lambda each: each.dear)
    return lots[-1] if method is Method.LIFO else lots[0]


def _oracle(moves: list[AccountMove], method: Method) -> list[Fraction]:
    """Return the gain of each sale, reckoned in fractions over a plain list of lots."""
    lots: list[_Bought] = []
    gains = []
    for move in moves:
        qty, value = Fraction(move.qty), Fraction(move.value or 0)
        if qty > 0:
            lots.append(_Bought(qty, value / qty, (value + Fraction(move.tax_fee)) / qty))
            if method is Method.WAC:
                held = sum((each.qty for each in lots), Fraction(0))
                cost = sum((each.qty * each.cost for each in lots), Fraction(0))
                lots = [_Bought(held, cost / held, Fraction(0))]
            continue
        wanted, cost = -qty, Fraction(0)
        while wanted:
            lot = _next(lots, method)
            part = min(wanted, lot.qty)
            lot.qty -= part
            wanted, cost = wanted - part, cost + part * lot.cost
            lots = [each for each in lots if each.qty]
        gains.append(value - cost)
    return gains


@pytest.mark.parametrize("method", list(Method))
@given(told=TRADES)
@settings(max_examples=60, deadline=None)
def test_p_3_each_sale_gains_what_a_list_of_fractions_says(
    method: Method, told: list[tuple[int, int]]
) -> None:
    moves = _traded(told)
    _, matches = folded(moves, method, USD)

    with localcontext(EXACT):
        gained = dict.fromkeys((each.move_id for each in moves if each.qty < 0), ZERO)
        for each in matches:
            assert each.realised is not None
            gained[each.move_id] += each.realised
    for got, exact in zip(gained.values(), _oracle(moves, method), strict=True):
        assert abs(Fraction(got) - exact) < Fraction(1, 10**15)


@given(told=TRADES, last=st.integers(1, 10**7))
@settings(max_examples=60, deadline=None)
def test_p_3_at_flat_all_methods_and_views_say_the_same_to_the_last_digit(
    told: list[tuple[int, int]], last: int
) -> None:
    moves = _traded([*told, (-(10**12), last)])
    found = set()
    for method in Method:
        books, _ = folded(moves, method, USD)
        for book in books:
            assert book.qty == 0
            assert book.lots == ()
            found.add(book.realised - book.fees)
            found.add(book.taxed - (book.fees - book.tax_fees))

    assert len(found) <= 1


def _said(steps: list[Step], method: Method) -> tuple[tuple[AssetBook, ...], Result]:
    books, _ = folded(moves_of(life(steps), terms(PRICES)), method, USD)
    return books, result(books, NOW.get, USD)


@pytest.mark.parametrize("method", list(Method))
@given(steps=st.lists(STEPS, max_size=25))
@settings(max_examples=40, deadline=None)
def test_p_2_what_the_account_is_worth_is_explained_to_the_last_digit(
    method: Method, steps: list[Step]
) -> None:
    books, told = _said(steps, method)
    with localcontext(EXACT):
        worth = ZERO
        for each in life(steps):
            worth += each.entry.net * NOW[Asset(each.entry.asset)]

        assert told.equity == worth
        assert told.residual == 0
        assert sum((each.swapped for each in books), ZERO) == 0
        for book in books:
            assert book.explained == (book.qty if book.asset == USD else book.cost)
        tax = told.taxed - told.expensed
        trading = told.realised - told.fees
        held_fees = sum((lot.fee for book in books for lot in book.lots), ZERO)
        assert tax == trading + held_fees


@given(steps=st.lists(STEPS, max_size=20), data=st.data())
@settings(max_examples=40, deadline=None)
def test_p_4_the_order_in_which_events_are_heard_changes_nothing(
    steps: list[Step], data: st.DataObject
) -> None:
    entries = life(steps)
    shuffled = data.draw(st.permutations(entries))

    assert moves_of(shuffled, terms(PRICES)) == moves_of(entries, terms(PRICES))


@pytest.mark.parametrize("method", list(Method))
@given(steps=st.lists(STEPS, max_size=20), cut=st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_going_on_from_kept_books_is_as_if_they_had_never_been_closed(
    method: Method, steps: list[Step], cut: int
) -> None:
    moves = sorted(moves_of(life(steps), terms(PRICES)), key=turn_of)
    first = Accounts(method, USD)
    first.apply(moves[:cut])
    second = Accounts(method, USD, first.books())
    second.apply(moves[cut:])

    books, matches = folded(moves, method, USD)
    assert second.books() == books
    assert (*first.matches, *second.matches) == matches


def _only(moves: list[AccountMove], method: Method = Method.FIFO) -> tuple[AssetBook, list[Match]]:
    accounts = Accounts(method, USD)
    accounts.apply(moves)
    [book] = accounts.books()
    return book, accounts.matches


@pytest.mark.parametrize("method", list(Method))
def test_more_sold_than_known_is_named_and_nothing_is_cut_off(method: Method) -> None:
    moves = [_move(1, Decimal(2), Decimal(200)), _move(2, Decimal(-5), Decimal(1000))]

    book, matches = _only(moves, method)

    assert book.qty == -3
    assert [figures(each.qty, each.lot_id == MISSING) for each in matches] == [
        (2, False),
        (3, True),
    ]
    assert book.realised == 200
    assert figures(book.uncosted, book.explained) == (600, 0)


def test_what_comes_after_more_was_sold_than_known_fills_the_gap_first() -> None:
    moves = [
        _move(1, Decimal(-3), Decimal(600)),
        _move(2, Decimal(4), Decimal(400)),
    ]

    book, _ = _only(moves)

    assert figures(book.qty, [each.qty for each in book.lots]) == (1, [1])
    assert figures(book.cost, book.uncosted, book.realised) == (100, 300, 0)


def test_what_comes_and_goes_at_one_instant_is_not_missing() -> None:
    sold = _move(1, Decimal(-1), Decimal(60), event_id="A")
    bought = _move(1, Decimal(1), Decimal(50), event_id="B", move_id="L9")

    book, matches = _only([sold, bought])

    assert figures(book.qty, book.realised) == (0, 10)
    assert [each.lot_id for each in matches] == ["L9"]


def test_of_two_lots_the_one_with_the_higher_fee_is_the_dearest() -> None:
    moves = [
        _move(1, Decimal(1), Decimal(50), tax_fee=Decimal(1)),
        _move(2, Decimal(1), Decimal(50), tax_fee=Decimal(2)),
        _move(3, Decimal(-1), Decimal(60)),
    ]

    assert [each.lot_id for each in _only(moves, Method.HIFO)[1]] == ["L0002"]


def test_coins_that_nothing_prices_make_no_profit_and_their_asset_incomplete() -> None:
    moves = [
        _move(1, Decimal(2), None, cause=Cause.FLOW, basis=Basis.MARKET),
        _move(2, Decimal(-1), Decimal(70)),
    ]
    book, matches = _only(moves)
    told = result([book], {XBT: Decimal(90)}.get, USD)

    assert figures(book.realised, book.uncosted, matches[0].realised) == (0, 70, None)
    assert told.incomplete == (XBT,)
    assert figures(told.equity, told.unrealised, told.residual) == (90, 0, 0)


def test_a_lot_says_how_long_it_was_held_and_an_average_does_not() -> None:
    moves = [_move(1, Decimal(1), Decimal(10)), _move(25, Decimal(-1), Decimal(20))]

    assert _only(moves)[1][0].held_for == timedelta(days=1)
    assert _only(moves, Method.WAC)[1][0].held_for is None


@pytest.mark.parametrize("method", list(Method))
def test_f_mon_8_a_rename_carries_lots_and_realises_nothing(method: Method) -> None:
    old, new = Asset("OLD"), Asset("NEW")
    moves = [
        _move(1, Decimal(1), Decimal(100), asset=old, tax_fee=Decimal(1)),
        _move(2, Decimal(2), Decimal(500), asset=old),
        _move(3, Decimal(-3), None, asset=old, basis=Basis.CARRIED, event_id="R"),
        _move(3, Decimal(3000), None, asset=new, basis=Basis.CARRIED, event_id="R", cost=None),
        _move(4, Decimal(-3000), Decimal(900), asset=new),
    ]

    books, matches = folded(moves, method, USD)

    before, after = sorted(books, key=lambda each: each.asset, reverse=True)
    assert figures(before.qty, before.lots, before.realised) == (0, (), 0)
    assert figures(after.realised, after.taxed, after.unpriced) == (300, 299, 0)
    assert sum(each.qty for each in matches) == 3000
    if method is Method.FIFO:
        assert [each.acquired_at for each in matches] == [moves[0].at, moves[1].at]
