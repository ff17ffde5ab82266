"""`run-once`: one cycle without Dagster that can place nothing."""

import os
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from kraken_pipeline.cli.output import print_json, print_warnings
from kraken_pipeline.cli.progress import Progress
from kraken_pipeline.cli.summary import Cycle, plain, show
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.pipeline import Pipeline, connect

NOT_LIVE: Final = (
    "kraken-pipeline: execution.mode is live, and run-once never is: market, account and books of "
    "this cycle are a simulator's\n"
)


def run(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Run every stage; orders are checked by the exchange and not placed.

    In live it says first that it is not the account of that mode.
    """
    progress = Progress()
    pipeline = connect(environ, rehearse=True, observer=progress.finished, progress=progress.bars)
    print_warnings(pipeline.loaded)
    if pipeline.loaded.settings.execution.mode == "live":
        sys.stderr.write(NOT_LIVE)
    try:
        cycle = rehearse(pipeline, progress)
        if as_json:
            print_json(plain(cycle))
        else:
            show(cycle, file=sys.stdout)
    finally:
        pipeline.close()


def rehearse(pipeline: Pipeline, progress: Progress) -> Cycle:
    """Run the stages in the order in which Dagster would."""
    owner = f"run-once-{os.getpid()}"
    now, before, started = (
        pipeline.clock(),
        pipeline.stores.books.latest_snapshot(),
        perf_counter(),
    )
    frames = [each for each in TIMEFRAMES.values() if each.name in pipeline.timeframes]
    pipeline.refresh_universe()
    # the longest first: the shortest bars are the freshest when the decisions come
    for frame in reversed(tuple(TIMEFRAMES.values())):
        pipeline.refresh_bars(frame)
    pipeline.keep_books()
    for frame in frames:
        pipeline.decide(frame, run_id=owner, namespace=Namespace.REHEARSAL)
    pipeline.assess(Namespace.REHEARSAL, run_id=owner)
    pipeline.submit(Namespace.REHEARSAL, owner=owner)
    pipeline.keep_books()
    pipeline.finish_plans()
    return Cycle(
        pipeline=pipeline,
        stages=progress.stages,
        equity_before=None if before is None else before.equity,
        at=now,
        run_ids=(owner,),
        seconds=perf_counter() - started,
    )
