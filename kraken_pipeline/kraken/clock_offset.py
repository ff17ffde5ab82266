"""Asking the exchange for its time, often enough to know it better than to the second.

`Time` is cut to whole seconds, so one answer says little. Each further question is asked when the
second should just turn there, by what is known so far, and so halves what is possible.

Source: NET-6; docs.kraken.com/api/docs/rest-api/get-server-time.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.clock import OffsetEstimate, Sample, possible, told_in_seconds

MOST_SAMPLES: Final = 10


def measured(
    server_time: Callable[[], datetime],
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    enough: timedelta,
) -> OffsetEstimate:
    """Return how far the exchange's clock is off ours.

    Args:
        server_time: asks it, to the second: `PublicMarket.server_time`.
        clock: tells our time.
        sleep: waits so many seconds.
        enough: no further question is asked once it is sure that the clock is off by less or more.

    Raises:
        UnreachableError: it does not answer.
    """
    sample = _asked(server_time, clock)
    found = possible(sample)
    for _ in range(MOST_SAMPLES - 1):
        is_beyond = found.least > enough or found.most < -enough
        if is_beyond or found.bound(clock()) <= enough:
            break
        way_there = (sample.received_at - sample.sent_at) / 2
        sleep(seconds_until_it_turns(clock() + found.offset + way_there))
        sample = _asked(server_time, clock)
        found = found.narrowed(sample)
    return found


def seconds_until_it_turns(there: datetime) -> float:
    """Return how long it is until the next whole second of a clock."""
    passed = there.microsecond / 1_000_000
    return math.ceil(passed) - passed


def _asked(server_time: Callable[[], datetime], clock: Callable[[], datetime]) -> Sample:
    sent_at = clock()
    told = server_time()
    return told_in_seconds(told, sent_at=sent_at, received_at=clock())
