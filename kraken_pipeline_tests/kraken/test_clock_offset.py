from datetime import UTC, datetime, timedelta

import pytest

from kraken_pipeline.kraken.clock_offset import measured

NOON = datetime(2026, 11, 2, 12, 0, 0, 300_000, tzinfo=UTC)
WAY = timedelta(milliseconds=20)
ENOUGH = timedelta(milliseconds=100)


class Afar:
    """An exchange a short way off, whose clock is not ours."""

    def __init__(self, offset: timedelta) -> None:
        self.now = NOON
        self.offset = offset
        self.asked = 0

    def server_time(self) -> datetime:
        self.asked += 1
        self.now += WAY
        told = (self.now + self.offset).replace(microsecond=0)
        self.now += WAY
        return told

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize("milliseconds", [0, 160, -480, 2_700, -3_600_000])
def test_a_few_questions_tell_the_offset_of_a_clock_that_shows_only_seconds(
    milliseconds: int,
) -> None:
    exchange = Afar(timedelta(milliseconds=milliseconds))

    found = measured(
        exchange.server_time,
        clock=lambda: exchange.now,
        sleep=exchange.sleep,
        enough=ENOUGH,
    )

    assert found.least <= exchange.offset <= found.most
    assert (found.bound(exchange.now) <= ENOUGH) is (abs(exchange.offset) < ENOUGH)
    assert exchange.asked <= 7


def test_a_clock_that_is_surely_close_enough_is_asked_no_further() -> None:
    exchange = Afar(timedelta())

    measured(
        exchange.server_time,
        clock=lambda: exchange.now,
        sleep=exchange.sleep,
        enough=timedelta(seconds=2),
    )

    assert exchange.asked == 1
