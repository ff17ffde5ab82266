"""What it takes to have a history: the fewest calls, by source, before the first is made (HIS-1).

Three sources are weighed, the cheapest first: files of candles, which cost no call; the tail of 720
candles, a call for each pair and timeframe, or none where it can be made of a shorter one that is
fetched anyway; and trades, a call for a thousand, for what no tail reaches back to.

What is stored, certified or in files of an asset's old name counts as the new one's (UNI-9).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from kraken_pipeline.domain.bars import ArchiveFile, Candles
from kraken_pipeline.domain.certificates import Stretch, joined
from kraken_pipeline.domain.errors import ExchangeError, InvalidValueError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.trade_reading import Reading
from kraken_pipeline.services.bars.completeness import Kept, Lack, kept, lacks
from kraken_pipeline.services.bars.coverage import Bars, Certificates
from kraken_pipeline.services.bars.history import TAIL
from kraken_pipeline.services.bars.planned_files import CertifiedFiles, Files, files_of
from kraken_pipeline.services.bars.rebuild import DAY, HOUR, PAGE, filled_up_to, seconds
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates, FollowedStretches

CALLS_A_SECOND: Final = 1
BURST: Final = 2
"""Calls that may leave at once."""
SAMPLE_DAYS: Final = 30
"""Oldest days whose trades are known, from which those of older days are guessed."""
_DAILY: Final = TIMEFRAMES["1d"]


class Market(Protocol):
    """What is asked of the exchange."""

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles, as many as there are."""
        ...


