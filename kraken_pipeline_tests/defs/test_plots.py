"""Pictures are PNG files that fit into an event, whatever they are made of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.defs import plots
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.strategies.base import Bars

PNG = b"\x89PNG\r\n"
HOUR = TIMEFRAMES["1h"]


def bars(*closes: float) -> Bars:
    """Return bars of one pair that open at 10 and close where told."""
    close = np.array(closes, dtype=float).reshape(-1, 1)
    there = np.where(np.isnan(close), np.nan, 1.0)
    return Bars(
        frame=HOUR,
        pairs=("XBTUSD",),
        opened_at=np.arange(len(closes), dtype=np.int64) * HOUR.seconds,
        open=there * 10,
        high=np.maximum(close, 10),
        low=np.minimum(close, 10),
        close=close,
        volume=there,
    )


@pytest.mark.parametrize("closes", [(10.0,), (9.0, 11.0, float("nan"), 10.0), (11.0,) * 500])
def test_candles_are_drawn_of_few_bars_and_of_many(closes: tuple[float, ...]) -> None:
    drawn = plots.candles(bars(*closes), "XBTUSD")

    assert drawn is not None
    assert drawn.startswith(PNG)
    assert len(drawn) <= plots.LARGEST


def test_of_a_pair_without_bars_nothing_is_drawn() -> None:
    assert plots.candles(bars(float("nan")), "XBTUSD") is None
    assert plots.coverage({}, ["2026-01-01"], title="") is None


def test_the_coverage_of_many_pairs_over_years_fits_too() -> None:
    chance = np.random.default_rng(1)
    months = [f"{2020 + each // 12}-{each % 12 + 1:02}-01" for each in range(60)]
    shares: dict[str, list[float | None]] = {
        f"P{each}USD": [None, *chance.random(59).tolist()] for each in range(500)
    }

    drawn = plots.coverage(shares, months, title="1m")

    assert drawn is not None
    assert drawn.startswith(PNG)
    assert len(drawn) <= plots.LARGEST


def test_a_picture_stands_in_markdown_with_all_its_bytes() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    drawn = plots.line([(at, Decimal(1)), (at + timedelta(days=1), Decimal(2))], label="unit price")

    assert drawn.startswith(PNG)
    assert plots.embedded("a name", b"PNG") == "![a name](data:image/png;base64,UE5H)"
