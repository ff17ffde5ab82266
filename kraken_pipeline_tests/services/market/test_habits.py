"""What is usual of a pair, from its stored days."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.market.habits import habits_of
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.services.daily import daily
from kraken_pipeline_tests.services.paper import RULES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLOSES = {
    "BIGUSD": ("900", "110", "99", "120", "118", "130", "100"),
    "TWINUSD": ("90", "11", "9.9", "12", "11.8", "13", "10"),
    "YOUNGUSD": ("5", "6", "5"),
}
THIS = replace(RULES, cluster_days=6)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> ShelvedBars:
    store = ShelvedBars(Path(tmp_path_factory.mktemp("bars")))
    pages = [daily(name, *closes, now=NOW) for name, closes in CLOSES.items()]
    store.append(timeframe("1d"), pages)
    return store


def found(bars: ShelvedBars, *, compares: bool) -> dict[str, Habit]:
    return habits_of(bars, [*CLOSES, "NEVERUSD"], NOW, rules=THIS, compares=compares)


def test_what_usually_trades_is_the_median_of_the_days(bars: ShelvedBars) -> None:
    habits = found(bars, compares=False)

    assert habits["BIGUSD"] == Habit(notional=Decimal("118.00"), leader=None)


def test_of_too_few_days_nothing_is_usual(bars: ShelvedBars) -> None:
    habits = found(bars, compares=False)

    assert habits["YOUNGUSD"].notional is None
    assert habits["NEVERUSD"].notional is None


def test_pairs_of_more_and_of_fewer_days_have_a_median_each(tmp_path: Path) -> None:
    store = ShelvedBars(tmp_path)
    days = {"AUSD": "5 1 9 3 7 2 8", "BUSD": "5 1 9 3 7 2 8 6", "CUSD": "5 1 9 3 7 2 8 6 4"}
    pages = [daily(name, *closes.split(), now=NOW) for name, closes in days.items()]
    store.append(timeframe("1d"), pages)

    habits = habits_of(store, days, NOW, rules=THIS, compares=False)

    told = {name: str(each.notional) for name, each in habits.items()}
    assert told == {"AUSD": "5.00", "BUSD": "5.50", "CUSD": "5.00"}


def test_what_moves_as_one_has_one_leader_where_that_matters(bars: ShelvedBars) -> None:
    habits = found(bars, compares=True)

    assert {name: each.leader for name, each in habits.items()} == {
        "BIGUSD": "BIGUSD",
        "TWINUSD": "BIGUSD",
        "YOUNGUSD": None,
        "NEVERUSD": None,
    }
