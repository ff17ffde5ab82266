"""Which pairs may be traded at an instant of a run: the universe that was in force then (UNI-5)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest.kept import KeptBooks
from kraken_pipeline.services.backtest.kept_orders import KeptOrders


class Universes:
    """The versions of a run's stretch, each in force from when it was read until the next.

    What the run itself holds or has on order stays managed after its pair has left, as in life:
    what life held then is not what the run holds (UNI-6).
    """

    def __init__(self, versions: Sequence[Universe], books: KeptBooks, orders: KeptOrders) -> None:
        """Take the versions.

        Args:
            versions: oldest first; what was before the first is taken to be as the first.
            books: of the run.
            orders: of the run.
        """
        self._versions = versions
        self._begins = [each.at for each in versions]
        self._books = books
        self._orders = orders
        self._pairs = {each.name: each for each in pairs_of(versions)}
        self._leaving: dict[tuple[int, tuple[str, ...]], Universe] = {}
        """What was made of a version by what did not leave with it."""

    def at(self, moment: datetime) -> Universe:
        """Return the universe in force at an instant."""
        if len(self._versions) == 1:
            return self._versions[0]
        number = self._number(moment)
        found = self._versions[number]
        managed = {each.name for each in found.managed}
        stays = tuple(sorted(self._in_use() - managed))
        if not stays:
            return found
        place = number, stays
        if place not in self._leaving:
            self._leaving[place] = replace(
                found,
                version=f"{found.version}:{digest(stays)[:8]}",
                leaving=(*found.leaving, *(self._pairs[name] for name in stays)),
            )
        return self._leaving[place]

    def between(self, since: datetime, until: datetime) -> tuple[Universe, ...]:
        """Return the versions that were in force at any time of a stretch, oldest first."""
        return tuple(self._versions[self._number(since) : self._number(until) + 1])

    def _number(self, moment: datetime) -> int:
        return max(bisect_right(self._begins, moment) - 1, 0)

    def _in_use(self) -> set[str]:
        held = {pair for _, pair in self._books.held()}
        return held | {each.pair for each in self._orders.reserving()}


def pairs_of(versions: Sequence[Universe]) -> tuple[Pair, ...]:
    """Return every pair that versions manage, with the order rules that it had at first."""
    found: dict[str, Pair] = {}
    for version in versions:
        for pair in version.managed:
            found.setdefault(pair.name, pair)
    return tuple(found.values())


def managed_within(
    versions: Sequence[Universe], until: datetime
) -> dict[str, tuple[datetime, datetime]]:
    """Return from when until when each pair was managed.

    Args:
        versions: oldest first; what the first manages was so since ever.
        until: when the last one ends.
    """
    found: dict[str, tuple[datetime, datetime]] = {}
    ends = [each.at for each in versions[1:]] + [until]
    begins = [EPOCH] + [each.at for each in versions[1:]]
    for version, begin, end in zip(versions, begins, ends, strict=True):
        for pair in version.managed:
            begun = found[pair.name][0] if pair.name in found else begin
            found[pair.name] = begun, end
    return found


def survivorship(universe: Universe, since: datetime) -> str:
    """Say where the pairs were chosen later than the run begins (UNI-5)."""
    if universe.at <= since:
        return ""
    return f"no universe of then is kept: the pairs are those of {universe.at:%F}, which lived on"
