import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.services.backtest.awaken import Alarm
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.strategies.base import Flags
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR, flat, scripted

CONFIGURED = Configured(
    strategy_id="s", strategy=scripted({}), timeframes=("1h",), parameters={}, userref=None
)


def alarm(enter: list[int], leave: list[int], rows: int = 10) -> Alarm:
    def flags(some: list[int]) -> Flags:
        return np.isin(np.arange(rows), some)[:, None]

    made = Alarm(CONFIGURED, flat(*[1.0] * rows), enter=flags(enter), leave=flags(leave))
    made.skip_until(BEGUN)
    return made


def closes(of: Alarm) -> list[int]:
    found = []
    while (at := of.closed_at) is not None:
        found.append(int((at - BEGUN) / HOUR) - 1)
        of.was_asked(at)
    return found


def test_a_strategy_that_cannot_tell_is_asked_at_every_close() -> None:
    made = Alarm(CONFIGURED, flat(*[1.0] * 4), enter=None, leave=None)
    made.skip_until(BEGUN + 2 * HOUR)

    assert closes(made) == [1, 2, 3]


def test_what_is_not_held_wakes_to_be_entered() -> None:
    assert closes(alarm([2, 5], [3, 7])) == [2, 5]


def test_what_is_held_wakes_to_be_left() -> None:
    made = alarm([2, 5], [3, 7])
    made.holds("XBTUSD", is_held=True, at=BEGUN)

    assert closes(made) == [3, 7]


def test_a_close_that_was_over_when_something_was_bought_is_not_gone_back_to() -> None:
    made = alarm([2], [3, 4, 7])
    made.was_asked(BEGUN + 3 * HOUR)
    made.holds("XBTUSD", is_held=True, at=BEGUN + 5.5 * HOUR)

    assert closes(made) == [7]


@given(
    enter=st.lists(st.integers(0, 29), unique=True),
    leave=st.lists(st.integers(0, 29), unique=True),
    since=st.integers(0, 30),
)
def test_no_close_that_could_matter_is_slept_through(
    enter: list[int], leave: list[int], since: int
) -> None:
    made = alarm(enter, leave, rows=30)
    made.skip_until(BEGUN + since * HOUR)
    held, asked = False, []
    while (at := made.closed_at) is not None:
        row = int((at - BEGUN) / HOUR) - 1
        asked.append(row)
        made.was_asked(at)
        held = not held
        made.holds("XBTUSD", is_held=held, at=at)

    wanted, is_held = [], False
    for row in range(max(since - 1, 0), 30):
        if row in (leave if is_held else enter):
            wanted.append(row)
            is_held = not is_held
    assert asked == wanted
