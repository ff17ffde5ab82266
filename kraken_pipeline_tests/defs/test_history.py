import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.speeds import Speed, Work
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, timeframe
from kraken_pipeline.services.bars.history import tail_of
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.speeds import SpeedFile
from kraken_pipeline_tests.defs.runs import Runs, failures_of, metadata_of, verdicts_of
from kraken_pipeline_tests.paper_market import (
    MONTH,
    NOON,
    PAIRS,
    PaperMarket,
    paper_market,
)

ALL_FRAMES = tuple(f"ohlc_{name}" for name in TIMEFRAMES)
ALL_PASS = {"no_gaps": True, "sound": True, "fresh": True}


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


def asked_for(runs: Runs, frame: Timeframe, page: Candles) -> None:
    """Note that these are all that the exchange told, so that nobody asks again."""
    told = (page.pair, tail_of(frame, page, NOON), ())
    runs.pipeline.stores.certificates.extend(frame, [told])


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
        asked_for(runs, hour, holed)

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

    assert verdicts_of(result, "ohlc_1h")["sound"] is False


def test_a_part_that_lies_there_twice_fails_the_check_for_duplicates(
    runs: Runs, market: PaperMarket
) -> None:
    folder = runs.pipeline.stores.bars_dir / "1h" / MONTH[:7]
    [part] = folder.glob("part-*")
    shutil.copy(part, folder / part.name.replace("000001-000001", "000002-000002"))

    result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h")["sound"] is False


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


def shown(runs: Runs, asset: str) -> dict[str, dict[str, Any]]:
    """Return what stands beside each month of an asset, as far as it has figures."""
    told: dict[str, dict[str, Any]] = {}
    key = dg.AssetKey(asset)
    for each in runs.instance.fetch_materializations(key, limit=100, ascending=True).records:
        made = each.asset_materialization
        if made is not None and made.partition and made.metadata:
            told[made.partition] = {name: value.value for name, value in made.metadata.items()}
    return told


def test_each_month_of_a_backfill_has_its_own_figures(runs: Runs) -> None:
    result = runs.backfill("ohlc_1d", first="2024-01-01", last=MONTH)

    rows = {
        month: each["dagster/partition_row_count"] for month, each in shown(runs, "ohlc_1d").items()
    }
    assert result.success
    assert rows == {"2024-01-01": 31 * 4, "2024-02-01": 29 * 4, MONTH: 4 * 4}


def test_a_month_of_which_nothing_is_stored_is_not_shown_as_done(runs: Runs) -> None:
    result = runs.backfill("ohlc_5m", "ohlc_1d", first="2024-02-01", last=MONTH)

    assert sorted(shown(runs, "ohlc_5m")) == [MONTH]
    assert sorted(shown(runs, "ohlc_1d")) == ["2024-02-01", MONTH]
    [said] = failures_of(result)
    assert "nothing is stored of 5m: 1 months, 2024-02 to 2024-02" in said
    assert "history import" in said
    assert not [each for each in result.all_events if each.is_step_up_for_retry]


def test_what_a_month_lacks_is_named_with_its_remedy(runs: Runs) -> None:
    runs.backfill("ohlc_1h", first="2024-02-01", last="2024-02-01")

    told = shown(runs, "ohlc_1h")["2024-02-01"]
    assert told["uncertified_pairs"] == len(PAIRS)
    assert told["uncertified_by_reason"] == {"not_fetched": told["uncertified_bars"]}
    assert "| ADAUSD | 2024-02-01 00:00 |" in told["uncertified"]
    assert "history fetch ADAUSD --since 2024-02-01" in told["uncertified"]


def test_a_backfill_reads_trades_of_a_month_that_is_over_within_its_calls(runs: Runs) -> None:
    runs.backfill("ohlc_15m", first="2024-02-01", last="2024-02-01", max_calls=1)

    told = shown(runs, "ohlc_15m")["2024-02-01"]
    assert told["added_from_trades"]["15m"] == 24 * 4
    assert told["left"].startswith("4 months of 4 pairs (ADAUSD, ETHUSD, SOLUSD, XDGUSD)")


def test_how_fast_history_came_the_last_time_is_shown(runs: Runs) -> None:
    """HIS-9: in metrics."""
    noted = SpeedFile(runs.pipeline.stores.bars_dir)
    noted.note(Work.IMPORT, Speed(at=NOON, done=3_000_000, seconds=2.0))
    noted.note(Work.CALLS, Speed(at=NOON, done=102, seconds=125.0, fewest=100.0))

    runs.backfill("ohlc_1d", first=MONTH, last=MONTH)

    told = shown(runs, "ohlc_1d")[MONTH]
    assert told["import_candles_per_second"] == 1_500_000
    assert (told["calls_per_second"], told["calls_share_of_limit"]) == (0.816, 0.8)


def test_pictures_of_coverage_and_candles_fit_into_an_event(runs: Runs) -> None:
    runs.assets("ohlc_1h", by_hand=True)

    told = shown(runs, "ohlc_1h")[MONTH]
    for name in ("coverage", "candles"):
        assert told[name].startswith(f"![{name}](data:image/png;base64,")
        assert len(told[name]) < 140_000


def test_a_cycle_draws_nothing(runs: Runs) -> None:
    said = metadata_of(runs.assets("ohlc_1h"), "ohlc_1h")

    assert {"coverage", "candles"} & set(said) == set()
    assert (said["lag_seconds"], said["gaps"]) == (0, 0)


def test_by_hand_a_hole_among_the_newest_bars_is_filled_without_trades(empty: PaperMarket) -> None:
    hour = timeframe("1h")
    with Runs.on(empty) as runs:
        for pair in PAIRS:
            page = candles(runs, hour, pair)
            kept = rows_of(page, [*range(500), *range(503, len(page))])
            runs.pipeline.stores.bars.append(hour, [kept])
            # as if the first were asked for at once, and the last one by one at their closes
            before = rows_of(page, list(range(500)))
            span = replace(tail_of(hour, before, NOON), until=before.opened_at[-1] + 3600)
            runs.pipeline.stores.certificates.extend(hour, [(pair, span, ())])

        result = runs.assets("ohlc_1h", by_hand=True)

        assert verdicts_of(result, "ohlc_1h") == ALL_PASS
        found = runs.pipeline.stores.bars.read(hour, PAIRS, closed_by=NOON, count=720)
        assert not np.isnan(found.close).any()


def test_a_hole_in_which_nothing_traded_is_none(empty: PaperMarket) -> None:
    hour = timeframe("1h")
    with Runs.on(empty) as runs:
        for pair in PAIRS:
            page = candles(runs, hour, pair)
            missing = page.opened_at[-3]
            kept = rows_of(page, [row for row in range(len(page)) if row != len(page) - 3])
            runs.pipeline.stores.bars.append(hour, [kept])
            asked_for(runs, hour, kept)
            span = Span(
                first=missing,
                until=missing + 3600,
                source=Source.TRADES,
                origin="",
                fetched_at=NOON,
            )
            CertificateFiles(runs.pipeline.stores.bars_dir).extend(hour, [(pair, span, ())])

        result = runs.assets("ohlc_1h")

    assert verdicts_of(result, "ohlc_1h") == ALL_PASS
