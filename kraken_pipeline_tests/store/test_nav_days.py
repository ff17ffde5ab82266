"""Days of the unit price: a row each, that no pruning touches."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline_tests.builders import NOW, fill, snapshot
from kraken_pipeline_tests.store.builders import LOOKUP

DAY = NavDay(
    day=NOW.date(),
    first_unit_price=Decimal("1.5"),
    highest_unit_price=Decimal("10.25"),
    lowest_unit_price=Decimal("0.9"),
    last_unit_price=Decimal(2),
    peak_unit_price=Decimal("100.1"),
    equity=Decimal(1000),
    exposure=Decimal("400.00000001"),
    flows=Decimal(-5),
    last_at=NOW,
)
EVER = date.min


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    return SqlBookStore(database)


def later(days: int) -> NavDay:
    delta = timedelta(days=days)
    return replace(DAY, day=DAY.day + delta, last_at=DAY.last_at + delta)


def keep(books: SqlBookStore, day: NavDay) -> None:
    books.keep_snapshot(snapshot(at=day.last_at), (), day)


def test_a_day_is_read_as_it_was_kept(books: SqlBookStore) -> None:
    assert books.newest_day(NOW) is None
    keep(books, DAY)

    assert books.newest_day(NOW) == DAY
    assert books.newest_day(NOW + timedelta(days=3)) == DAY
    assert books.newest_day(NOW - timedelta(days=1)) is None


def test_a_day_is_written_over_and_another_is_added(books: SqlBookStore) -> None:
    changed = replace(DAY, last_unit_price=Decimal(3))
    for each in (DAY, changed, later(1)):
        keep(books, each)

    assert books.days_since(EVER) == (changed, later(1))
    assert books.days_since(later(1).day) == (later(1),)


def test_pruning_snapshots_leaves_the_days(books: SqlBookStore) -> None:
    for each in range(3):
        keep(books, later(each))

    books.prune_snapshots(NOW + timedelta(days=9))

    assert len(books.unit_prices(NOW)) == 1
    assert books.days_since(EVER) == (DAY, later(1), later(2))


def test_fills_count_into_the_day_in_which_they_were_each_once(books: SqlBookStore) -> None:
    euros = fill(trade_id="T2", quote_rate=Decimal("1.1"), at=NOW + timedelta(minutes=1))
    books.book([fill(trade_id="T1")], [], LOOKUP)
    books.book([fill(trade_id="T1"), euros], [], LOOKUP)
    books.book([fill(trade_id="T3", at=NOW + timedelta(days=1))], [], LOOKUP)

    first, second = books.trades_since(EVER)
    assert first == TradeDay(day=NOW.date(), fills=2, traded=Decimal(210), fees=Decimal("0.84"))
    assert second.traded == 100
