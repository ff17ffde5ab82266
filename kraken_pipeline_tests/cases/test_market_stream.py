"""Safety cases A8, C3 and C4: what the public stream tells, and what it keeps to itself."""

from pathlib import Path
from typing import Final

from kraken_pipeline_tests.market_day import FAULTS, market_day

HARSH: Final = {kind: min(8 * share, 0.3) for kind, share in FAULTS.items()}
"""Of half an hour and few pairs, as much as of a day and many."""


def test_u_his_3_after_half_an_hour_of_faults_every_candle_is_the_exchange_s_own(
    tmp_path: Path,
) -> None:
    """U-HIS-3, U-STR-4: lost, doubled and swapped frames, wrong checksums, silence and cuts."""
    with market_day(tmp_path, symbols=8, faults=HARSH) as day:
        day.run(31, step=3.0, judge=30.0)
        found = day.compared()

    assert (found.differing, found.missing) == (0, 0)
    assert found.same == 8 * (31 + 6 + 2)
    assert len(day.told) == 31
    assert day.judged.stale == []
    assert 0 < day.judged.allowed < day.judged.asked
