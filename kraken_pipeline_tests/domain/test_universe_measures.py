"""What each filter says of what we measured ourselves, with its figures."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.universe_filters import Kin, Nearby, Past, Verdict
from kraken_pipeline_tests.domain.test_universe_filters import RULES, asked

NEARBY = Nearby(
    within_bps=50,
    bids=Decimal(100),
    asks=Decimal(500),
    read_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("code", "bound", "known", "found"),
    [
        (
            "TOO_YOUNG",
            {"min_age_days": 30},
            {"past": Past(days=29, is_all=True, volatility_pct=None)},
            "days=29",
        ),
        (
            "VOLATILITY",
            {"max_volatility_pct": Decimal(50)},
            {"past": Past(days=29, is_all=True, volatility_pct=Decimal(51))},
            "volatility_pct=51",
        ),
        (
            "LOSING",
            {"max_loss": Decimal(5)},
            {"realised": Decimal("-5.01")},
            "realised=-5.01, days=30",
        ),
        (
            "THIN_BOOK",
            {"min_depth": Decimal(101)},
            {"nearby": NEARBY},
            "bids=100, asks=500, within_bps=50, read_at=2026-03-01 12:00",
        ),
        (
            "CLUSTER",
            {"max_per_cluster": 2},
            {"kin": Kin(leader="ETHUSD", rank=3, correlation=Decimal("0.97"))},
            "cluster=ETHUSD, rank=3, correlation=0.97",
        ),
        (
            "VOLATILITY",
            {"min_volatility_pct": Decimal(52)},
            {"past": Past(days=29, is_all=True, volatility_pct=Decimal(51))},
            "volatility_pct=51",
        ),
    ],
)
def test_each_filter_fails_with_its_figures_and_is_off_without_its_bound(
    code: str, bound: dict[str, object], known: dict[str, object], found: str
) -> None:
    bounded = replace(RULES, **bound)  # type: ignore[arg-type]  # refused when it runs
    failed = asked(code, rules=bounded, **known)

    assert (failed.verdict, failed.found) == (Verdict.FAILED, found)
    assert failed.asked
    assert asked(code, rules=RULES, **known).verdict is Verdict.OFF


def test_a_pair_whose_bars_begin_with_all_others_may_be_older_than_they_show() -> None:
    rules = replace(RULES, min_age_days=30)
    past = Past(days=10, is_all=False, volatility_pct=None)

    assert asked("TOO_YOUNG", rules=rules, past=past).verdict is Verdict.UNKNOWN
