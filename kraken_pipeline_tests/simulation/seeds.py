"""Seeds that `make test` lives through: those that once were broken, and some more."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REGRESSIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        3: "what somebody sold by hand left a holding without a stop, which was taken for a fault",
        5: "an amount below what had filled was taken for an overfill",
        17: "a halt over one pair was taken for a halt over all",
        41: "a late read of balances was taken for a loss of everything (KILL_DRAWDOWN)",
        45: "the same",
        48: "two cancels that were lost one after the other called a person",
        1106: "a snapshot was dated by the end of a pause, and KILL_DRAWDOWN latched",
        1156: "reads that lagged differently for minutes were taken for lasting drift",
        3019: "the stream showed an order as it was before its change, and halted",
        1300: "a row of the stream after a gap contradicted the books, and halted",
        300376: "a sale that was written off had filled, and the same coins were sold once more",
        300847: "the same",
        409665: "a sale whose reply was lost had filled, was booked as a person's and sold again",
        400266: "what was written off at the end was asked for its stop before it was looked for",
        500074: "a fill that nothing had booked yet stood against the absence of a later order",
        614943: "another late part at each look was taken for one that stays",
        702286: "two lags of one bucket were taken for lasting drift",
        915500: "a second lock of the key, which nobody saw, outlasted the quiet",
        60: "a key that was locked out kept fills out of the books until the end",
    }
)
"""What each broke. A change to what can happen gives a seed another life; what it once broke has a
test of its own beside the code that was mended."""
SEEDS: Final = range(1, 241)
"""The first ones: as many as take about five minutes of one core."""
SHARES: Final = 4
"""Files that the seeds are spread over: whatever runs the tests takes a file at a time."""


def share(number: int) -> tuple[int, ...]:
    """Return the seeds of one of the files, counted from 0."""
    return tuple(sorted({*SEEDS, *REGRESSIONS}))[number::SHARES]
