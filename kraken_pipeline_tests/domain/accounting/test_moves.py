"""What an event did to an asset."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline_tests.domain.accounting.lives import START, XBT


@pytest.mark.parametrize(
    ("value", "basis", "is_priced"),
    [
        (Decimal(5), Basis.PAID, True),
        (ZERO, Basis.PAID, True),
        (None, Basis.MARKET, False),
        (None, Basis.CARRIED, True),
    ],
)
def test_what_is_carried_on_needs_no_value_and_all_else_does(
    value: Decimal | None, basis: Basis, *, is_priced: bool
) -> None:
    move = AccountMove(
        move_id="L1",
        event_id="E1",
        at=START,
        cause=Cause.FLOW,
        asset=XBT,
        qty=Decimal(1),
        value=value,
        fee=ZERO,
        basis=basis,
        cost=value,
        tax_fee=ZERO,
        price_source="",
    )

    assert move.is_priced is is_priced
