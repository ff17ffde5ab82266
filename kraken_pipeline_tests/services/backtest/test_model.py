from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.services.backtest.model import (
    FeeSchedule,
    FeeStep,
    FeeTier,
    FillModel,
    Traded,
    fee_of,
)
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR

DEAR = FeeRates(maker_pct=Decimal("0.4"), taker_pct=Decimal("0.8"))
CHEAP = FeeRates(maker_pct=Decimal("0.1"), taker_pct=Decimal("0.2"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency": timedelta(seconds=-1)},
        {"spread_bps": Decimal(-1)},
        {"slippage_bps": Decimal(1001)},
        {"volume_share": Decimal(0)},
        {"volume_share": Decimal("1.1")},
    ],
)
def test_a_model_that_cannot_be_is_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match=next(iter(wrong))):
        replace(FillModel(), **wrong)  # type: ignore[arg-type]  # the point of it


def test_fees_are_those_of_the_day() -> None:
    fees = FeeSchedule(
        steps=(FeeStep(since=BEGUN, rates=DEAR), FeeStep(since=BEGUN + HOUR, rates=CHEAP)),
    )

    assert [fees.at(BEGUN + each * HOUR) for each in (-1, 0, 1)] == [DEAR, DEAR, CHEAP]


def test_fees_fall_with_what_was_traded_in_thirty_days() -> None:
    tier = FeeTier(volume=Decimal(1000), rates=CHEAP)
    fees = FeeSchedule(steps=(FeeStep(since=BEGUN, rates=DEAR, tiers=(tier,)),))
    traded = Traded()
    traded.add(BEGUN, Decimal(600))
    traded.add(BEGUN + HOUR, Decimal(400))

    assert fees.at(BEGUN + HOUR, traded.at(BEGUN + HOUR)) is CHEAP
    assert fees.at(BEGUN + HOUR, Decimal(999)) is DEAR
    assert traded.at(BEGUN + 30 * 24 * HOUR) == 400


def test_of_a_schedule_a_stretch_keeps_what_is_in_force_in_it() -> None:
    steps = [FeeStep(since=BEGUN + each * HOUR, rates=DEAR, source=f"s{each}") for each in range(4)]
    fees = FeeSchedule(steps=steps)

    assert fees.within(BEGUN + 1.5 * HOUR, BEGUN + 2.5 * HOUR).source == "s1; s2"
    assert fees.within(BEGUN - 2 * HOUR, BEGUN - HOUR).source == "s0"
    assert fees.within(BEGUN + 9 * HOUR, BEGUN + 10 * HOUR).source == "s3"
    assert fees.within(BEGUN + HOUR, BEGUN + 2 * HOUR).source == "s1; s2"


def test_a_schedule_without_steps_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="needs steps"):
        FeeSchedule(steps=())


@given(cost=st.decimals(0, 10**9, places=5), is_maker=st.booleans())
def test_a_fee_is_a_share_of_the_cost_to_the_next_step(cost: Decimal, is_maker: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    fee = fee_of(cost, DEAR, is_maker=is_maker, decimals=5)

    exact = cost * (DEAR.maker_pct if is_maker else DEAR.taker_pct) / 100
    assert abs(fee - exact) <= Decimal("0.000005")
    assert fee == round(fee, 5)
