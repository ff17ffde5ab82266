from decimal import Decimal

import pytest

from kraken_pipeline.domain.execution_quality import slippage_bps, was_rejected
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import State


@pytest.mark.parametrize(
    ("told", "rejected"),
    [
        ({"state": State.REJECTED}, True),
        ({"why": "Post only order"}, True),
        ({"why": "Self trade prevention"}, True),
        ({"why": "User requested"}, False),
        ({"why": ""}, False),
        ({"why": "Immediate or cancel", "time_in_force": "IOC"}, False),
        ({"why": "Post only order", "is_asked_for": True}, False),
        ({"why": "Insufficient funds", "filled": Decimal(1)}, False),
        ({"state": State.FILLED}, False),
        ({"state": State.LIVE}, False),
    ],
)
def test_rejected_is_what_the_exchange_refused_or_ended_by_itself_without_a_fill(
    told: dict[str, object], *, rejected: bool
) -> None:
    usual = {
        "state": State.CANCELED,
        "filled": ZERO,
        "time_in_force": "GTC",
        "is_asked_for": False,
        "why": "",
    }
    facts = usual | told
    state = facts.pop("state")

    assert was_rejected(state, **facts) is rejected  # type: ignore[arg-type]  # as named above


@pytest.mark.parametrize(("side", "cost", "bps"), [(Side.BUY, 202, 100), (Side.SELL, 198, 100)])
def test_worse_than_expected_is_above_zero_on_either_side(side: Side, cost: int, bps: int) -> None:
    told = {"expected": Decimal(100), "qty": Decimal(2), "cost": Decimal(cost)}

    assert slippage_bps(side, **told) == bps
