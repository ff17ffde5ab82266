"""The strategies as the configuration has them."""

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Settings
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.wiring.configured import (
    asked_strategies,
    configured,
    configured_strategies,
    stage_of,
)


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


def test_a_strategy_of_another_name_follows_the_rules_of_its_type() -> None:
    told = settings(
        strategies={
            "enabled": ["mine"],
            "configs": {"mine": {"type": "trend_core", "timeframes": ["1h"], "userref": 7}},
        }
    )

    [mine] = configured_strategies(told)

    assert (mine.strategy_id, mine.strategy.name) == ("mine", "trend_core")
    assert (mine.timeframes, mine.userref) == (("1h",), 7)


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_every_strategy_of_ours_runs_with_nothing_configured_but_its_name(name: str) -> None:
    [found] = configured_strategies(settings(strategies={"enabled": [name]}))

    assert found.strategy is STRATEGIES[name]
    assert found.timeframes == found.strategy.timeframes


def test_a_strategy_that_is_switched_off_is_not_checked_and_does_not_run() -> None:
    told = settings(
        strategies={
            "enabled": ["trend_core"],
            "configs": {"trend_core": {"enabled": False, "params": {"nonsense": 1}}},
        }
    )

    assert configured_strategies(told) == ()


def test_a_type_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="use one of trend_core"):
        configured_strategies(settings(strategies={"enabled": ["momentum"]}))


def test_a_strategy_of_which_nothing_is_said_is_on_paper() -> None:
    assert stage_of(Settings(), "trend_core") == "paper"
    assert stage_of(Settings(), "never heard of") == "paper"


def test_who_is_in_research_is_configured_and_not_asked() -> None:
    told = settings(strategies={"configs": {"trend_core": {"stage": "research"}}})

    assert [each.strategy_id for each in configured_strategies(told)] == ["trend_core"]
    assert asked_strategies(told) == ()


def test_a_strategy_that_is_not_enabled_is_configured_all_the_same() -> None:
    assert configured(Settings(), "rs_rotation").strategy is STRATEGIES["rs_rotation"]


def test_one_that_would_never_be_asked_is_refused_with_its_timeframes() -> None:
    told = settings(strategies={"configs": {"rs_rotation": {"timeframes": ["1h", "1d"]}}})

    said = "timeframes names 1h, 1d, and rs_rotation decides on 4h: name one of those"
    with pytest.raises(ConfigurationError, match=said):
        configured(told, "rs_rotation")
