from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.tolerance import Tolerance

USUAL = Tolerance(amount=Decimal(1), share=Decimal("0.001"))


@pytest.mark.parametrize(
    ("worth", "equity", "is_grave"),
    [
        ("1", "100", False),
        ("1.00000001", "100", True),
        ("10", "10000", False),
        ("10.01", "10000", True),
        (None, "10000", True),
        ("0.01", "0", False),
    ],
)
def test_the_larger_bound_decides_and_what_has_no_price_is_grave(
    worth: str | None, equity: str, *, is_grave: bool
) -> None:
    told = None if worth is None else Decimal(worth)

    assert USUAL.is_grave(told, Decimal(equity)) is is_grave


def test_without_bounds_the_last_place_is_grave() -> None:
    assert Tolerance().is_grave(Decimal("0.00000001"), Decimal(1_000_000))
