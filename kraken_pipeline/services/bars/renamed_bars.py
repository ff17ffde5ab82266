"""Bars of an asset as one history, whatever the asset was called when they closed (UNI-9)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from kraken_pipeline.domain.bars import Admitted, Candles, MonthReport
from kraken_pipeline.domain.renames import Alias, in_force
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.strategies.base import COLUMNS, Bars

_FAR: datetime = datetime.max.replace(tzinfo=UTC)


class FollowedBars:
    """A store of bars in which a pair begins where the pair of its asset's old name began.

    Before an alias counts, and where the new pair has no bar of its own, the bars of the old pair
    stand: prices divided by the ratio, volume multiplied by it. Nothing is written anew, so what
    was decided on the old name can still be read under it.
    """

    def __init__(self, bars: BarStore, aliases: Sequence[Alias]) -> None:
        """Read through to a store, with the aliases that there are, of whatever date."""
        self._bars = bars
        self._former: dict[str, list[Alias]] = {}
        for each in in_force(aliases, _FAR).values():
            self._former.setdefault(each.new, []).append(each)

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`."""
        found = self._bars.read(frame, pairs, closed_by=closed_by, count=count)
        is_short = len(found.opened_at) < count
        has_hole = np.isnan(found.close).any(axis=0)
        lacking = {
            found.pairs[at]: some
            for at in np.flatnonzero(has_hole | is_short)
            if (some := self._former_names(found.pairs[at]))
        }
        stored = self._bars.newest(frame) if lacking else {}
        former = {
            pair: [each for each in some if each[0] in stored] for pair, some in lacking.items()
        }
        names = {name for some in former.values() for name, _ in some}
        if not names:
            return found
        together = [*pairs, *sorted(names - set(pairs))]
        whole = self._bars.read(frame, together, closed_by=closed_by, count=count)
        return _joined(whole, found.pairs, former)

    def append(self, frame: Timeframe, pages: Iterable[Candles]) -> int:
        """Add what is new and return how many rows that were; what is there stays as it is."""
        return self._bars.append(frame, pages)

    def append_all(self, told: Mapping[Timeframe, Sequence[Candles]]) -> Mapping[Timeframe, int]:
        """Append to several timeframes at once; what an error leaves of each is there or not."""
        return self._bars.append_all(told)

    def revise(self, frame: Timeframe, pages: Iterable[Candles]) -> Mapping[str, Admitted]:
        """Add what is new, and what is told differently as the next revision of its bar."""
        return self._bars.revise(frame, pages)

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        return self._bars.newest(frame)

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then."""
        return self._bars.closes(frame, closed_at)

    def revisions(
        self, frame: Timeframe, *, first: datetime, last: datetime
    ) -> Mapping[str, Mapping[datetime, int]]:
        """Return of each pair the bars that were told anew, by open time, and how often."""
        return self._bars.revisions(frame, first=first, last=last)

    def report(
        self, frame: Timeframe, month: str, *, now: datetime, since: datetime | None = None
    ) -> MonthReport:
        """Return what is stored of a UTC month (`YYYY-MM-01`); faults among bars from `since`."""
        return self._bars.report(frame, month, now=now, since=since)

    def _former_names(self, pair: str) -> list[tuple[str, Alias]]:
        """Return how a pair was called before: the quote stays, the base had another name."""
        return [
            (f"{alias.old}{pair[len(new) :]}", alias)
            for new, some in self._former.items()
            if pair.startswith(new)
            for alias in some
        ]


def _joined(
    whole: Bars, pairs: tuple[str, ...], former: Mapping[str, Sequence[tuple[str, Alias]]]
) -> Bars:
    """Return the columns of some pairs, what they lack filled from how they were called before."""
    closed_at = whole.opened_at + whole.frame.seconds
    column = {pair: at for at, pair in enumerate(whole.pairs)}
    columns = {name: np.array(whole.column(name)) for name in COLUMNS}
    for pair, names in former.items():
        for name, alias in names:
            is_missing = np.isnan(columns["close"][:, column[pair]])
            rows = is_missing & (closed_at <= alias.since.timestamp())
            ratio = float(alias.ratio)
            for part, values in columns.items():
                told = whole.column(part)[rows, column[name]]
                values[rows, column[pair]] = told * ratio if part == "volume" else told / ratio
    wanted = [column[pair] for pair in pairs]
    return Bars(
        frame=whole.frame,
        pairs=pairs,
        opened_at=whole.opened_at,
        **{name: values[:, wanted] for name, values in columns.items()},
    )
