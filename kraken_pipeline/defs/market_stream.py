"""Whether the market's stream is heard, and how good what it tells is, as checks and as a plot.

Prices change many times a second and are no business of Dagster's. What it is told is whether
somebody listens, when that changes, and each quarter of an hour how good the prices were.
"""

from datetime import datetime
from typing import Final

import dagster as dg

from kraken_pipeline.defs.stream import ASSET
from kraken_pipeline.defs.watching import evaluation
from kraken_pipeline.domain.quotes import PairFeed, QuoteBoard
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.market_sign import ASKED, MarketSign, board_of, market_sign
from kraken_pipeline.wiring.pipeline import Pipeline

HEARD: Final = "market_is_heard"
SOUND: Final = "prices_are_sound"
SLOT: Final = TIMEFRAMES["15m"]
"""Between two looks at how good prices are: some are always in doubt for a moment."""
MOST_ROWS: Final = 50
"""Pairs that are named in a table, the worst of them."""
COLUMNS: Final = (
    ("pair", "string"),
    ("doubts", "string"),
    ("age_seconds", "float"),
    ("gaps", "int"),
    ("checksum_failures", "int"),
    ("untradable", "bool"),
    ("status", "string"),
)


@dg.asset_check(asset=ASSET, name=HEARD)
def market_is_heard(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    """The listener of the market's stream, where one was started, is there and is told."""
    sign = _sign(pipeline)
    return dg.AssetCheckResult(
        passed=_is_well(sign),
        severity=dg.AssetCheckSeverity.WARN,
        description=_said(sign),
        metadata=_figures(sign),
    )


@dg.asset_check(asset=ASSET, name=SOUND)
def prices_are_sound(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    """Of each pair that is followed the stream tells a price that may be opened on (STR-7)."""
    board = board_of(pipeline.loaded.data_dir)
    return dg.AssetCheckResult(
        passed=_is_sound(board),
        severity=dg.AssetCheckSeverity.WARN,
        description=_quality_said(board),
        metadata=_quality(board),
    )


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def market_stream(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Watch the listener of the market: say when it is lost or back, and how good prices are.

    It starts nothing: `kraken-pipeline stream` is a process of its own.
    """
    sign, at = _sign(pipeline), system_now()
    now = "asked" if sign is None or sign.is_waiting else "heard" if sign.is_well else "lost"
    before, _, slot = (context.cursor or "asked").partition(" ")
    told: list[dg.AssetCheckEvaluation] = []
    if now != before:
        well, figures = _is_well(sign), _figures(sign)
        told.append(evaluation(ASSET, HEARD, _said(sign), passed=well, figures=figures))
    if now == before == "heard" and slot != _slot(at):  # at first every pair is still to come
        board = board_of(pipeline.loaded.data_dir)
        sound, figures = _is_sound(board), _quality(board)
        told.append(evaluation(ASSET, SOUND, _quality_said(board), passed=sound, figures=figures))
        slot = _slot(at)
    if not told:
        return dg.SkipReason(_said(sign))
    context.update_cursor(f"{now} {slot}")
    return dg.SensorResult(asset_events=told, skip_reason=dg.SkipReason(_said(sign)))


def _slot(at: datetime) -> str:
    return f"{last_close(SLOT, at):%Y-%m-%dT%H:%M}"


def _sign(pipeline: Pipeline) -> MarketSign | None:
    return market_sign(pipeline.loaded.data_dir, system_now())


def _is_well(sign: MarketSign | None) -> bool:
    """Who never started a listener misses none, nor who has no universe yet."""
    return sign is None or sign.is_well or sign.is_waiting


def _said(sign: MarketSign | None) -> str:
    return ASKED if sign is None else f"the market's stream is {sign.said}"


def _figures(sign: MarketSign | None) -> dict[str, dg.MetadataValue]:
    if sign is None:
        return {}
    counts = {"pairs": sign.pairs, "doubted": sign.doubted, "gaps": sign.gaps}
    if sign.age is not None:
        counts["age_seconds"] = int(sign.age.total_seconds())
    return {name: dg.MetadataValue.int(count) for name, count in counts.items()}


def _is_sound(board: QuoteBoard | None) -> bool:
    return board is None or not any(_is_doubted(each) for each in board.pairs.values())


def _is_doubted(feed: PairFeed) -> bool:
    return bool(feed.doubts) or feed.is_untradable


def _quality_said(board: QuoteBoard | None) -> str:
    if board is None:
        return ASKED
    doubted = sum(_is_doubted(each) for each in board.pairs.values())
    return f"{len(board.pairs) - doubted} of {len(board.pairs)} pairs may be opened on"


def _quality(board: QuoteBoard | None) -> dict[str, dg.MetadataValue]:
    """Return the figures of all pairs, and a table of those that something can be said of."""
    if board is None:
        return {}
    feeds = board.pairs.values()
    ages = [each.price.age.total_seconds() for each in feeds if each.price is not None]
    worst = sorted(
        ((name, each) for name, each in board.pairs.items() if _has_history(each)),
        key=lambda named: (not _is_doubted(named[1]), -named[1].checksum_failures, -named[1].gaps),
    )
    return {
        "pairs": dg.MetadataValue.int(len(feeds)),
        "doubted": dg.MetadataValue.int(sum(_is_doubted(each) for each in feeds)),
        "untradable": dg.MetadataValue.int(sum(each.is_untradable for each in feeds)),
        "gaps": dg.MetadataValue.int(sum(each.gaps for each in feeds)),
        "checksum_failures": dg.MetadataValue.int(sum(each.checksum_failures for each in feeds)),
        "reconnects": dg.MetadataValue.int(max(board.connects - 1, 0)),
        "oldest_price_seconds": dg.MetadataValue.float(max(ages, default=0.0)),
        "worst_pairs": dg.MetadataValue.table(
            [_record(name, each) for name, each in worst[:MOST_ROWS]],
            dg.TableSchema([dg.TableColumn(name, kind) for name, kind in COLUMNS]),
        ),
    }


def _has_history(feed: PairFeed) -> bool:
    return _is_doubted(feed) or bool(feed.gaps) or bool(feed.checksum_failures)


def _record(name: str, feed: PairFeed) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "pair": name,
            "doubts": ", ".join(sorted(feed.doubts)),
            "age_seconds": -1.0 if feed.price is None else round(feed.price.age.total_seconds(), 1),
            "gaps": feed.gaps,
            "checksum_failures": feed.checksum_failures,
            "untradable": feed.is_untradable,
            "status": feed.status,
        }
    )
