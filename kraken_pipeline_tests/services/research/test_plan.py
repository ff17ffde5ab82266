from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.services.research.folds import Span
from kraken_pipeline.services.research.plan import Plan, Scheme, Wanted, fold_of, planned

WANTED = Wanted(
    strategy_id="trend_core",
    timeframe="1h",
    whole=Span(since=datetime(2024, 1, 1, tzinfo=UTC), until=datetime(2024, 7, 1, tzinfo=UTC)),
    choices=("fast=5:20",),
    scheme=Scheme.WALK_FORWARD,
    folds=3,
    trials=10,
    purge_days=2,
    embargo_days=0,
    seed=1,
)


def plan(wanted: Wanted = WANTED, **changed: str) -> Plan:
    stands_on = {
        "strategy_type": "trend_core",
        "strategy_version": "1.0.0",
        "config_hash": "c" * 8,
        "data_digest": "d" * 8,
    }
    return planned(wanted, **(stands_on | changed))


def test_the_same_search_has_the_same_name_and_another_another() -> None:
    assert plan() == plan()
    assert plan().search_id.startswith("trend_core-1h-20240101-20240701-")
    assert plan(replace(WANTED, seed=2)).search_id != plan().search_id
    assert plan(replace(WANTED, trials=11)).search_id != plan().search_id


@pytest.mark.parametrize(
    "name", ["strategy_type", "strategy_version", "config_hash", "data_digest"]
)
def test_a_search_on_anything_else_has_another_name(name: str) -> None:
    other = plan(WANTED, **{name: "x"})

    assert getattr(other, name) == "x"
    assert other.search_id != plan().search_id


def test_each_scheme_divides_as_it_says() -> None:
    [only] = plan().folds[0].train
    assert only.until < plan().folds[0].test.since
    assert len(plan(replace(WANTED, scheme=Scheme.PURGED)).folds[1].train) == 2


def test_what_cannot_be_searched_is_refused_when_it_is_planned() -> None:
    with pytest.raises(InvalidValueError, match="is no choice"):
        plan(replace(WANTED, choices=("fast",)))
    with pytest.raises(InvalidValueError, match="cannot be divided"):
        plan(replace(WANTED, folds=1000))


def test_a_fold_is_found_by_its_number() -> None:
    assert fold_of(plan(), 2).number == 2
    with pytest.raises(UnknownNameError, match="has no fold 4; use one from 1 to 3"):
        fold_of(plan(), 4)
