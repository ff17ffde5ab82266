"""Amounts of base currency on one grain, shared out so that the parts add up to the whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.money import ZERO

GRAIN: Final = Decimal("1e-18")
"""Of what is reckoned: far below any unit of Kraken's, and few enough digits that sums of years
are exact."""


def on_grain(amount: Decimal) -> Decimal:
    """Return an amount of base currency on the grain, to the nearest. Needs `EXACT`."""
    return amount.quantize(GRAIN)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return `part / of` of an amount, on the grain; all of it where the part is all.

    Whoever takes a part keeps the rest as it is: no unit is lost, whatever was rounded.
    """
    return whole if part == of else (whole * part / of).quantize(GRAIN)


def shares(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share an amount out by weights, the last taking what is left: they add up to it exactly.

    Args:
        whole: in base currency.
        weights: at least one; their sum is above zero unless there is only one.
    """
    rest, of, found = whole, sum(weights, ZERO), []
    for weight in weights[:-1]:
        found.append(share(whole, weight, of))
        rest -= found[-1]
    return [*found, rest]
