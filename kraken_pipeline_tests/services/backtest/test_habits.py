from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.backtest import History
from kraken_pipeline.services.backtest.habits import Habits, days_needed
from kraken_pipeline_tests.services.backtest.runs import BEGUN, bars, flat
from kraken_pipeline_tests.services.paper import RULES

DAY = timedelta(days=1)
ROWS = [(10.0, 10.0, 10.0, 10.0, float(each)) for each in range(1, 21)]
DAYS = bars(*ROWS, frame="1d")


def habits(rules: UniverseRules = RULES) -> Habits:
    return Habits(History({"1d": DAYS}), rules=rules, compares=False)


def test_what_is_usual_is_the_median_of_the_days_before() -> None:
    usual = habits()(["XBTUSD"], BEGUN + 11 * DAY + timedelta(hours=5))

    assert usual["XBTUSD"].notional == Decimal("60.00")


def test_a_day_that_is_not_over_does_not_count() -> None:
    told = habits()

    first, later, next_day = (
        told(["XBTUSD"], BEGUN + 10 * DAY + timedelta(hours=each))["XBTUSD"].notional
        for each in (1, 23, 25)
    )

    assert first == later != next_day


def test_without_daily_bars_nothing_is_known_to_be_usual() -> None:
    told = Habits(History({"1h": flat(1.0, 2.0)}), rules=RULES, compares=False)

    assert told(["XBTUSD"], BEGUN) == {}


def test_as_many_days_are_read_as_the_longer_look_needs() -> None:
    assert days_needed(replace(RULES, cluster_days=10, base_currency=Asset("USD"))) == 30
    assert days_needed(replace(RULES, cluster_days=60)) == 61
