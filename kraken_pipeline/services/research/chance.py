"""What the same trades could have come to: in another order, drawn anew, or filled worse.

It takes the trades one after the other and reinvests, so that it is a measure of luck, not a second
backtest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies.base import Floats

DRAWS: Final = 1000
PERCENTILES: Final = (5, 25, 50, 75, 95)
AT_ONCE: Final = 200_000
"""Numbers that are held in memory for one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What came of many draws, by percentile: 50 is the middle one."""

    draws: int
    grown: Mapping[int, float]
    """The return of all trades, as a share of the equity at first."""
    fallen: Mapping[int, float]
    """The deepest fall, as a share, 0 to 1."""
    losing: float
    """Share of the draws that end below where they began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """How much worse fills may be than they were assumed to be."""

    cost: float
    """Mean extra cost of a round trip, as a share of what was put into it; each draws its own."""
    missed: float
    """Share of the trades that never happen, 0 to 1."""
    invested: Floats
    """What each trade put in, as a share of the equity then."""


def reordered(returns: Floats, *, seed: int, draws: int = DRAWS) -> Spread | None:
    """Return what another order of the same trades makes; None where there are none.

    The end is the same but for rounding; how deep it fell on the way is not.

    Args:
        returns: of each trade, what it earned as a share of the equity then, above -1.
        seed: the same one draws the same.
        draws: orders that are tried.

    Raises:
        InvalidValueError: a return is -1 or below, or is none.
    """
    chance = np.random.default_rng(seed)
    return _spread(returns, draws, lambda rows: chance.permuted(_repeated(returns, rows), axis=1))


def redrawn(returns: Floats, *, seed: int, draws: int = DRAWS) -> Spread | None:
    """Return what as many trades make that are drawn with replacement from these.

    Args:
        returns: as in `reordered`.
        seed: the same one draws the same.
        draws: samples that are tried.

    Raises:
        InvalidValueError: a return is -1 or below, or is none.
    """
    chance = np.random.default_rng(seed)
    return _spread(returns, draws, lambda rows: chance.choice(returns, (rows, len(returns))))


def filled_worse(returns: Floats, worse: Worse, *, seed: int, draws: int = DRAWS) -> Spread | None:
    """Return what the same trades make where each is filled worse by chance, and some are missed.

    Args:
        returns: as in `reordered`.
        worse: by how much.
        seed: the same one draws the same.
        draws: what is tried.

    Raises:
        InvalidValueError: a return is -1 or below, or is none.
    """
    chance = np.random.default_rng(seed)

    def drawn(rows: int) -> Floats:
        shape = rows, len(returns)
        extra = chance.exponential(worse.cost, shape) * worse.invested
        happens = chance.random(shape) >= worse.missed
        found: Floats = np.maximum(returns - extra, -1.0) * happens
        return found

    return _spread(returns, draws, drawn)


def _repeated(returns: Floats, rows: int) -> Floats:
    return np.broadcast_to(returns, (rows, len(returns))).copy()


def _spread(returns: Floats, draws: int, draw: Callable[[int], Floats]) -> Spread | None:
    if not len(returns):
        return None
    wrong = returns[~(returns > -1)]
    if len(wrong):
        raise InvalidValueError(
            f"a trade returned {wrong[0]:g} of the equity; a return is a share above -1"
        )
    ends, falls = [], []
    left = draws
    while left:
        rows = max(1, min(left, AT_ONCE // len(returns)))
        left -= rows
        path = np.cumprod(1 + draw(rows), axis=1)
        # before the first trade all is still there, which may be the highest it ever was
        peak = np.maximum.accumulate(np.maximum(path, 1.0), axis=1)
        ends.append(path[:, -1] - 1)
        falls.append(np.max(1 - path / peak, axis=1))
    return _told(np.concatenate(ends), np.concatenate(falls))


def _told(ends: Floats, falls: Floats) -> Spread:
    return Spread(
        draws=len(ends),
        grown=_percentiles(ends),
        fallen=_percentiles(falls),
        losing=float(np.mean(ends < 0)),
    )


def _percentiles(values: Floats) -> Mapping[int, float]:
    found = np.percentile(values, PERCENTILES)
    return dict(zip(PERCENTILES, found.tolist(), strict=True))
