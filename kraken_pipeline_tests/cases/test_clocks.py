"""F-CLK-1: a clock that jumps, is smeared or stands in another zone moves no order and no bar."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kraken_pipeline.domain.clock import DRIFT, clock_is_close, estimate, told_in_seconds
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper

LOW = "49000"
"""A limit at which a buy rests."""
HOUR = TIMEFRAMES["1h"]
FIVE_MINUTES = timedelta(minutes=5)
LEAP = timedelta(seconds=1)
DAY = timedelta(days=1)
ZONES = {
    "Europe/Berlin": datetime(2026, 3, 29, tzinfo=UTC),
    "America/St_Johns": datetime(2026, 11, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, tzinfo=UTC),
}
"""Zones, and a day in UTC on which their clocks are set: by an hour, or by half of one."""


@pytest.mark.parametrize("jump", [FIVE_MINUTES, -FIVE_MINUTES])
def test_f_clk_1_an_order_whose_deadline_is_told_by_a_wrong_clock_is_not_taken(
    desk: Paper, jump: timedelta
) -> None:
    order = desk.planned(limit=LOW)

    desk.submit(clock=lambda: desk.clock() + jump, max_plan_age=DAY)

    assert desk.orders_there() == []
    # what was planned later than it is now waits until it is not
    assert desk.now_of(order).state in {State.REJECTED, State.UNKNOWN, State.PLANNED}


@pytest.mark.parametrize("jump", [FIVE_MINUTES, -FIVE_MINUTES])
def test_f_clk_1_a_step_between_the_record_and_the_request_sends_nothing_late(
    desk: Paper, jump: timedelta
) -> None:
    order = desk.planned(limit=LOW)
    ahead = [timedelta()]
    real = desk.stores.orders

    def record(told: Order, event: Event, **more: int) -> Order:
        moved = real.record(told, event, **more)
        ahead[0] = jump if event.fact is Fact.SEND_STARTED else ahead[0]
        return moved

    desk.submit(clock=lambda: desk.clock() + ahead[0], orders=overriding(real, record=record))

    sent = desk.now_of(order)
    assert sent.deadline == desk.clock() + timedelta(seconds=5)
    # a step forward says that it is too late, a step back leaves the deadline what it was
    assert sent.state is (State.REJECTED if jump > timedelta() else State.LIVE)
    assert len(desk.orders_there()) == (jump < timedelta())


def test_f_clk_1_a_leap_second_that_is_smeared_over_a_day_stays_known() -> None:
    noon = datetime(2026, 12, 31, 12, tzinfo=UTC)
    assert LEAP / DAY < 1 / DRIFT
    samples = []
    for minutes in range(0, 24 * 60, 10):
        passed = timedelta(minutes=minutes)
        offset = LEAP * (passed / DAY)
        there = (noon + passed + offset).replace(microsecond=0)
        samples.append(told_in_seconds(there, sent_at=noon + passed, received_at=noon + passed))

        found = estimate(samples)

        assert found is not None
        assert found.least <= offset <= found.most
    assert clock_is_close(found, now=noon + DAY, max_skew=LEAP / 2) is not None


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this machine stand in a zone whose clocks are set twice a year."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_f_clk_1_the_night_on_which_clocks_are_set_has_the_bars_of_any_other(zone: str) -> None:
    night = ZONES[zone]
    moments = [night + timedelta(minutes=minutes) for minutes in range(24 * 60)]
    assert len({each.astimezone().utcoffset() for each in moments}) == 2

    closes = sorted({last_close(HOUR, each) for each in moments})

    assert closes == [night + timedelta(hours=hour) for hour in range(24)]
    assert abs(system_now() - datetime.fromtimestamp(time.time(), UTC)) < LEAP  # noqa: TID251 - the clock that is tested
    assert system_now().tzinfo is UTC


def test_f_clk_1_in_any_zone_what_is_read_and_kept_is_in_utc(zone: str, desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()

    [fill] = desk.stores.books.fills_after(None)
    [trade] = desk.account.trades(since=None)
    told = [fill.at, trade.at, desk.market.server_time()]
    assert {each.tzinfo for each in told} == {UTC}
    assert all(abs(each - desk.clock()) < LEAP for each in told), zone
