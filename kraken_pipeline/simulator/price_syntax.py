"""Prices as callers spell them: absolute, or as a distance from another price.

Source: kraken/rest.md §6, "price syntax".
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator.orders import Distance
from kraken_pipeline.simulator.params import invalid, number

_RELATIVE: Final = re.compile(r"(?P<sign>[+\-#])(?P<number>[0-9.]+)(?P<percent>%?)")


def is_relative(text: str) -> bool:
    """Tell whether a text spells a distance."""
    return _RELATIVE.fullmatch(text) is not None


def distance(text: str, name: str, *, lower: bool | None = None) -> Distance:
    """Return the distance that a text spells: `+5`, `-0.5%`, or `#5`, whose sign is `lower`'s.

    Args:
        text: as it came.
        name: of the argument.
        lower: whether `#` means a lower price; None where it means nothing.

    Raises:
        RefusedError: it spells none.
    """
    found = _RELATIVE.fullmatch(text)
    if found is None or (found["sign"] == "#" and lower is None):
        raise invalid(name)
    amount = number(found["number"], name)
    negative = lower if found["sign"] == "#" else found["sign"] == "-"
    return Distance(amount=-amount if negative else amount, percent=bool(found["percent"]))


def price(text: str, name: str, last: Decimal, tick: Decimal, *, lower: bool) -> Decimal:
    """Return the price that a text spells, quote per base.

    Args:
        text: as it came.
        name: of the argument.
        last: what a relative price is counted from.
        tick: what a relative price is rounded to.
        lower: whether `#` means a lower price than `last`.

    Raises:
        RefusedError: it spells none.
    """
    if not is_relative(text):
        return number(text, name)
    return distance(text, name, lower=lower).from_(last, tick)


def decimals(value: Decimal) -> int:
    """Return how many decimals a number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def shown(text: str, pair_decimals: int) -> str:
    """Return a price as an order's text shows it: `22000.0`, `+50.0`, `-5.0000%`."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return f"{Decimal(text):.{pair_decimals}f}"
    if found["percent"]:
        return f"{found['sign']}{Decimal(found['number']):.4f}%"
    return f"{found['sign']}{Decimal(found['number']):.{pair_decimals}f}"


def spelled(of: Distance, pair_decimals: int) -> str:
    """Return a distance as an order's text shows it."""
    if of.percent:
        return f"{of.amount:+.4f}%"
    step = Decimal(1).scaleb(-pair_decimals)
    return f"{of.amount.quantize(step, rounding=ROUND_HALF_UP):+f}"
