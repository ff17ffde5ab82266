"""Asking what is wanted of each pair, so that every one is answered exactly once (STG-5)."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Snapshot, Wish, Wishes

NOTHING_KEPT: Final[Mapping[str, str]] = MappingProxyType({})

Answer = Wish | str
"""What is wanted of a pair, or why nothing is."""

Question = Callable[[int, str], Answer]
"""Asks of one pair, by its column and its name."""


def answered(
    snapshot: Snapshot,
    *,
    of_held: Question,
    of_free: Question,
    state: Mapping[str, str] = NOTHING_KEPT,
) -> Wishes:
    """Return what a strategy says of all pairs.

    Args:
        snapshot: names the pairs.
        of_held: asked of pairs that the strategy's book holds.
        of_free: asked of the others, but for those that may not be entered.
        state: what is to be saved.
    """
    wishes: list[Wish] = []
    no_signals: dict[str, str] = {}
    for at, pair in enumerate(snapshot.pairs):
        if pair in snapshot.held:
            said = of_held(at, pair)
        elif pair in snapshot.tradable:
            said = of_free(at, pair)
        else:
            said = "not tradable"
        if isinstance(said, Wish):
            wishes.append(said)
        else:
            no_signals[pair] = said
    return Wishes(wishes=tuple(wishes), no_signals=no_signals, state=state)


def short_of(at: int, *counted: tuple[str, Sequence[int] | NDArray[np.intp]]) -> str:
    """Say which data a pair is short of, or nothing.

    Args:
        at: its column.
        counted: what data it is, and how many bars each pair lacks of it; the first is said.
    """
    for name, lacking in counted:
        if lacking[at]:
            return f"no {name}: {lacking[at]} missing"
    return ""
