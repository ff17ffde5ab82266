"""`cycle`: what `make run` does."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from kraken_pipeline.cli.output import print_json, print_warning, print_warnings
from kraken_pipeline.cli.progress import Progress
from kraken_pipeline.cli.summary import Cycle, plain, show
from kraken_pipeline.domain.errors import (
    ConfigurationError,
    ImpossibleFactError,
    OutcomeUnknownError,
)
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import FATE_OPEN
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.settings import load
from kraken_pipeline.wiring.exchange import (
    DEFAULT_SEED,
    MarketChoice,
    chosen,
    running_simulator,
    turn_clock,
)
from kraken_pipeline.wiring.home import DATA_DIR, SIMULATOR_URL, settled
from kraken_pipeline.wiring.pipeline import Pipeline, connect

REPLAY_STEP = TIMEFRAMES["4h"]
"""A second cycle on recorded candles moves to this timeframe's next close."""


def run(environ: Mapping[str, str], choice: MarketChoice, *, as_json: bool) -> None:
    """Start the simulator, run both jobs, print the summary."""
    choice = chosen(load(environ), choice)
    env = settled(environ, choice, tell=print_warning)
    progress = Progress()
    data_dir = Path(env[DATA_DIR])
    with ExitStack() as stack:
        progress.begin("simulator")
        started = perf_counter()
        url = stack.enter_context(running_simulator(data_dir, choice, given=env.get(SIMULATOR_URL)))
        progress.finished("simulator", perf_counter() - started, url)
        os.environ.update(env, **{SIMULATOR_URL: url})
        pipeline = connect(os.environ, observer=progress.finished, progress=progress.bars)
        stack.callback(pipeline.close)
        print_warnings(pipeline.loaded)
        _move_on(pipeline, choice, url)
        cycle = _cycle(pipeline, progress)
        if as_json:
            print_json(plain(cycle))
        else:
            is_elsewhere = load(environ).data_dir != data_dir
            there = f"{DATA_DIR}={data_dir} " if is_elsewhere else ""
            show(cycle, there=there, file=sys.stdout)
        _require_equal_books(pipeline)
        _require_known_fates(pipeline)


def _require_equal_books(pipeline: Pipeline) -> None:
    """End with an exit code of its own where the books and the exchange part.

    Raises:
        ImpossibleFactError: a bucket differs; nothing opens until a person has looked.
    """
    snapshot = pipeline.stores.books.latest_snapshot()
    if snapshot is not None and snapshot.drift:
        raise ImpossibleFactError(
            "the books and the exchange disagree, and nothing opens until that is mended: "
            + "; ".join(f"{asset}: {how}" for asset, how in sorted(snapshot.drift.items()))
        )


def _require_known_fates(pipeline: Pipeline) -> None:
    """End with an exit code of its own while nobody knows of an order whether it exists.

    Raises:
        OutcomeUnknownError: there is such an order.
    """
    doubtful = [
        each.local_id
        for each in pipeline.stores.orders.reserving()
        if each.namespace is Namespace.TRADE and each.state in FATE_OPEN
    ]
    if doubtful:
        raise OutcomeUnknownError(
            f"it is not known yet whether {', '.join(doubtful)} came to exist, and its pair takes "
            "no new order; the next cycle looks again, and `kraken-pipeline orders resolve` shows "
            "what is known"
        )


def market_choice(
    *, replay: Path | None, at: str | None, seed: int | None, port: int
) -> MarketChoice:
    """Return the market that the options name.

    Raises:
        ConfigurationError: two options exclude each other or one can not be read.
    """
    if replay is not None and seed is not None:
        raise ConfigurationError("--replay and --seed are two different markets; give one of them")
    if at is not None and replay is None:
        raise ConfigurationError("--at says where to begin in recorded candles; it needs --replay")
    if replay is not None and not replay.is_dir():
        raise ConfigurationError(f"--replay is {str(replay)!r}, which is no folder")
    try:
        begin = None if at is None else datetime.fromisoformat(at)
    except ValueError as error:
        raise ConfigurationError(f"--at is {at!r}; write it as 2024-12-01T00:00") from error
    if begin is not None:
        begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin.astimezone(UTC)
    return MarketChoice(
        seed=DEFAULT_SEED if seed is None else seed, replay=replay, at=begin, port=port
    )


def _move_on(pipeline: Pipeline, choice: MarketChoice, url: str) -> None:
    """Let time pass between two cycles on recorded candles, so that new bars have closed."""
    snapshot = pipeline.stores.books.latest_snapshot()
    now = pipeline.clock()
    if choice.replay is not None and snapshot is not None and snapshot.at >= now:
        turn_clock(url, last_close(REPLAY_STEP, now) + REPLAY_STEP.length)


def _cycle(pipeline: Pipeline, progress: Progress) -> Cycle:
    progress.begin("dagster")
    started = perf_counter()
    from kraken_pipeline.defs.cycle import run_cycle  # noqa: PLC0415 - half a second of imports

    progress.finished("dagster", perf_counter() - started, "")
    before = pipeline.stores.books.latest_snapshot()
    now = pipeline.clock()
    started = perf_counter()
    runs = run_cycle(pipeline, now)
    return Cycle(
        pipeline=pipeline,
        stages=progress.stages,
        equity_before=None if before is None else before.equity,
        at=now,
        run_ids=runs,
        seconds=perf_counter() - started,
    )
