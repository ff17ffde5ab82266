"""What flowed in while nobody looked, and what became of it before somebody did."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from kraken_pipeline_tests.year.books import lived

CLOSE = Decimal("1e-4")
"""A share: a price of five minutes before is as good as one of now (PF-6)."""


def test_what_a_deposit_lost_before_it_was_seen_is_a_loss_of_the_unit(
    tmp_path: Path, empty_books: Path
) -> None:
    """PF-13: a deposit cannot hide a loss, however late the books are kept."""
    at_once = _unit_after_a_deposit(tmp_path / "now", empty_books, is_seen_at_once=True)
    later = _unit_after_a_deposit(tmp_path / "later", empty_books, is_seen_at_once=False)

    assert abs(later / at_once - 1) < CLOSE


def _unit_after_a_deposit(folder: Path, tables: Path, *, is_seen_at_once: bool) -> Decimal:
    folder.mkdir()
    with lived(folder, 4, acts_a_day=1, tables=tables) as year:
        year.actor.turn(year.actor.clock.now() + timedelta(hours=6))
        year.book()
        year.actor.play({"flow": "deposit", "asset": "XBT", "amount": "2"})
        if is_seen_at_once:
            year.book()
        year.actor.turn(year.actor.clock.now() + timedelta(hours=18))
        return year.book().snapshot.unit_price
