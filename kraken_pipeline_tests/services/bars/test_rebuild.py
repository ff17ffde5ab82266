"""History from trades, with a real store and a tape that is paged as the exchange pages its own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Reason, Source
from kraken_pipeline.domain.errors import ConflictError, InvalidValueError, UnreachableError
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.market_reports import PublicTrade, TradesPage
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe
from kraken_pipeline.domain.trade_bars import bars_of, candles_of
from kraken_pipeline.domain.trade_reading import Reading
from kraken_pipeline.services.bars import rebuild as rebuilding
from kraken_pipeline.services.bars.coverage import coverage
from kraken_pipeline.services.bars.rebuild import RebuildDesk, Rebuilt, rebuild
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import ReadingFiles
from kraken_pipeline_tests.builders import pair as built
from kraken_pipeline_tests.fakes import overriding

XBTUSD = built()
START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=3, hours=5)
DAYS = 3


def trade(at: timedelta, number: int, price: str = "10") -> PublicTrade:
    return PublicTrade(
        trade_id=number,
        price=Price(Decimal(price)),
        qty=Qty(Decimal("0.1")),
        taker_side=Side.BUY,
        is_limit=False,
        at=START + at,
    )


TAPE = tuple(trade(timedelta(hours=hour / 2), hour, str(100 + hour)) for hour in range(160))
"""Two an hour, some of them after NOW's last midnight."""


@dataclass
class Tape:
    """A market that has traded before; it pages as the exchange does, and may break off."""

    trades_made: tuple[PublicTrade, ...]
    page: int = 7
    calls: int = 0
    breaks_at: int = 0

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        self.calls += 1
        if self.calls == self.breaks_at:
            raise UnreachableError("cut")
        after = [each for each in self.trades_made if _nanoseconds(each) > int(cursor)]
        told = tuple(after[: min(count, self.page)])
        return TradesPage(trades=told, cursor=str(_nanoseconds(told[-1])) if told else cursor)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        return candles_of(bars_of(self.trades_made, frame), pair.name, frame)


def _seconds(day: int) -> int:
    return (START - EPOCH) // timedelta(seconds=1) + 86_400 * day


def _nanoseconds(each: PublicTrade) -> int:
    return (each.at - EPOCH) // timedelta(microseconds=1) * 1000


@dataclass(frozen=True, kw_only=True)
class Keeper:
    tape: Tape
    folder: Path
    steps: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def bars(self) -> HistoryBarStore:
        return HistoryBarStore(self.folder)

    @property
    def desk(self) -> RebuildDesk:
        return RebuildDesk(
            market=self.tape,
            bars=self.bars,
            certificates=CertificateFiles(self.folder),
            readings=ReadingFiles(self.folder),
            progress=lambda *step: self.steps.append(step),
        )

    def fill(self) -> Rebuilt:
        return rebuild(self.desk, XBTUSD, since=START, now=NOW)

    def stored(self, frame: str) -> list[float]:
        read = self.bars.read(TIMEFRAMES[frame], [XBTUSD.name], closed_by=NOW, count=9999)
        return [float(each) for each in read.close[:, 0] if each == each]  # noqa: PLR0124 - NaN is absent


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tape=Tape(TAPE), folder=tmp_path)


def test_every_timeframe_is_filled_up_to_the_last_midnight(keeper: Keeper) -> None:
    """U-HIS-1: of the trades, whatever the exchange keeps of candles."""
    made = keeper.fill()

    assert made.added == {
        "1m": 48 * DAYS,
        "5m": 48 * DAYS,
        "15m": 48 * DAYS,
        "1h": 24 * DAYS,
        "4h": 6 * DAYS,
        "1d": DAYS,
    }
    assert keeper.stored("1d") == [147, 195, 243]


def test_what_is_absent_is_proven_not_to_have_traded(keeper: Keeper) -> None:
    """U-HIS-2."""
    keeper.fill()

    [found] = coverage(
        keeper.bars, CertificateFiles(keeper.folder), TIMEFRAMES["5m"], pair=XBTUSD.name
    )

    assert set(found.missing) == {Reason.NO_TRADES}
    assert {each.source for each in found.covered} == {Source.TRADES}


