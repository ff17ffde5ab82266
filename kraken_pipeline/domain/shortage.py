"""How what the account has is shared by stops where the books hold more than is there. Pure.

Somebody sold by hand, bonded or staked a part, or another order holds it: a stop for the whole
would be refused, and what is there would have none (OMS-14).
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a book wants to protect of an asset, in units of it."""

    wanted: Decimal
    """Above zero."""
    stands: Decimal
    """Of that has its stop."""
    smallest: Decimal
    """The smallest stop that can be placed."""


def shares(there: Decimal, needs: Mapping[Place, Need]) -> dict[Place, Decimal]:
    """Return how much of an asset each book may have a stop for, with what stands already.

    Each gets its part by what it wants. A part too small for a stop of its own would protect
    nothing: it goes to the others, the smallest wish giving way first.

    Args:
        there: what all of these stops may sell together, in units of the asset.
        needs: by book and pair.

    Returns:
        Not rounded; together no more than is there, but for the last digit of a division.

    Source: OMS-14, INV-6.
    """
    kept = dict(needs)
    while kept:
        whole = sum(each.wanted for each in kept.values())
        parts = {
            place: min(each.wanted, there * each.wanted / whole) for place, each in kept.items()
        }
        idle = [
            place
            for place, each in kept.items()
            if not each.stands and parts[place] < each.smallest
        ]
        if not idle:
            return parts
        del kept[min(idle, key=lambda place: kept[place].wanted)]
    return {}
