"""Safety cases A8, C3 and C4: what the public stream tells, and what it keeps to itself."""

from datetime import timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.market_day import QUIET_MINUTES, START, Compared, MarketDay, market_day

PAIRS, MINUTES, HARSH = 6, 20, 10.0
"""Of twenty minutes and six pairs, as much as of a bad day and hundreds."""
ALL = MINUTES + QUIET_MINUTES - 1
"""Minutes that were closed by the end."""


def lived(day: MarketDay) -> Compared:
    """Live through it until all is quiet, and compare every bar."""
    day.run(MINUTES, pause=40)
    day.run(QUIET_MINUTES, pause=120, is_rough=False)
    end = START + timedelta(minutes=ALL)
    return sum((day.compared(each, START, end) for each in TIMEFRAMES.values()), Compared())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_u_his_3_after_a_while_of_faults_every_candle_is_the_exchange_s_own(
    tmp_path: Path, seed: int
) -> None:
    """U-HIS-3, U-STR-1b, U-STR-2, U-STR-4, F-EVT-5, F-EVT-6: whatever goes wrong on the way.

    Lost, doubled and swapped frames, wrong checksums, mute subscriptions, silent sockets, cuts,
    refused connections, maintenance, late trades, and a REST that does not answer meanwhile.
    """
    with market_day(tmp_path, symbols=PAIRS, seed=seed, share=HARSH) as day:
        found = lived(day)

    assert found == Compared(same=PAIRS * (ALL + ALL // 5 + ALL // 15))
    assert len(day.late) == ALL
    assert day.judge.judged.stale == []
    assert 0 < day.judge.judged.allowed < day.judge.judged.asked
    assert day.incidents.frames


def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    told = []
    for name in ("one", "other"):
        with market_day(tmp_path / name, symbols=2, seed=5, share=HARSH) as day:
            day.run(6, pause=20)
        told.append((day.late, day.judge.judged, day.incidents.struck, day.line.losses))

    assert told[0] == told[1]
