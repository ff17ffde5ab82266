"""Parameters of a strategy: taken as they are, or refused by name, value and remedy."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies import STRATEGIES

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
