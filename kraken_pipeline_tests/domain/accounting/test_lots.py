"""Lots, and the order in which they go."""

from datetime import timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.lots import AVERAGE, UNCOSTED, Lot, Method, Shelf, split
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline_tests.domain.accounting.lives import START, figures


def _lot(
    name: str, qty: str, cost: str | None, *, hours: int = 0, basis: Basis = Basis.PAID
) -> Lot:
    return Lot(
        lot_id=name,
        acquired_at=START + timedelta(hours=hours),
        qty=Decimal(qty),
        cost=None if cost is None else Decimal(cost),
        fee=Decimal("0.1"),
        unit=ZERO if cost is None else Decimal(cost) / Decimal(qty),
        basis=basis,
    )


def _shelf(method: Method, *lots: Lot) -> Shelf:
    shelf = Shelf(method)
    with localcontext(EXACT):
        for each in lots:
            shelf.put(each)
    return shelf


@pytest.mark.parametrize(
    ("method", "order"),
    [(Method.FIFO, "a b c"), (Method.LIFO, "c b a"), (Method.HIFO, "b c a")],
)
def test_a_method_says_which_lot_goes_first(method: Method, order: str) -> None:
    lots = [
        _lot("b", "1", "30", hours=2),
        _lot("a", "1", "10", hours=1),
        _lot("c", "1", "20", hours=3),
    ]

    taken = _shelf(method, *lots).take(Decimal(3))

    assert [each.lot_id for each in taken] == order.split()


def test_an_average_is_as_good_as_the_worst_in_it_and_as_old_as_the_oldest() -> None:
    lots = [_lot("a", "1", "10", hours=5), _lot("b", "3", "50", hours=2, basis=Basis.MARKET)]

    [average] = _shelf(Method.WAC, *lots)

    assert figures(average.lot_id, average.qty, average.cost) == (AVERAGE, 4, 60)
    assert average.basis is Basis.MARKET
    assert average.acquired_at == START + timedelta(hours=2)


def test_what_nobody_knows_the_cost_of_stays_out_of_the_average_and_goes_last() -> None:
    shelf = _shelf(Method.WAC, _lot("x", "2", None), _lot("a", "1", "10"))

    with localcontext(EXACT):
        taken = shelf.take(Decimal(2))

    assert [figures(each.lot_id, each.qty, each.cost) for each in taken] == [
        (AVERAGE, 1, 10),
        (UNCOSTED, 1, None),
    ]


def test_no_more_is_taken_than_there_is() -> None:
    shelf = _shelf(Method.FIFO, _lot("a", "1", "10"))

    assert [each.qty for each in shelf.take(Decimal(5))] == [1]
    assert shelf.take(Decimal(1)) == []


@given(st.integers(2, 10**10), st.data(), st.integers(0, 10**12))
def test_two_lots_of_one_add_up_to_it(whole: int, data: st.DataObject, cents: int) -> None:
    part = data.draw(st.integers(1, whole - 1))
    lot = _lot("a", str(whole), str(Decimal(cents).scaleb(-2)))

    with localcontext(EXACT):
        first, rest = split(lot, Decimal(part))

        assert figures(first.qty, first.qty + rest.qty) == (part, lot.qty)
        assert first.fee + rest.fee == lot.fee
        assert first.cost is not None
        assert rest.cost is not None
        assert first.cost + rest.cost == lot.cost
