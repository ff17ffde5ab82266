"""Parameters of a strategy: taken as they are, or refused by name, value and remedy."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Self

import pytest
from pydantic import Field, model_validator

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.parameters import Number, Parameters, checked

TREND = STRATEGIES["trend_core"]


def test_nothing_given_gives_the_defaults() -> None:
    assert TREND.parameters({}) == {
        "profile": "balanced",
        "min_strength_bps": 10.0,
        "daily_filter": True,
        "atr_bars": 20,
        "stop_atr_multiple": 2.0,
    }


def test_what_was_checked_may_be_checked_again() -> None:
    once = TREND.parameters({"profile": "aggressive", "min_strength_bps": Decimal("12.5")})

    assert TREND.parameters(once) == once


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"profile": "bold"}, "profile is 'bold': use one of conservative, balanced, aggressive"),
        ({"profile": 1}, "profile is 1: use one of"),
        ({"profil": "balanced"}, "no parameter 'profil': did you mean profile"),
        ({"leverage": 5}, "no parameter 'leverage': use one of profile"),
        ({"min_strength_bps": 0}, "min_strength_bps is 0: use a number above 0 and at most 1000"),
        ({"min_strength_bps": -1}, "min_strength_bps is -1"),
        ({"min_strength_bps": float("nan")}, "min_strength_bps is nan"),
        ({"min_strength_bps": Decimal("Infinity")}, "min_strength_bps is Infinity"),
        ({"min_strength_bps": "10"}, "min_strength_bps is '10': use a number"),
        ({"min_strength_bps": True}, "min_strength_bps is True: use a number"),
        ({"daily_filter": "no"}, "daily_filter is 'no': use true or false"),
        ({"daily_filter": 0}, "daily_filter is 0: use true or false"),
        ({"atr_bars": 1}, "atr_bars is 1: use a whole number from 2 to 200"),
        ({"atr_bars": 20.5}, "atr_bars is 20.5: use a whole number"),
        (
            {"stop_atr_multiple": 100},
            "stop_atr_multiple is 100: use a number above 0 and at most 20",
        ),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        TREND.parameters(given)


class Rotation(Parameters):
    targets: Mapping[str, Number] = Field(default_factory=dict)
    enter: Number = Field(default=2, ge=0)
    leave: Number = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.leave > self.enter:
            raise ValueError(f"leave={self.leave} is above enter={self.enter}: lower it")
        return self


class Nothing(Parameters):
    pass


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": {"XBTUSD": "x"}}, "parameter targets.XBTUSD is 'x': use "),
        ({"targets": 3}, "parameter targets is 3: use "),
        ({"enter": -1}, "parameter enter is -1: use a number at least 0"),
        ({"enter": 1, "leave": 2}, "parameters: .*leave=2.0 is above enter=1.0: lower it"),
    ],
)
def test_what_a_model_of_ones_own_refuses_is_named_too(
    given: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        checked(Rotation, given)


def test_a_strategy_without_parameters_says_so() -> None:
    with pytest.raises(InvalidValueError, match="no parameter 'x': the strategy has none"):
        checked(Nothing, {"x": 1})


def test_exact_numbers_of_the_configuration_become_floats_also_below() -> None:
    found = checked(Rotation, {"targets": {"XBTUSD": Decimal("0.5")}})

    assert found.targets == {"XBTUSD": 0.5}
