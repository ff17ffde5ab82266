"""What was worked out of a market lately: of single pairs, or of all pairs at once.

All at once costs little more than a few pairs, so what is there of all serves single ones too.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, Self, TypeVar

from kraken_pipeline.simulator.listing import Listing, Pair, Rows

SINGLES: Final = 2000
PANELS: Final = 3
"""Of all pairs they are large, and only those around now are asked for."""


class _Rowed(Protocol):
    def of(self, rows: Rows) -> Self: ...


Panel = TypeVar("Panel", bound=_Rowed)


class Kept(Generic[Panel]):
    """Panels by a number that stands for their time."""

    def __init__(self, listing: Listing, made: Callable[[Sequence[Pair], int], Panel]) -> None:
        """Keep what `made` works out of pairs for a number."""
        self._listing = listing
        self._made = made
        self._singles: OrderedDict[tuple[str, int], Panel] = OrderedDict()
        self._panels: OrderedDict[int, Panel] = OrderedDict()

    def of(self, pairs: Sequence[Pair], number: int) -> Panel:
        """Return the panel of one pair, or of several, for which all are worked out."""
        every = self._panels.get(number)
        if every is not None:
            return every.of(self._listing.rows(pairs))
        if len(pairs) == 1:
            return self._single(pairs, number)
        every = self._panels[number] = self._made(self._listing.pairs, number)
        if len(self._panels) > PANELS:
            self._panels.popitem(last=False)
        return every.of(self._listing.rows(pairs))

    def _single(self, pairs: Sequence[Pair], number: int) -> Panel:
        key = pairs[0].key, number
        found = self._singles.get(key)
        if found is None:
            found = self._singles[key] = self._made(pairs, number)
            if len(self._singles) > SINGLES:
                self._singles.popitem(last=False)
        return found
