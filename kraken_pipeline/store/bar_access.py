"""Parts of the bars as they are listed and opened, and what is remembered of them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_parts
from kraken_pipeline.store.bar_parts import REVISION, SCHEMA, Footer, Group, Panel, TornError
from kraken_pipeline.store.bar_shelves import GoneError, Listing, Part, Shelf

CACHED_ROWS: Final = 2_000_000
"""Rows that are kept as numbers, 52 bytes each."""
TRIES: Final = 10
"""Readings that a merge may disturb before giving up."""
EVERYTHING: Final = (*SCHEMA.names, REVISION.name)
KEYS: Final = ("pair", "opened_at", REVISION.name)
"""Columns that tell which bar a row is."""
T = TypeVar("T")


class BarAccess:
    """The parts on a shelf. Any number of processes and threads may open them."""

    def __init__(self, shelf: Shelf) -> None:
        """Take the shelf; there need not be anything yet."""
        self._shelf = shelf
        self._listings: dict[str, tuple[int, Listing]] = {}
        self._footers: dict[Part, Footer] = {}
        self._panels: OrderedDict[tuple[Part, int], Panel] = OrderedDict()
        self._guard = threading.Lock()

    def _listing(self, frame: Timeframe) -> Listing:
        state = self._shelf.state(frame)
        known = self._listings.get(frame.name)
        if known is not None and known[0] == state:
            return known[1]
        listing = self._shelf.listing(frame)
        self._listed(frame, state, listing)
        return listing

    def _listed(self, frame: Timeframe, state: int | None, listing: Listing) -> None:
        """Remember what there is, and forget what is no more."""
        before = self._listings.pop(frame.name, (0, {}))[1]
        live = {each for parts in listing.values() for each in parts}
        for part in {each for parts in before.values() for each in parts} - live:
            self._footers.pop(part, None)
        if state is not None:
            self._listings[frame.name] = state, listing

    def _parts(self, frame: Timeframe, month: str) -> tuple[Part, ...]:
        return self._listing(frame).get(month, ())

    def _tables(
        self,
        frame: Timeframe,
        parts: Iterable[Part],
        columns: Sequence[str],
        wanted: Callable[[Group], bool],
    ) -> Iterator[Any]:
        """Yield rows of the groups of some parts, oldest part first."""
        for part in parts:
            groups = self._groups(frame, part, wanted)
            if groups:
                yield self._rows(frame, part, groups=groups, columns=columns)

    def _groups(self, frame: Timeframe, part: Part, wanted: Callable[[Group], bool]) -> list[int]:
        groups = self._footer(frame, part).groups
        return [index for index, group in enumerate(groups) if wanted(group)]

    def _rows(
        self,
        frame: Timeframe,
        part: Part,
        *,
        groups: Sequence[int] | None = None,
        columns: Sequence[str] = EVERYTHING,
    ) -> Any:  # noqa: ANN401 - pyarrow ships no types
        footer = self._footer(frame, part)
        return self._looked_into(
            part, lambda file: bar_parts.rows_of(file, footer, groups=groups, columns=columns)
        )

    def _footer(self, frame: Timeframe, part: Part) -> Footer:
        found = self._footers.get(part)
        if found is None:
            found = self._looked_into(
                part,
                lambda file: bar_parts.footer_of(
                    file, part.crc, timeframe=frame.name, month=part.month
                ),
            )
            self._footers[part] = found
        return found

    def _panel(self, frame: Timeframe, part: Part, group: int) -> Panel:
        key = part, group
        with self._guard:
            if key in self._panels:
                self._panels.move_to_end(key)
                return self._panels[key]
        footer = self._footer(frame, part)
        panel = self._looked_into(part, lambda file: bar_parts.panel_of(file, footer, group))
        with self._guard:
            self._panels[key] = panel
            kept = sum(len(each.opened_at) for each in self._panels.values())
            while kept > CACHED_ROWS and len(self._panels) > 1:
                _, gone = self._panels.popitem(last=False)
                kept -= len(gone.opened_at)
        return panel

    def _looked_into(self, part: Part, look: Callable[[Any], T]) -> T:
        try:
            with self._shelf.opened(part) as file:
                return look(file)
        except TornError as error:
            raise self._shelf.torn(part, str(error)) from error

    def _undisturbed(self, frame: Timeframe, ask: Callable[[], T]) -> T:
        """Ask again while a merge takes away what was listed."""
        for _ in range(TRIES - 1):
            try:
                return ask()
            except GoneError:
                self._listings.pop(frame.name, None)
        return ask()
