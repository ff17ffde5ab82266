"""What daily bars say of a pair: its age, and how much it moves."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import Past
from kraken_pipeline.services.market.past import past_of
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.services.daily import daily

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def bars(tmp_path: Path) -> ShelvedBars:
    store = ShelvedBars(tmp_path)
    pages = [
        daily("OLDUSD", "100", "110", "100", "110", "100", now=NOW),
        daily("NEWUSD", "100", "110", "100", now=NOW),
    ]
    store.append(timeframe("1d"), pages)
    return store


def known(bars: ShelvedBars, *, days: int, volatility_days: int = 2) -> dict[str, Past]:
    return past_of(
        bars,
        ("NEWUSD", "NONEUSD", "OLDUSD"),
        now=NOW,
        days=days,
        volatility_days=volatility_days,
    )


def test_a_pair_is_as_old_as_its_first_bar_where_others_have_older_ones(
    bars: ShelvedBars,
) -> None:
    found = known(bars, days=30)

    assert (found["NEWUSD"].days, found["NEWUSD"].is_all) == (3, True)
    assert (found["OLDUSD"].days, found["OLDUSD"].is_all) == (5, False)


def test_nobody_looks_further_back_than_is_asked(bars: ShelvedBars) -> None:
    assert known(bars, days=3)["NEWUSD"] == known(bars, days=3)["OLDUSD"]


def test_nothing_is_known_of_a_pair_without_bars(bars: ShelvedBars) -> None:
    assert set(known(bars, days=30)) == {"NEWUSD", "OLDUSD"}


def test_volatility_is_the_yearly_deviation_of_daily_returns(bars: ShelvedBars) -> None:
    # two returns of +-ln 1.1 deviate by sqrt(2) ln 1.1, which is 13.479 % a day
    assert known(bars, days=30)["NEWUSD"].volatility_pct == Decimal("257.51")


def test_volatility_is_not_known_of_too_few_closes(bars: ShelvedBars) -> None:
    found = known(bars, days=30, volatility_days=3)

    assert found["NEWUSD"].volatility_pct is None
    assert found["OLDUSD"].volatility_pct is not None


def test_an_empty_store_knows_nothing(tmp_path: Path) -> None:
    assert known(ShelvedBars(tmp_path), days=30) == {}
