"""Amounts on one grain."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.grain import GRAIN, on_grain, share, shares
from kraken_pipeline.domain.money import EXACT

AMOUNTS = st.decimals(
    min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=10, allow_nan=False
)
WEIGHTS = st.lists(st.integers(1, 10**12).map(Decimal), min_size=1, max_size=8)


@given(AMOUNTS, WEIGHTS)
def test_parts_by_weight_add_up_to_the_whole(whole: Decimal, weights: list[Decimal]) -> None:
    with localcontext(EXACT):
        parts = shares(whole, weights)

        assert sum(parts) == whole
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - whole * weight / sum(weights)) <= len(weights) * GRAIN


@given(AMOUNTS)
def test_the_part_that_is_all_takes_what_is_there_unrounded(whole: Decimal) -> None:
    finer = whole + GRAIN / 3

    assert share(finer, Decimal(7), Decimal(7)) == finer


def test_an_amount_is_put_on_the_nearest_grain() -> None:
    with localcontext(EXACT):
        assert on_grain(Decimal(2) / 3) == Decimal("0.666666666666666667")
