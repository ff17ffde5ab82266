"""What daily budgets are held against: results of strategies, and when a day began."""

from datetime import UTC, datetime
from decimal import Decimal

from kraken_pipeline.domain.activity import day_of, results
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import Qty


def test_a_day_begins_at_midnight_utc() -> None:
    assert day_of(datetime(2026, 11, 2, 23, 59, 59, 5, UTC)) == datetime(2026, 11, 2, tzinfo=UTC)


def test_a_strategys_result_is_of_all_its_books_and_of_what_they_hold() -> None:
    held = Position(
        book="a@1h", pair="XBTUSD", qty=Qty(Decimal(2)), cost=Decimal(90), realised=Decimal(5)
    )
    flat = Position(book="a@4h", pair="ETHUSD", realised=Decimal(-20))
    other = Position(book="b@1h", pair="XBTUSD", realised=Decimal(1))

    found = results([held, flat, other], lambda each: each.qty * 50)

    assert found == {"a": Decimal(-5), "b": Decimal(1)}


def test_what_is_flat_needs_no_price() -> None:
    def worth(position: Position) -> Decimal:
        raise AssertionError(position)

    assert results([Position(book="a@1h", pair="XBTUSD")], worth) == {"a": Decimal(0)}
