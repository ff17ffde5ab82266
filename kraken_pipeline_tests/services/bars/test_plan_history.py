"""The cheapest way to a history, with a real store."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from kraken_pipeline.domain.bars import ArchiveFile, Candles
from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.errors import InvalidValueError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.trade_reading import Reading
from kraken_pipeline.services.bars.plan_history import Plan, PlanDesk, Wanted, plan
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import ReadingFiles
from kraken_pipeline_tests.builders import pair as built

XBTUSD = built()
NOW = datetime(2026, 3, 1, 15, 30, 20, tzinfo=UTC)
A_DAY = 5000
"""Trades."""


def quiet(frame: Timeframe, first: int, until: int) -> Candles:
    """Return candles that are all alike."""
    opened = tuple(range(first, until, frame.seconds))
    same = ("100",) * len(opened)
    return Candles(
        pair=XBTUSD.name,
        timeframe=frame.name,
        opened_at=opened,
        open=same,
        high=same,
        low=same,
        close=same,
        volume=("1",) * len(opened),
        trades=(A_DAY,) * len(opened),
    )


def close_of(frame: Timeframe) -> int:
    return int(last_close(frame, NOW).timestamp())


@dataclass
class Daily:
    """An exchange that tells how much traded each day."""

    days: int = 720
    is_up: bool = True
    asked: int = 0

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        assert (pair.name, frame.name, since) == (XBTUSD.name, "1d", None)
        self.asked += 1
        if not self.is_up:
            raise UnreachableError("gone")
        return quiet(frame, close_of(frame) - self.days * frame.seconds, close_of(frame))


@dataclass
class Shelf:
    """A store with certificates, and what a plan on it says."""

    folder: Path
    market: Daily = field(default_factory=Daily)
    aliases: tuple[Alias, ...] = ()

    def __post_init__(self) -> None:
        self.bars, self.certificates = HistoryBarStore(self.folder), CertificateFiles(self.folder)

    def tail(self, frame: Timeframe, *, behind: timedelta) -> None:
        """Store what a tail told that was asked for a while ago."""
        until = int(last_close(frame, NOW - behind).timestamp())
        first = until - 720 * frame.seconds
        self.bars.append(frame, [quiet(frame, first, until)])
        self.certify(frame, Source.OHLC, first, until)

    def certify(self, frame: Timeframe, source: Source, first: int, until: int) -> None:
        span = Span(first=first, until=until, source=source, origin="", fetched_at=NOW)
        self.certificates.extend(frame, [(XBTUSD.name, span, ())])

    def plan(
        self,
        *names: str,
        since: datetime | None = None,
        prove: bool = False,
        files: "Files | None" = None,
        ends: Mapping[str, datetime] = MappingProxyType({}),
    ) -> Plan:
        frames = tuple(each for name, each in TIMEFRAMES.items() if name in (names or TIMEFRAMES))
        wanted = Wanted(pairs=(XBTUSD,), frames=frames, since=since, prove=prove, ends=ends)
        desk = PlanDesk(
            market=self.market,
            bars=self.bars,
            certificates=self.certificates,
            readings=ReadingFiles(self.folder),
            aliases=self.aliases,
        )
        return plan(desk, wanted, now=NOW, files=files)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def ways(made: Plan) -> dict[str, str]:
    [one] = made.pairs
    return {each.frame.name: each.made_of for each in one.tails}


def test_at_first_each_timeframe_is_asked_for(shelf: Shelf) -> None:
    made = shelf.plan()

    assert ways(made) == dict.fromkeys(TIMEFRAMES, "")
    assert (made.calls, made.duration, shelf.market.asked) == (6, timedelta(seconds=4), 0)


def test_what_is_there_is_not_asked_for(shelf: Shelf) -> None:
    for frame in TIMEFRAMES.values():
        shelf.tail(frame, behind=timedelta(0))

    assert shelf.plan() == Plan(pairs=(), files=())


def test_after_some_hours_one_call_brings_every_timeframe(shelf: Shelf) -> None:
    for frame in TIMEFRAMES.values():
        shelf.tail(frame, behind=timedelta(hours=5))

    assert ways(shelf.plan()) == {"1m": "", "5m": "1m", "15m": "1m", "1h": "1m", "4h": "1m"}
    assert shelf.plan().calls == 1


def test_after_a_day_the_shortest_does_not_reach_back(shelf: Shelf) -> None:
    for frame in TIMEFRAMES.values():
        shelf.tail(frame, behind=timedelta(days=1))

    made = shelf.plan()

    # no five minutes of the day before the one that lacks are told, to see that it is the same
    assert ways(made) == {"1m": "", "5m": "", "15m": "5m", "1h": "5m", "4h": "5m", "1d": ""}
    assert (made.tail_calls, made.made) == (3, 3)


def test_what_nothing_was_stored_of_is_never_made(shelf: Shelf) -> None:
    shelf.tail(TIMEFRAMES["1m"], behind=timedelta(hours=5))

    assert ways(shelf.plan("1m", "1h")) == {"1m": "", "1h": ""}


def test_older_than_every_tail_is_read_from_trades(shelf: Shelf) -> None:
    made = shelf.plan("1h", since=NOW - timedelta(days=40))

    [run] = made.pairs[0].runs
    assert EPOCH + timedelta(seconds=run.first) == datetime(2026, 1, 20, tzinfo=UTC)
    # 720 hours before 15:00 the tail begins, within a day that is read whole
    assert EPOCH + timedelta(seconds=run.until) == datetime(2026, 1, 31, tzinfo=UTC)
    assert (run.trades, run.guessed_days, run.calls) == (11 * A_DAY, 0, 56)
    assert (made.tail_calls, made.trade_calls, shelf.market.asked) == (1, 56, 1)


def test_of_today_the_hours_before_the_tail_of_minutes_are_read(shelf: Shelf) -> None:
    [run] = shelf.plan("1m", since=NOW - timedelta(hours=14)).pairs[0].runs

    assert EPOCH + timedelta(seconds=run.until) == datetime(2026, 3, 1, 4, tzinfo=UTC)
    # as much as in that part of the last whole day
    assert run.trades == A_DAY * 4 // 24


def test_what_a_run_that_was_cut_had_read_is_not_counted_again(shelf: Shelf) -> None:
    first = datetime(2026, 1, 20, tzinfo=UTC)
    day, noon = (int((first + timedelta(hours=each)).timestamp()) for each in (0, 12))
    readings = ReadingFiles(shelf.folder)
    with readings.turn(XBTUSD.name):
        noted = Reading(done=day, cursor=noon * 10**9, held=(), pending=())
        readings.keep(XBTUSD.name, noted)

    [run] = shelf.plan("1h", since=NOW - timedelta(days=40)).pairs[0].runs

    assert (run.first, run.trades) == (day, 10 * A_DAY + A_DAY // 2)


def test_days_before_the_known_ones_are_guessed(shelf: Shelf) -> None:
    made = shelf.plan("1d", since=NOW - timedelta(days=730))

    [run] = made.pairs[0].runs
    assert (run.trades, run.guessed_days) == (9 * A_DAY, 9)


def test_before_a_young_pair_nothing_traded(shelf: Shelf) -> None:
    shelf.market.days = 30

    [run] = shelf.plan("1d", since=NOW - timedelta(days=800)).pairs[0].runs

    assert (run.trades, run.guessed_days, run.calls) == (0, 0, 1)


def test_what_trades_certify_is_not_read_again(shelf: Shelf) -> None:
    first = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    for frame in TIMEFRAMES.values():
        shelf.certify(frame, Source.TRADES, first, first + 40 * 86_400)

    assert shelf.plan("1h", since=datetime(2026, 1, 1, tzinfo=UTC)).trade_calls == 0


def test_a_hole_in_the_archive_is_read_only_to_prove_it(shelf: Shelf) -> None:
    hour = TIMEFRAMES["1h"]
    shelf.tail(hour, behind=timedelta(0))
    first = close_of(hour) - 2000 * 3600
    shelf.certify(hour, Source.ARCHIVE, first, close_of(hour))
    since = EPOCH + timedelta(seconds=first)

    assert shelf.plan("1h", since=since).calls == 0
    assert shelf.plan("1h", since=since, prove=True).trade_calls > 0


def test_a_pair_whose_trades_are_not_told_says_so(shelf: Shelf) -> None:
    shelf.market.is_up = False

    [one] = shelf.plan("1h", since=NOW - timedelta(days=40)).pairs

    assert one.fault == "XBTUSD: how much traded was not told: gone"
    assert [each.frame.name for each in one.tails] == ["1h"]


@dataclass(frozen=True)
class Files:
    """One file of hours."""

    first: int
    until: int
    pair: str = XBTUSD.name

    @property
    def found(self) -> tuple[ArchiveFile, ...]:
        file = ArchiveFile(
            name=f"{self.pair}_60.csv",
            pair=self.pair,
            frame=TIMEFRAMES["1h"],
            source=Source.ARCHIVE,
            size=1,
        )
        return (file,)

    def read(self, file: ArchiveFile) -> "Files":
        return self


def test_files_come_before_calls(shelf: Shelf) -> None:
    since = NOW - timedelta(days=400)
    files = Files(int(since.timestamp()) - 3600, close_of(TIMEFRAMES["1h"]) - 100 * 3600)

    made = shelf.plan("1h", since=since, files=files)

    assert (made.tail_calls, made.trade_calls, len(made.files)) == (1, 0, 1)
    assert shelf.plan("1h", since=since).trade_calls > 1000


RENAMED = NOW - timedelta(days=200)
OLD = Alias(old=Asset("OLD"), new=Asset("XBT"), since=RENAMED)


def test_what_is_stored_of_the_old_name_is_not_asked_for(shelf: Shelf) -> None:
    """UNI-9: history follows the economic asset."""
    hourly, since = TIMEFRAMES["1h"], NOW - timedelta(days=400)
    without = shelf.plan("1h", since=since).trade_calls
    page = quiet(hourly, int(last_close(hourly, since).timestamp()), close_of(hourly))
    shelf.bars.append(hourly, [replace(page, pair="OLDUSD")])
    shelf.aliases = (OLD,)

    made = shelf.plan("1h", since=since)

    [[run]] = [each.runs for each in made.pairs]
    assert EPOCH + timedelta(seconds=run.first) == RENAMED.replace(hour=0, minute=0, second=0)
    assert made.trade_calls < without / 2 + 10


def test_a_file_of_the_old_name_is_read_and_counts_until_the_rename(shelf: Shelf) -> None:
    since = NOW - timedelta(days=400)
    files = Files(int(since.timestamp()) - 3600, close_of(TIMEFRAMES["1h"]), pair="OLDUSD")
    shelf.aliases = (OLD,)

    made = shelf.plan("1h", since=since, files=files)

    [[run]] = [each.runs for each in made.pairs]
    assert [each.pair for each in made.files] == ["OLDUSD"]
    assert EPOCH + timedelta(seconds=run.first) == RENAMED.replace(hour=0, minute=0, second=0)


def test_of_a_pair_that_goes_on_under_another_name_nothing_later_is_asked_for(shelf: Shelf) -> None:
    since = NOW - timedelta(days=400)

    made = shelf.plan("1h", since=since, ends={XBTUSD.name: RENAMED})

    [one] = made.pairs
    [run] = one.runs
    assert one.tails == ()
    assert EPOCH + timedelta(seconds=run.until) == RENAMED.replace(hour=0, minute=0) + timedelta(
        days=1, seconds=-RENAMED.second
    )


def test_of_a_pair_that_ended_before_what_is_wanted_nothing_is_asked_for(shelf: Shelf) -> None:
    assert shelf.plan("1h", ends={XBTUSD.name: RENAMED}).calls == 0


def test_a_day_that_is_not_over_is_refused(shelf: Shelf) -> None:
    with pytest.raises(InvalidValueError, match="2026-03-01 is not over"):
        shelf.plan(since=NOW)
