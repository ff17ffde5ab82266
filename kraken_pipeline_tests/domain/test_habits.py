"""What is known to move apart, and what may move as one."""

import pytest

from kraken_pipeline.domain.habits import Habit, moves_apart

HABITS = {
    "XBTUSD": Habit(notional=None, leader="XBTUSD"),
    "ETHUSD": Habit(notional=None, leader="XBTUSD"),
    "XMRUSD": Habit(notional=None, leader="XMRUSD"),
    "NEWUSD": Habit(notional=None, leader=None),
}


@pytest.mark.parametrize(
    ("other", "apart"),
    [("XBTUSD", False), ("ETHUSD", False), ("XMRUSD", True), ("NEWUSD", False), ("WHAT", False)],
)
def test_only_what_is_known_to_move_otherwise_moves_apart(other: str, *, apart: bool) -> None:
    assert moves_apart("XBTUSD", other, HABITS) is apart
    assert moves_apart(other, "XBTUSD", HABITS) is apart
