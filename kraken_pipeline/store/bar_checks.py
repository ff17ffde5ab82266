"""The bars' store as it is looked after: every byte verified, and what is damaged taken out."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kraken_pipeline.domain.bars import Damage, Verified
from kraken_pipeline.domain.certificates import Stretch
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_tables
from kraken_pipeline.store.bar_access import KEYS
from kraken_pipeline.store.bar_shelves import Part
from kraken_pipeline.store.bars import GROUPS_AT_ONCE, ShelvedBars


class KeptBarStore(ShelvedBars):
    """The same bars on the same shelf, for whoever looks after them."""

    def verify(self, frame: Timeframe) -> Verified:
        """Read every byte of a timeframe, and tell what is not as it was written."""
        try:
            months = list(self._shelf.listing(frame))
        except ConfigurationError as error:
            damage = Damage(timeframe=frame.name, month="", part="", why=str(error))
            return Verified(timeframe=frame.name, damages=(damage,))
        found: list[Verified] = []
        for month in months:
            found += self._undisturbed(frame, partial(self._month, frame, month))
        return Verified(
            timeframe=frame.name,
            parts=sum(each.parts for each in found),
            rows=sum(each.rows for each in found),
            revised=sum(each.revised for each in found),
            damages=tuple(damage for each in found for damage in each.damages),
        )

    def sound(self, frame: Timeframe, month: str) -> Mapping[str, tuple[Stretch, ...]]:
        """Return where each pair has bars without a hole in what is sound of a month (`YYYY-MM`).

        Raises:
            ConfigurationError: the list of the parts is damaged.
        """
        parts = [
            each for each in self._parts(frame, month) if not self._examined(frame, each).damages
        ]
        keys = bar_tables.keys_of(list(self._tables(frame, parts, KEYS, lambda _: True)))
        found: dict[str, tuple[Stretch, ...]] = {}
        for pair, stretch in bar_tables.stretches(frame, keys):
            found[pair] = (*found.get(pair, ()), stretch)
        return found

    def take_out(self, frame: Timeframe, month: str) -> int:
        """Take the damaged parts of a month (`YYYY-MM`) out, and return how many those were.

        What is left is numbered without a hole, so that it counts as whole again.

        Raises:
            ConfigurationError: the list of the parts is damaged.
        """
        with self._writing(frame) as turn:
            damaged = [each for each in turn.parts(month) if self._examined(frame, each).damages]
            turn.take_out(month, damaged)
            before = 0
            for each in turn.parts(month):
                if each.first > before + 1:
                    turn.widen(month, each, self._rows(frame, each), first=before + 1)
                before = each.last
        return len(damaged)

    def _month(self, frame: Timeframe, month: str) -> list[Verified]:
        parts = self._parts(frame, month)
        holes = Verified(timeframe=frame.name, damages=tuple(_holes(frame, month, parts)))
        return [holes, *(self._examined(frame, each) for each in parts)]

    def _examined(self, frame: Timeframe, part: Part) -> Verified:
        """Read every byte of a part, which tells the checksum of each in its footer."""
        # what was read of it before does not count
        self._footers.pop(part, None)
        rows = revised = 0
        try:
            for table in self._some_rows(frame, part):
                rows += table.num_rows
                revised += int((bar_tables.revisions_of(table) > 0).sum())
        except ConfigurationError as error:
            name = part.place.name if isinstance(part.place, Path) else str(part.place)
            damage = Damage(timeframe=frame.name, month=part.month, part=name, why=str(error))
            return Verified(timeframe=frame.name, parts=1, damages=(damage,))
        return Verified(timeframe=frame.name, parts=1, rows=rows, revised=revised)

    def _some_rows(self, frame: Timeframe, part: Part) -> Iterator[Any]:
        groups = range(len(self._footer(frame, part).groups))
        for start in range(0, len(groups), GROUPS_AT_ONCE):
            some = groups[start : start + GROUPS_AT_ONCE]
            yield self._rows(frame, part, groups=some, columns=KEYS)


def _holes(frame: Timeframe, month: str, parts: Sequence[Part]) -> Iterator[Damage]:
    """Yield what was appended and is there no more: appends are counted."""
    before = 0
    for part in parts:
        if part.first > before + 1:
            yield Damage(
                timeframe=frame.name,
                month=month,
                part="",
                why=f"what was appended before {part.place} is gone: numbers {before + 1} to "
                f"{part.first - 1}",
            )
        before = part.last
