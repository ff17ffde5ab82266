from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from kraken_pipeline.settings import Settings

TIER = {"maker_pct": "0.25", "taker_pct": "0.4"}
LADDER = {"since": "2024-01-01", "source": "a saved page", "tiers": [TIER]}


def given(ladders: object) -> Settings:
    return Settings.model_validate({"fees": {"ladders": ladders}})


@pytest.mark.parametrize("since", ["2024-01-01", date(2024, 1, 1)])
def test_a_ladder_of_fees_is_read(since: object) -> None:
    [ladder] = given([LADDER | {"since": since}]).fees.ladders

    assert (ladder.since, ladder.tiers[0].volume_usd) == ("2024-01-01", Decimal(0))


@pytest.mark.parametrize(
    "wrong",
    [
        [LADDER, LADDER],
        [LADDER, LADDER | {"since": "2023-01-01"}],
        [LADDER | {"tiers": []}],
        [LADDER | {"tiers": [TIER | {"volume_usd": 5}]}],
        [LADDER | {"tiers": [TIER, TIER]}],
        [LADDER | {"source": ""}],
        [LADDER | {"since": "January"}],
    ],
)
def test_ladders_of_fees_out_of_order_are_refused(wrong: list[object]) -> None:
    with pytest.raises(ValidationError):
        given(wrong)
