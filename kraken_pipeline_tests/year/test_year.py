"""Small years of the kind that the benchmark lives whole: lives of any seed, length and bustle."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.fold import folded
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.year.books import USD, Year, lived


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(1, 10_000),
    days=st.integers(1, 3),
    acts_a_day=st.integers(0, 25),
    base_currency=st.sampled_from([USD, Asset("EUR"), Asset("XBT")]),
)
@example(seed=1, days=4, acts_a_day=20, base_currency=USD)
@example(seed=7, days=2, acts_a_day=20, base_currency=Asset("XBT"))
def test_whatever_an_account_lives_through_its_books_are_the_exchanges_every_day(
    seed: int, days: int, acts_a_day: int, base_currency: Asset, empty_books: Path
) -> None:
    """P-1, P-2: to the last unit in every bucket; all is explained, and no flow is a profit."""
    with (
        tempfile.TemporaryDirectory() as folder,
        lived(
            Path(folder),
            seed,
            acts_a_day=acts_a_day,
            tables=empty_books,
            base_currency=base_currency,
        ) as year,
    ):
        year.live(days)
        if base_currency == USD:
            _sold(year)

        assert year.wrong == []


def _sold(year: Year) -> None:
    """Sell everything; what came of it is the same by all methods, in both views."""
    results = year.end()
    # day by day it is booked as all at once
    kept = {each.asset: each for each in year.desk.stores.accounts.books()}
    anew, _ = folded(year.moves(), Method.WAC, USD)

    assert len({each.realised + each.income - each.fees for each in results.values()}) == 1
    assert len({each.taxed + each.income - each.expensed for each in results.values()}) == 1
    assert {each.asset: each for each in anew} == kept
