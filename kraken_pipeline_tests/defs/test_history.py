import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, timeframe
from kraken_pipeline_tests.defs.runs import Runs, failures_of, metadata_of, verdicts_of
from kraken_pipeline_tests.paper_market import (
    MONTH,
    NOON,
    PAIRS,
    PaperMarket,
    paper_market,
)

ALL_FRAMES = tuple(f"ohlc_{name}" for name in TIMEFRAMES)
ALL_PASS = {"no_gaps": True, "no_duplicates": True, "only_closed_bars": True, "fresh": True}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[PaperMarket]:
    """A market whose universe is known and of which no bar is stored."""
    with paper_market(tmp_path / "empty") as market:
        with market.pipeline() as pipeline:
            pipeline.refresh_universe()
        yield market


def candles(runs: Runs, frame: Timeframe, pair: str) -> Candles:
    """Return every closed candle that the exchange has of a pair."""
    edge = runs.pipeline.edge
    return edge.market.candles(edge.market.listing().pairs[pair], frame, None)


def rows_of(page: Candles, kept: list[int]) -> Candles:
    """Return some rows of a page."""
    columns = ("opened_at", "open", "high", "low", "close", "volume", "trades")
    chosen: dict[str, Any] = {
        name: tuple(getattr(page, name)[row] for row in kept) for name in columns
    }
    return replace(page, **chosen)


def test_bars_that_are_there_are_not_fetched_again(runs: Runs) -> None:
    result = runs.assets(*ALL_FRAMES)

    assert {name: metadata_of(result, name)["asked"] for name in ALL_FRAMES} == dict.fromkeys(
        ALL_FRAMES, 0
    )


def test_every_check_of_every_timeframe_passes_on_whole_bars(runs: Runs) -> None:
    result = runs.assets(*ALL_FRAMES)

    assert {name: verdicts_of(result, name) for name in ALL_FRAMES} == dict.fromkeys(
        ALL_FRAMES, ALL_PASS
    )


def test_five_minutes_later_five_bars_of_each_pair_are_new(runs: Runs, market: PaperMarket) -> None:
    market.turn(NOON + timedelta(minutes=5, seconds=1))

    first, second = (metadata_of(runs.assets("ohlc_1m"), "ohlc_1m") for _ in range(2))

    assert (first["added"], second["added"]) == (5 * len(PAIRS), 0)
    assert first["newest_close"] == str(NOON + timedelta(minutes=5))


def test_months_that_were_filled_beside_the_asked_one_are_shown(empty: PaperMarket) -> None:
    with Runs.on(empty) as runs:
        assert runs.assets("ohlc_1h").success
        shown = runs.instance.get_materialized_partitions(dg.AssetKey("ohlc_1h"))

    assert shown == {"2024-02-01", MONTH}


def test_a_bar_that_is_missing_between_others_fails_the_check_for_gaps(empty: PaperMarket) -> None:
    hour = timeframe("1h")
    with Runs.on(empty) as runs:
        page = candles(runs, hour, "ETHUSD")
        holed = rows_of(page, [row for row in range(len(page)) if row != len(page) - 3])
        runs.pipeline.stores.bars.append(hour, [holed])

        result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h") == ALL_PASS | {"no_gaps": False}


def test_a_bar_that_still_runs_fails_the_check_for_closed_ones(empty: PaperMarket) -> None:
    hour = timeframe("1h")
    with Runs.on(empty) as runs:
        page = candles(runs, hour, "ETHUSD")
        last = rows_of(page, [len(page) - 1])
        runs.pipeline.stores.bars.append(
            hour, [page, replace(last, opened_at=(last.opened_at[0] + hour.seconds,))]
        )

        result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h")["only_closed_bars"] is False


def test_a_part_that_lies_there_twice_fails_the_check_for_duplicates(
    runs: Runs, market: PaperMarket
) -> None:
    folder = runs.pipeline.stores.bars_dir / "1h" / MONTH[:7]
    [part] = folder.glob("part-*.parquet")
    shutil.copy(part, folder / part.name.replace("000001-000001", "000002-000002"))

    result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h")["no_duplicates"] is False


def test_bars_that_nobody_fetches_any_more_are_not_fresh(market: PaperMarket) -> None:
    market.configure("  min_24h_volume_usd: 1000000000000\n")
    market.turn(NOON + timedelta(hours=1))
    with Runs.on(market) as runs:
        runs.assets("pair_universe")

        result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h") == ALL_PASS | {"fresh": False}


def test_on_the_first_of_a_month_the_last_bar_is_the_last_months(market: PaperMarket) -> None:
    market.turn(NOON.replace(month=4, day=1, hour=0, second=5))
    with Runs.on(market) as runs:
        this, last = (
            verdicts_of(runs.assets("ohlc_1d", month=month), "ohlc_1d")
            for month in ("2024-04-01", MONTH)
        )

    assert (this["fresh"], last["fresh"]) == (True, True)


def test_without_a_universe_nothing_is_fetched_and_nothing_is_tried_again(tmp_path: Path) -> None:
    with paper_market(tmp_path) as bare, Runs.on(bare) as runs:
        result = runs.assets("ohlc_1m")

    assert not result.success
    assert "refresh pair_universe first" in failures_of(result)[0]
    assert not [each for each in result.all_events if each.is_step_up_for_retry]
