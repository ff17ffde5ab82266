"""Where a buy is proven wrong, as the share of the price that a wish names."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])
"""Of one pair, or of every pair."""


def stop_at(price: Number, *, close: Number) -> Number:
    """Return the distance of a stop that stands at a price.

    Args:
        price: in quote per base, below the close.
        close: of the bar that is decided, in quote per base.
    """
    return 1 - price / close


def stop_of_ranges(atr: Number, *, multiple: float, close: Number) -> Number:
    """Return the distance of a stop that stands some average true ranges below the close.

    Args:
        atr: average true range, in quote per base.
        multiple: how many of them.
        close: of the bar that is decided, in quote per base.
    """
    return multiple * atr / close


def no_stop(distance: float) -> str:
    """Say that a distance makes no stop that an order could have, or nothing."""
    return "" if 0 < distance < 1 else f"no stop: {distance:.6f} is not within 0..1"
