"""Books that were put back to an older day: one pass mends them, and a second does nothing."""

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kraken_pipeline_tests.services.paper import stores_at
from kraken_pipeline_tests.year.books import Year, lived

DAYS = 2


@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(1, 10_000), kept_days=st.integers(0, DAYS), acts_a_day=st.integers(1, 15))
def test_p_22_whichever_day_books_are_put_back_to_they_become_the_same_and_then_stay(
    seed: int, kept_days: int, acts_a_day: int, empty_books: Path
) -> None:
    """PF-17: every entry, its cause and what is held are as in books that were never damaged."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        older = folder / "older.db"
        with lived(folder, seed, acts_a_day=acts_a_day, tables=empty_books) as year:
            year.live(kept_days)
            _copied(folder / "store.db", older)
            year.live(DAYS - kept_days)
            told = _told(year)
            with stores_at(f"sqlite:///{older}") as stores:
                damaged = replace(year, desk=replace(year.desk, stores=stores))
                damaged.book()
                mended = _told(damaged)
                again = damaged.book()

                assert mended == told
                assert (again.fills, again.entries) == (0, 0)
                assert _told(damaged) == mended
                assert again.snapshot.drift == {}


def _copied(books: Path, to: Path) -> None:
    with closing(sqlite3.connect(books)) as now, closing(sqlite3.connect(to)) as copy:
        now.backup(copy)


def _told(year: Year) -> Mapping[str, object]:
    stores = year.desk.stores
    held: Mapping[str, Decimal] = {each.asset: each.qty for each in stores.accounts.books()}
    return {
        "causes": stores.ledger.explained(None),
        "balances": stores.books.replayed_balances(),
        "held": held,
        "positions": {(each.book, each.pair): each.qty for each in stores.books.positions()},
        "short": stores.accounts.short(),
    }
