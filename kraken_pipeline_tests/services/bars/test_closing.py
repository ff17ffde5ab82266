"""Closing bars from the stream: when, of whom, and what follows what is not proven."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import StorageError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.minutes import Minute
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.domain.trade_bars import TradeBar, candles_of
from kraken_pipeline.services.bars.closing import GRACE, QUIET, TOLD_PATIENCE, Closing, ClosingDesk
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.full_disk import full_disk

START = datetime(2026, 11, 23, 9, 57, tzinfo=UTC)
MINUTE, FIVE, HOUR = (TIMEFRAMES[each] for each in ("1m", "5m", "1h"))
SILENT = Minute(bar=None, doubt="")
UNHEARD = Minute(bar=None, doubt="a test")


def bar(opened_at: datetime, price: int = 100) -> TradeBar:
    one = Price(Decimal(price))
    return TradeBar(
        opened_at=int(opened_at.timestamp()),
        open=one,
        high=one,
        low=one,
        close=one,
        volume=Decimal(2),
        trades=2,
    )


class World:
    """A source, a store and a clock, as the test says."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.heard: datetime | None = START
        self.traded: datetime | None = None
        self.shown: datetime | None = None
        self.told = True
        self.minutes: dict[datetime, Minute] = {}
        self.changed: list[tuple[str, datetime]] = []
        self.bars = ShelvedBars(folder)
        self.mended: list[tuple[str, str]] = []
        self.retold: list[tuple[str, datetime]] = []
        self.closes: list[tuple[datetime, tuple[str, ...]]] = []
        self.taken: datetime | None = None
        self.pair = pair()
        for frame in TIMEFRAMES.values():
            self.store(frame, self.last_open(frame, START))
        self.closing = Closing(
            ClosingDesk(
                source=self,
                bars=self.bars,
                mend=self.mend,
                retell=self.retell,
                listener=self,
                clock=lambda: self.now,
            ),
            [self.pair],
        )

    @staticmethod
    def last_open(frame: Timeframe, at: datetime) -> datetime:
        seconds = int(at.timestamp())
        return datetime.fromtimestamp(seconds - seconds % frame.seconds - frame.seconds, UTC)

    def store(self, frame: Timeframe, *opened: datetime) -> None:
        rows = [bar(each) for each in opened]
        self.bars.append(frame, [candles_of(rows, self.pair.name, frame)])

    # the source

    def heard_at(self) -> datetime | None:
        return self.heard

    def traded_at(self) -> datetime | None:
        return self.traded

    def told_at(self) -> datetime | None:
        return self.shown

    def is_told(self) -> bool:
        return self.told

    def minute(self, pair: str, opened_at: datetime) -> Minute:
        return self.minutes.get(opened_at, UNHEARD)

    def take(self, until: datetime) -> None:
        self.taken = until

    def late(self) -> Sequence[tuple[str, datetime]]:
        found, self.changed = self.changed, []
        return found

    # who is asked and told

    def mend(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        self.mended += [(frame.name, each.name) for each in pairs]

    def retell(self, frame: Timeframe, pair: Pair, opened_at: datetime) -> None:
        self.retold.append((frame.name, opened_at))

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        self.closes.append((closed_at, tuple(each.name for each in frames)))

    # what a test says

    def pass_to(self, end: datetime, *, minutes: Mapping[datetime, Minute]) -> None:
        """Let each minute up to an instant be closed, as it was heard."""
        self.minutes.update(minutes)
        while self.now < end:
            self.now += MINUTE.length
            at, self.now = self.now, self.now + QUIET
            self.heard = self.now
            self.closing.step()
            self.now = at

    def newest(self, frame: Timeframe) -> datetime:
        return self.bars.newest(frame)[self.pair.name]

    def close_of(self, frame: Timeframe, closed_at: datetime) -> Decimal:
        return self.bars.closes(frame, closed_at)[self.pair.name]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def traded(*prices: int, first: datetime = START) -> dict[datetime, Minute]:
    opened = [first + MINUTE.length * number for number in range(len(prices))]
    told = zip(opened, prices, strict=True)
    return {at: Minute(bar=bar(at, price), doubt="") for at, price in told}


END = START + MINUTE.length


@pytest.mark.parametrize(
    ("now", "heard", "made", "due"),
    [
        (END + GRACE, END + GRACE, END, True),
        (END + GRACE - timedelta(milliseconds=1), END, END, False),
        (END + QUIET, END + QUIET, None, True),
        (END + QUIET, END + QUIET / 2, None, False),
        (END + QUIET, END + QUIET / 2, END - timedelta(milliseconds=1), False),
        (END + QUIET, None, END, False),
    ],
    ids=["a trade after", "too soon", "heartbeats", "no heartbeat", "trade before", "no line"],
)
def test_a_bar_is_closed_by_time_and_by_what_the_stream_shows_of_after_its_end(
    world: World, now: datetime, heard: datetime | None, made: datetime | None, *, due: bool
) -> None:
    world.minutes = traded(101)
    world.now, world.heard, world.traded = now, heard, made

    assert world.closing.step() is due
    assert (world.newest(MINUTE) == START) is due
    assert bool(world.closes) is due


def test_what_is_proven_is_stored_before_it_is_told(world: World) -> None:
    world.pass_to(END, minutes=traded(101))

    assert world.close_of(MINUTE, END) == 101
    assert world.closes == [(END, ("1m",))]
    assert (world.mended, world.taken) == ([], END)


def test_a_silent_minute_is_stored_flat_at_the_close_before(world: World) -> None:
    world.pass_to(END, minutes={START: SILENT})

    assert world.close_of(MINUTE, END) == 100


def test_what_is_not_proven_is_asked_of_rest_before_the_close_is_told(world: World) -> None:
    world.pass_to(END, minutes={})

    assert world.mended == [("1m", world.pair.name)]
    assert world.newest(MINUTE) < START
    assert world.closes == [(END, ("1m",))]


def test_nothing_is_stored_that_leaves_a_hole_behind(world: World) -> None:
    world.pass_to(END, minutes={})
    world.pass_to(END + MINUTE.length, minutes=traded(102, first=END))

    assert world.mended == [("1m", world.pair.name)] * 2
    assert world.newest(MINUTE) < START


def test_a_long_bar_is_made_of_its_minutes(world: World) -> None:
    """The first two were told as past ones when the stream began."""
    begins = START - timedelta(minutes=2)
    world.pass_to(START + timedelta(minutes=3), minutes=traded(1, 9, 3, 4, 5, first=begins))

    five = world.bars.read(FIVE, [world.pair.name], closed_by=START + timedelta(minutes=3), count=1)
    assert [float(each[-1, 0]) for each in (five.open, five.high, five.low, five.close)] == [
        1,
        9,
        1,
        5,
    ]
    assert world.closes[-1][1] == ("1m", "5m", "15m", "1h")
    assert {frame for frame, _ in world.mended} == {"15m", "1h"}


def test_a_long_bar_that_lacks_a_minute_is_asked_of_rest(world: World) -> None:
    begins = START - timedelta(minutes=2)
    minutes = traded(1, 9, 3, 4, 5, first=begins)
    minutes[START] = UNHEARD
    world.pass_to(START + timedelta(minutes=3), minutes=minutes)

    assert ("5m", world.pair.name) in world.mended


def test_a_new_connection_is_given_time_to_tell_of_every_pair(world: World) -> None:
    world.minutes, world.told = traded(101), False
    world.now = world.heard = END + QUIET
    first = world.closing.step()
    world.now = world.heard = world.now + TOLD_PATIENCE

    assert (first, world.closing.step()) == (False, True)


def test_a_bar_that_somebody_stored_already_is_left_alone(world: World) -> None:
    world.store(MINUTE, START)
    world.pass_to(END, minutes=traded(999))

    assert world.close_of(MINUTE, END) == 100
    assert world.mended == []


def test_a_late_trade_has_every_closed_bar_told_anew_and_running_ones_given_up(
    world: World,
) -> None:
    world.pass_to(START + timedelta(minutes=3), minutes=traded(1, 2, 3))
    world.changed = [(world.pair.name, START)]
    world.pass_to(START + timedelta(minutes=4), minutes={})

    assert world.closing.late == 1
    assert [frame for frame, _ in world.retold] == ["1m", "5m", "15m", "1h"]
    assert world.retold[1] == ("5m", START - timedelta(minutes=2))
    assert world.closing._running is not None
    assert world.closing._running[world.pair.name]["4h"] is None


def test_rest_that_does_not_answer_keeps_no_close_back(world: World) -> None:
    def fail(*_: object) -> None:
        raise UnreachableError("a test")

    world.closing = Closing(
        ClosingDesk(
            source=world,
            bars=world.bars,
            mend=world.mend,
            retell=fail,
            listener=world,
            clock=lambda: world.now,
        ),
        [world.pair],
    )
    world.changed = [(world.pair.name, START - MINUTE.length)]
    world.pass_to(END, minutes=traded(101))

    assert world.closes


def test_a_trade_from_the_future_closes_nothing_before_its_time(world: World) -> None:
    """F-EVT-10: one wrong time of the exchange must not close every bar too early from then on."""
    world.traded = START + timedelta(days=400)
    world.now = START + MINUTE.length + GRACE
    world.heard = world.now

    early = world.closing.step()
    world.now = world.heard = START + MINUTE.length + QUIET

    assert not early
    assert world.closing.step()


def test_who_takes_the_place_of_another_tells_the_close_that_is_not_told_yet(world: World) -> None:
    world.now = START + MINUTE.length

    later = Closing(world.closing._desk, [world.pair], after=world.closing)
    world.now = world.heard = START + MINUTE.length + QUIET
    later.step()

    assert [at for at, _ in world.closes] == [START + MINUTE.length]


def test_a_close_on_a_full_disk_is_told_once_there_is_room(world: World) -> None:
    """F-SUB-15: nothing is told that is not stored, and nothing is lost by it."""
    world.minutes[START] = Minute(bar=bar(START), doubt="")
    world.now = world.heard = START + MINUTE.length + QUIET

    with full_disk(), pytest.raises(StorageError):
        world.closing.step()
    before = list(world.closes)
    world.closing.step()

    assert before == []
    assert [at for at, _ in world.closes] == [START + MINUTE.length]
    assert world.newest(MINUTE) == START or world.mended == [("1m", world.pair.name)]


def test_a_clock_that_is_an_hour_ahead_closes_no_hour_that_never_was(world: World) -> None:
    """F-EVT-10: heartbeats come, and the exchange's own times say that it is earlier."""
    world.minutes = {START + number * MINUTE.length: SILENT for number in range(90)}
    world.now = world.heard = START + timedelta(hours=1)
    world.shown = START + timedelta(seconds=30)

    before = world.closing.step()
    world.shown = world.traded = START + timedelta(seconds=61)
    after = [world.closing.step() for _ in range(3)]

    assert not before
    assert after == [True, False, False]


def test_after_the_clock_was_set_back_the_minutes_of_now_are_closed(world: World) -> None:
    world.now = world.heard = START + timedelta(hours=1)
    while world.closing.step():
        pass
    world.closes.clear()

    world.now = world.heard = START + timedelta(minutes=2, seconds=1)
    world.closing.step()
    world.now = world.heard = START + timedelta(minutes=3, seconds=1)
    world.closing.step()

    assert [at for at, _ in world.closes] == [START + timedelta(minutes=3)]


def test_who_begins_has_told_anew_what_another_left_otherwise_than_it_is_told_now(
    world: World,
) -> None:
    """U-HIS-3: who closed the bar ended before its late trades came, or were told."""
    earlier, right = (START - number * MINUTE.length for number in (3, 2))
    for opened in (earlier, right):
        world.store(MINUTE, opened)
        world.minutes[opened] = Minute(bar=bar(opened), doubt="")
    world.minutes[earlier] = Minute(bar=replace(bar(earlier), volume=Decimal(3)), doubt="")
    world.now = world.heard = START + MINUTE.length + QUIET

    world.closing.step()

    assert {at for name, at in world.retold if name == "1m"} == {earlier}
