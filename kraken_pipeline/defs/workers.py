"""What schedule and sensor know of the warm worker: when to give way, and that it is dead."""

import time
from datetime import datetime, timedelta
from typing import Final

import dagster as dg

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.orders.sending import lease_of
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.warm_sign import WarmSign, place_of, warm_sign

WORKER: Final = "kraken/worker"
"""Run tag: the warm worker in whose process the run is. With that process it ends."""
TOLD_BY: Final = timedelta(seconds=3)
"""After a close; a worker that has not taken it up by then was not told of it."""
SPARE: Final = timedelta(seconds=6)
"""What a run that is launched needs until it decides: so long before it would be too late the
schedule waits for nobody."""
WAITED_FOR: Final = timedelta(seconds=15)
"""How long the sensor leaves orders to a worker that is at work; then it looks for itself."""
POLL_SECONDS: Final = 0.1
UNFINISHED: Final = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


def is_decided_without_us(pipeline: Pipeline, due: datetime, frames: tuple[Timeframe, ...]) -> bool:
    """Tell whether somebody else decides a close, after waiting for the warm worker to do it.

    Args:
        pipeline: knows what is decided.
        due: the close.
        frames: what is to be decided of it; one at least.
    """
    late, began = pipeline.clock() - due, time.monotonic()
    patience = min(each.max_lateness for each in frames) - SPARE
    while set(frames) & set(pipeline.undecided_frames(due)):
        waited = late + timedelta(seconds=time.monotonic() - began)
        if waited > patience or not _is_coming(_sign(pipeline), due, waited):
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_coming(sign: WarmSign | None, due: datetime, waited: timedelta) -> bool:
    """Tell whether the worker is about to decide a close."""
    if sign is None or not sign.is_alive or sign.hindrance:
        return False
    is_at_it = sign.close is not None and sign.close.closed_at == due
    return waited <= TOLD_BY or (is_at_it and sign.busy_since is not None)


def is_worker_busy(pipeline: Pipeline) -> bool:
    """Tell whether the worker is at work, and will see to orders itself."""
    sign = _sign(pipeline)
    return sign is not None and sign.is_at_work(system_now(), at_most=WAITED_FOR)


def bury_dead(instance: dg.DagsterInstance, pipeline: Pipeline) -> tuple[str, ...]:
    """Write that runs have failed whose worker's process is gone, and return their ids.

    Dagster looks after runs that it launched; of these nobody else would tell before their time is
    up, and meanwhile each would seem to be under way. The lease of one that sent is given back:
    the lock that tells that the process is gone tells that it sends no more.
    """
    place, sign = place_of(pipeline.loaded.data_dir), _sign(pipeline)
    alive = sign.worker if sign is not None and sign.is_there else ""
    unfinished = instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))
    here = [each for each in unfinished if each.tags.get(WORKER, "").startswith(place)]
    dead = [each for each in here if each.tags[WORKER] != alive]
    for each in dead:
        instance.report_run_failed(each, message="the warm worker that ran it is gone")
        pipeline.stores.orders.release_lease(lease_of(Namespace.TRADE), owner=each.run_id)
    return tuple(each.run_id for each in dead)


def _sign(pipeline: Pipeline) -> WarmSign | None:
    return warm_sign(pipeline.loaded.data_dir, system_now())
