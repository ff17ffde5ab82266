"""Some days of the year that the benchmark lives whole, under three seeds."""

from pathlib import Path

import pytest

from kraken_pipeline.domain.accounting.fold import folded
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.year.books import USD, lived

DAYS = 4
ACTS = 20


@pytest.mark.parametrize("seed", range(1, 4))
def test_whatever_an_account_lives_through_its_books_are_the_exchanges_every_day(
    seed: int, tmp_path: Path, empty_books: Path
) -> None:
    """To the last unit in every bucket; nothing is unexplained, and no flow is a profit."""
    with lived(tmp_path, seed, acts_a_day=ACTS, tables=empty_books) as year:
        year.live(DAYS)
        results = year.end()
        # day by day it is booked as all at once
        kept = {each.asset: each for each in year.desk.stores.accounts.books()}
        anew, _ = folded(year.moves(), Method.WAC, USD)

        assert year.wrong == []
        assert year.flows_tried
        assert len({each.realised + each.income - each.fees for each in results.values()}) == 1
        assert len({each.taxed + each.income - each.expensed for each in results.values()}) == 1
        assert {each.asset: each for each in anew} == kept
        assert year.actor.done["order"] > DAYS * ACTS // 4


@pytest.mark.parametrize("base_currency", ["EUR", "XBT"])
def test_in_another_base_currency_equity_is_explained_to_the_last_digit(
    base_currency: str, tmp_path: Path, empty_books: Path
) -> None:
    base = Asset(base_currency)
    with lived(tmp_path, 7, acts_a_day=ACTS, tables=empty_books, base_currency=base) as year:
        year.live(2)

        assert year.wrong == []
