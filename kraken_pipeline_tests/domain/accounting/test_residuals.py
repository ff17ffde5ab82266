"""PF-2: what a trade says beyond what the ledger booked is kept, to the last unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.residuals import Residual, residual_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline_tests.domain.accounting.rows import row, trade

AMOUNTS = st.decimals(min_value="0.00001", max_value=10**9, places=8)


@given(side=st.sampled_from(Side), qty=AMOUNTS, cost=AMOUNTS, fee=AMOUNTS)
def test_trade_and_residual_add_up_to_what_was_booked(
    side: Side, qty: Decimal, cost: Decimal, fee: Decimal
) -> None:
    sign = 1 if side is Side.BUY else -1
    booked = [
        row("L1", "trade", str(sign * 2), "XXBT"),
        row("L2", "trade", str(-sign * 7), fee="3"),
    ]

    left = residual_of(trade("T1", side, str(qty), str(cost), str(fee)), booked)

    assert (qty + left.base, cost + left.quote) == (Decimal(2), Decimal(7))
    assert left.fee == 3 - fee


@pytest.mark.parametrize("fee_at", ["L1", "L3"])
def test_a_fee_in_another_asset_has_no_residual_in_quote(fee_at: str) -> None:
    booked = [
        row("L1", "trade", "0.1", "XXBT", fee="0.0001" if fee_at == "L1" else "0"),
        row("L2", "trade", "-5"),
        row("L3", "trade", "0", "KFEE", fee="9" if fee_at == "L3" else "0"),
    ]

    left = residual_of(trade("T1", Side.BUY, "0.1", "5", "0.01"), booked)

    assert left == Residual(trade_id="T1", base=Decimal(0), quote=Decimal(0), fee=None)
    assert left.is_none


def test_a_side_without_a_row_was_booked_as_nothing() -> None:
    left = residual_of(
        trade("T1", Side.SELL, "0.00001", "0.000006"), [row("L1", "trade", "-0.00001", "XXBT")]
    )

    assert left.quote == Decimal("-0.000006")
    assert not left.is_none