class Readings(Protocol):
    """Where it is noted how far the reading of a pair's trades has come."""

    def kept(self, pair: str) -> Reading | None:
        """Return what was noted last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDesk:
    """What planning needs."""

    market: Market
    bars: Bars
    certificates: Certificates
    """Of each pair under its own name, as are the bars."""
    readings: Readings
    aliases: Sequence[Alias]
    """Of whatever date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which history is to be had."""

    pairs: tuple[Pair, ...]
    frames: tuple[Timeframe, ...]
    """Shortest first."""
    since: datetime | None
    """Of the first candle; None leaves it at what tails tell."""
    prove: bool
    """Whether trades are to show why a bar is missing that another source does not have."""
    ends: Mapping[str, datetime] = field(default_factory=dict)
    """Pair to where its history ends, as it goes on under another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """A pair's newest candles on one timeframe."""

    frame: Timeframe
    first: int
    """Open time of the first that lacks, Unix seconds."""
    until: int
    made_of: str
    """The shorter timeframe that it can be made of; empty where it must be asked for."""
    stored: Stretch
    """Bars before the first that lacks, without a hole, to see whether what is made is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesRun:
    """Trades that are to be read."""

    first: int
    """Unix seconds, where a UTC day begins."""
    until: int
    trades: int
    """About how many."""
    guessed_days: int
    """Days of which the exchange does not tell any more how much traded."""

    @property
    def calls(self) -> int:
        """How many calls, about."""
        return self.trades // (PAGE - 1) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """What is done for a pair."""

    pair: Pair
    tails: tuple[Tail, ...]
    """Shortest timeframe first."""
    runs: tuple[TradesRun, ...]
    fault: str
    """Why its trades cannot be counted; empty where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done, and what it costs."""

    pairs: tuple[PairPlan, ...]
    files: tuple[ArchiveFile, ...]
    """Files of which candles are wanted."""

    @property
    def tail_calls(self) -> int:
        """Calls for tails."""
        return sum(not tail.made_of for each in self.pairs for tail in each.tails)

    @property
    def made(self) -> int:
        """Tails that are made and not asked for."""
        return sum(bool(tail.made_of) for each in self.pairs for tail in each.tails)

    @property
    def trade_calls(self) -> int:
        """Calls for trades, about."""
        return sum(run.calls for each in self.pairs for run in each.runs)

    @property
    def calls(self) -> int:
        """All calls."""
        return self.tail_calls + self.trade_calls

    @property
    def duration(self) -> timedelta:
        """How long that takes within the public limit."""
        return timedelta(seconds=fewest_seconds(self.calls))


def fewest_seconds(calls: int) -> float:
    """Return how long calls take at the least within the public limit."""
    return max(0, calls - BURST) / CALLS_A_SECOND


def plan(desk: PlanDesk, wanted: Wanted, *, now: datetime, files: Files | None = None) -> Plan:
    """Return the cheapest way to what is wanted, from what is stored and certified.

    Only where trades have to be read is the exchange asked, once a pair: how much traded each day.

    Args:
        desk: what is needed.
        wanted: which history.
        now: on the exchange's clock.
        files: candles in files, which count as if they were stored; InvalidValueError names one
            that is wrong.

    Raises:
        InvalidValueError: the first candle is not over.
        ConfigurationError: what is stored cannot be read.
    """
    if wanted.since is not None and wanted.since >= now:
        raise InvalidValueError(f"{wanted.since:%Y-%m-%d} is not over; name a day before today")
    taken = () if files is None else files_of(wanted.pairs, wanted.frames, files, desk.aliases)
    stored = {frame.name: _stored(desk, wanted, frame, taken, files) for frame in wanted.frames}
    return Plan(
        pairs=tuple(
            each
            for pair in wanted.pairs
            if (each := _of_pair(desk, pair, wanted, stored, now)).tails or each.runs or each.fault
        ),
        files=taken,
    )


def _stored(
    desk: PlanDesk,
    wanted: Wanted,
    frame: Timeframe,
    taken: Sequence[ArchiveFile],
    files: Files | None,
) -> Kept:
    """Return what there is of a timeframe, with files as if they were stored."""
    own = [each for each in taken if each.frame == frame]
    of = kept(
        FollowedStretches(desk.bars, desk.aliases),
        FollowedCertificates(desk.certificates, desk.aliases),
        frame,
        [each.name for each in wanted.pairs],
    )
    if files is None or not own:
        return of
    told = CertifiedFiles(desk.certificates, own, files)
    known = FollowedCertificates(told, desk.aliases).of(frame)
    return Kept(frame=frame, present=of.present, known=known, down=of.down)


def _of_pair(
    desk: PlanDesk, pair: Pair, wanted: Wanted, stored: Mapping[str, Kept], now: datetime
) -> PairPlan:
    tails: list[Tail] = []
    unreached: list[Stretch] = []
    for frame in wanted.frames:
        until = seconds(last_close(frame, now))
        reach = until - TAIL * frame.seconds
        first = reach if wanted.since is None else _grid(seconds(wanted.since), frame)
        until = min(until, _grid(seconds(wanted.ends.get(pair.name, now)), frame))
        lacking = _lacking(stored[frame.name], pair.name, (first, max(first, until)))
        missing = [each.stretch for each in lacking if each.is_reachable]
        unreached += [(a, min(b, reach)) for a, b in missing if a < reach]
        if wanted.prove:
            unreached += [each.stretch for each in lacking if not each.is_reachable]
        newest = [(max(a, reach), b) for a, b in missing if b > reach]
        if newest:
            present = stored[frame.name].present[pair.name]
            tails.append(_tail(frame, newest, present, tails, now))
    days = joined(_whole(each, now) for each in unreached)
    runs, fault = _runs(desk, pair, days, now) if days else ((), "")
    return PairPlan(pair=pair, tails=tuple(tails), runs=runs, fault=fault)


def _grid(moment: int, frame: Timeframe) -> int:
    """Return when the first bar opens that lies at or after a time."""
    return -(-moment // frame.seconds) * frame.seconds


def _lacking(of: Kept, pair: str, within: Stretch) -> tuple[Lack, ...]:
    own = Kept(frame=of.frame, present={pair: of.present[pair]}, known=of.known, down=of.down)
    return lacks(own, within)


def _tail(
    frame: Timeframe,
    newest: Sequence[Stretch],
    present: Sequence[Stretch],
    shorter: Sequence[Tail],
    now: datetime,
) -> Tail:
    first, until = newest[0][0], newest[-1][1]
    before = next((each for each in present if each[1] == first), (first, first))
    # the longest that reaches back far enough is the quickest to make it of
    able = (
        each.frame.name
        for each in reversed(shorter)
        if not each.made_of
        and before[0] < first
        and seconds(last_close(each.frame, now)) - TAIL * each.frame.seconds
        <= first - frame.seconds
    )
    return Tail(frame=frame, first=first, until=until, made_of=next(able, ""), stored=before)


def _whole(stretch: Stretch, now: datetime) -> Stretch:
    """Return the days that a stretch lies in; of today the hours that are over."""
    first, until = stretch
    today = seconds(now) // DAY * DAY
    size = HOUR if until > today else DAY
    return first // DAY * DAY, min(-(-until // size) * size, seconds(now) // HOUR * HOUR)


def _runs(
    desk: PlanDesk, pair: Pair, days: Sequence[Stretch], now: datetime
) -> tuple[tuple[TradesRun, ...], str]:
    try:
        told = desk.market.candles(pair, _DAILY, None)
    except (ExchangeError, InvalidValueError) as error:
        return (), f"{pair.name}: how much traded was not told: {error}"
    known = dict(zip(told.opened_at, told.trades, strict=True))
    found = tuple(_counted(desk, pair, days, known))
    return found, ""


def _counted(
    desk: PlanDesk, pair: Pair, days: Sequence[Stretch], known: Mapping[int, int]
) -> Iterator[TradesRun]:
    oldest = sorted(known)[:SAMPLE_DAYS]
    # fewer than a whole tail: the pair is younger, and nothing traded before
    is_young = len(known) < TAIL
    mean = 0 if is_young or not oldest else sum(known[at] for at in oldest) // len(oldest)
    newest = known[max(known)] if known else 0
    for first, until in days:
        begin = filled_up_to(desk.certificates, pair.name, first)
        if begin >= until:
            continue
        asked = _days(_reached(desk.readings.kept(pair.name), begin), until)
        older = [at for at in asked if oldest and at < oldest[0]]
        a_day = {at: mean if at in older else known.get(at, newest) for at in asked}
        yield TradesRun(
            first=first,
            until=until,
            trades=sum(a_day[at] * part for at, part in asked.items()) // DAY,
            guessed_days=0 if is_young else len(older),
        )


def _reached(noted: Reading | None, begin: int) -> int:
    """Return up to where trades were read that are not written yet."""
    if noted is None or not noted.goes_on_from(begin // DAY * DAY):
        return begin
    return max(begin, noted.cursor // 10**9)


def _days(begin: int, until: int) -> Mapping[int, int]:
    """Return the days of a stretch, each with how many of its seconds lie in it."""
    days = range(begin // DAY * DAY, until, DAY)
    return {at: min(at + DAY, until) - max(at, begin) for at in days}
