"""Must show: what schedules decide and trade in life, a backtest decides and trades again.

`python -m benchmarks life_and_backtest` does the same for whole days.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.life_and_backtest import (
    both,
    closes_from,
    configuration,
    differences,
    recorded_market,
)
from kraken_pipeline_tests.paper_market import FEW_PAIRS, MOMENT, NOON


def test_hours_of_the_made_up_market_come_out_alike(stocked: Path, tmp_path: Path) -> None:
    """Must show 4: decisions, verdicts with their figures, and orders with their fills."""
    mine = tmp_path / "stocked"
    shutil.copytree(stocked, mine)
    (mine / "config" / "config.yaml").write_text(FEW_PAIRS + configuration("15m"))
    closes = closes_from(NOON + TIMEFRAMES["15m"].length, 7, "15m")

    lived, repeated = both(mine, tmp_path, closes, at=MOMENT)

    assert {each["verdict"] for each in lived.verdicts} == {"approved", "denied"}
    assert {each["side"] for each in lived.orders} == {"buy", "sell"}
    assert differences(lived, repeated) == []


def test_recorded_hours_come_out_alike(recorded: Path, tmp_path: Path) -> None:
    """Must show 4 on what was real: prices of ETH and SOL, recorded every five minutes."""
    mine, at = tmp_path / "stocked", datetime(2024, 10, 10, 12, 0, 10, tzinfo=UTC)
    told = recorded_market(mine, recorded / "ohlc", at, ("ETHUSD", "SOLUSD"), ("15m",))

    closes = closes_from(datetime(2024, 10, 10, 12, 15, tzinfo=UTC), 6, "15m")
    lived, repeated = both(mine, tmp_path, closes, **told)

    assert lived.verdicts
    assert differences(lived, repeated) == []
