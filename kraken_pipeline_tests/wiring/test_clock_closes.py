from datetime import UTC, datetime, timedelta

from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.wiring.clock_closes import GRACE, ClockCloses, clock_closes
from kraken_pipeline_tests.programs import eventually

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Told:
    """Keeps what it is told, and a clock that is turned by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.closes: list[tuple[str, str]] = []

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        self.closes.append((f"{closed_at:%H:%M}", ",".join(each.name for each in frames)))

    def clock(self) -> datetime:
        return self.now


def told_at(*moments: datetime) -> list[tuple[str, str]]:
    told = Told(moments[0])
    closes = ClockCloses(told, told.clock)
    for each in moments:
        told.now = each
        closes.step()
    return told.closes


def test_a_close_is_told_once_its_candles_can_be_asked_for_and_once() -> None:
    before, at, after = NOON - MINUTE, NOON + GRACE - timedelta(microseconds=1), NOON + GRACE

    assert told_at(before, at) == []
    assert told_at(before, after, after + timedelta(seconds=50)) == [("12:00", "1m,5m,15m,1h,4h")]


def test_of_closes_that_were_slept_through_the_last_is_told() -> None:
    assert told_at(NOON, NOON + 3 * MINUTE + GRACE) == [("12:03", "1m")]


def test_what_was_over_at_the_start_is_not_told() -> None:
    assert told_at(NOON + timedelta(seconds=1), NOON + timedelta(seconds=30)) == []


def test_the_wait_ends_with_the_next_close() -> None:
    told = Told(NOON + timedelta(seconds=30))

    assert ClockCloses(told, told.clock).step() == 30 + GRACE.total_seconds()


def test_a_thread_tells_what_closes_until_the_context_ends() -> None:
    told = Told(NOON - MINUTE)
    with clock_closes(told, lambda: told.now):
        told.now = NOON + GRACE
        eventually(lambda: told.closes, seconds=10)

    assert [at for at, _ in told.closes] == ["12:00"]