def test_no_more_than_the_asked_days_are_read(keeper: Keeper) -> None:
    made = rebuild(
        keeper.desk, XBTUSD, since=START, until=START + timedelta(days=1, minutes=59), now=NOW
    )

    assert keeper.stored("1d") == [147]
    assert (made.until, keeper.tape.calls) == (_seconds(1), 48 // 6)


@pytest.mark.parametrize("calls", [1, 9, 10])
def test_a_run_of_few_calls_ends_with_a_whole_day_and_the_next_goes_on_there(
    keeper: Keeper, calls: int
) -> None:
    def run() -> Rebuilt:
        return rebuild(keeper.desk, XBTUSD, since=START, now=NOW, max_calls=calls)

    reached = [run().until for _ in range(DAYS)]

    assert reached[0] < reached[-1] == _seconds(DAYS)
    assert all(each % 86_400 == 0 for each in reached)
    assert keeper.stored("1d") == [147, 195, 243]


def test_a_second_run_asks_nothing(keeper: Keeper) -> None:
    keeper.fill()
    calls = keeper.tape.calls

    made = keeper.fill()

    assert (keeper.tape.calls, made.calls, sum(made.added.values())) == (calls, 0, 0)


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """Return what lies there after a run that nothing cut, and its calls."""
    keeper = Keeper(tape=Tape(TAPE), folder=tmp_path_factory.mktemp("uncut"))
    calls = keeper.fill().calls
    return files(keeper.folder), calls


@pytest.mark.parametrize("call", [1, 2, 8, 9, 10, 16, 19])
def test_his_7_a_run_that_was_cut_at_any_page_reads_none_again(
    keeper: Keeper, uncut: tuple[dict[str, bytes], int], call: int
) -> None:
    keeper.tape.breaks_at = call
    with pytest.raises(UnreachableError):
        keeper.fill()

    rest = keeper.fill()

    assert (files(keeper.folder), rest.calls + call - 1) == uncut


class Killed(BaseException):
    """As a kill: nothing catches it."""


@dataclass
class Fuse:
    """Lets so many steps happen, then kills before the next, or after it."""

    steps: int
    after: bool = False

    def __call__(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*told: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the step takes
            self.steps -= 1
            if self.steps == 0 and not self.after:
                raise Killed
            done = act(*told, **more)
            if self.steps == 0:
                raise Killed
            return done

        return step


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("steps", range(1, 76, 15))
def test_his_7_a_kill_at_any_step_leaves_what_ends_the_same_to_the_byte(
    keeper: Keeper,
    uncut: tuple[dict[str, bytes], int],
    steps: int,
    after: bool,  # noqa: FBT001 - a table
) -> None:
    fuse, desk = Fuse(steps, after), keeper.desk
    doomed = replace(
        desk,
        market=overriding(desk.market, trades=fuse(desk.market.trades)),
        bars=overriding(desk.bars, compare=fuse(desk.bars.compare)),
        certificates=overriding(desk.certificates, extend=fuse(desk.certificates.extend)),
        readings=overriding(desk.readings, keep=fuse(desk.readings.keep)),
    )

    with pytest.raises(Killed):
        rebuild(doomed, XBTUSD, since=START, now=NOW)
    keeper.fill()

    assert files(keeper.folder) == uncut[0]
    assert keeper.tape.calls - uncut[1] <= 1  # the one whose answer died with the process


def files(folder: Path) -> dict[str, bytes]:
    """Return the bars as they lie there."""
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for name in TIMEFRAMES
        for each in (folder / name).rglob("*")
        if each.is_file()
    }


def test_two_cannot_fill_a_pair_at_once(keeper: Keeper) -> None:
    with (
        ReadingFiles(keeper.folder).turn(XBTUSD.name),
        pytest.raises(ConflictError, match=r"another process is fetching history \(XBTUSD\)"),
    ):
        keeper.fill()

    assert keeper.fill().until == int((START + timedelta(days=DAYS)).timestamp())


def test_a_day_that_is_not_over_is_filled_to_the_hour_and_gone_on_with(keeper: Keeper) -> None:
    first = rebuild(keeper.desk, XBTUSD, since=START, now=NOW, until=START + timedelta(hours=30))
    calls = keeper.tape.calls

    rest = keeper.fill()

    assert first.added == {"1m": 60, "5m": 60, "15m": 60, "1h": 30, "4h": 7, "1d": 1}
    assert rest.added["1m"] == 48 * DAYS - 60
    assert keeper.stored("1d") == [147, 195, 243]
    assert calls < keeper.tape.calls <= calls + 48 * 2 // 6 + 1


def test_a_note_that_is_torn_counts_as_none(
    keeper: Keeper, uncut: tuple[dict[str, bytes], int]
) -> None:
    keeper.tape.breaks_at = 5
    with pytest.raises(UnreachableError):
        keeper.fill()
    [note] = (keeper.folder / "fetching").glob("*.json")
    note.write_text(note.read_text()[:-9])

    keeper.fill()

    assert files(keeper.folder) == uncut[0]


def test_nothing_is_certified_beyond_what_was_read(keeper: Keeper) -> None:
    keeper.tape.breaks_at = 10
    with pytest.raises(UnreachableError):
        keeper.fill()

    [span] = CertificateFiles(keeper.folder).of(TIMEFRAMES["1h"])[XBTUSD.name].spans

    assert span.until == int((START + timedelta(days=1)).timestamp())


def test_a_stored_candle_that_the_trades_do_not_make_is_told_and_stays(keeper: Keeper) -> None:
    hourly = TIMEFRAMES["1h"]
    theirs = candles_of(bars_of(TAPE[:4], hourly), XBTUSD.name, hourly)
    keeper.bars.append(hourly, [replace(theirs, high=("999", *theirs.high[1:]))])

    made = keeper.fill()

    assert made.differing["1h"] == 1
    [found] = CertificateFiles(keeper.folder).of(hourly)[XBTUSD.name].differences
    assert (found.field, found.kept, found.told, found.origin) == ("high", "999", "101", "trades")


def test_a_day_that_is_not_over_is_refused(keeper: Keeper) -> None:
    with pytest.raises(InvalidValueError, match="2026-03-04 is not over"):
        rebuild(keeper.desk, XBTUSD, since=NOW, now=NOW)


def test_progress_ends_at_the_whole(keeper: Keeper) -> None:
    made = keeper.fill()

    assert [each[0] for each in keeper.steps[:3]] == [1, 2, 3]
    assert keeper.steps[-1] == (made.calls, DAYS * 86_400, DAYS * 86_400)


def test_more_trades_at_an_instant_than_a_page_holds_are_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", 7)
    crowd = tuple(trade(timedelta(hours=1), number) for number in range(8))
    keeper = Keeper(tape=Tape(crowd), folder=tmp_path)

    with pytest.raises(UnreachableError, match="than a page of 7 holds"):
        keeper.fill()


def test_nothing_traded_is_certified_too(tmp_path: Path) -> None:
    keeper = Keeper(tape=Tape(()), folder=tmp_path)

    made = keeper.fill()

    assert (made.trades, sum(made.added.values())) == (0, 0)
    assert keeper.fill().calls == 0


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0, 0, 1, 60_000_000, 3_600_000_000]), min_size=1, max_size=40),
    page=st.integers(6, 11),
)
def test_wherever_pages_end_no_trade_is_lost_or_told_twice_u_his_4(
    gaps: list[int], page: int
) -> None:
    """U-HIS-4."""
    at = timedelta(0)
    flow: list[PublicTrade] = []
    for number, gap in enumerate(gaps):
        same = [each for each in flow if each.at == START + at]
        at += timedelta(microseconds=max(gap, 1) if len(same) >= 3 else gap)
        flow.append(trade(at, number))
    until = int((START + timedelta(hours=20)).timestamp())

    begin = int(START.timestamp())
    begun = Reading(done=begin, cursor=begin * 10**9 - 1, held=(), pending=())

    pages = rebuilding._pages(Tape(tuple(flow), page=page), XBTUSD, begun, until)

    expected = [each for each in flow if each.at < EPOCH + timedelta(seconds=until)]
    assert [one for page in pages for one in page.trades] == expected
