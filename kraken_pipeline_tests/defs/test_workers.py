"""When schedule and sensor give way to the warm worker, and when they do not."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from kraken_pipeline.defs import workers
from kraken_pipeline.defs.closes import asked_of
from kraken_pipeline.defs.warm import Warm
from kraken_pipeline.defs.workers import WORKER, bury_dead
from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.errors import LeaseLostError
from kraken_pipeline.domain.timeframes import closes_at
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.signs import WARM, Presence
from kraken_pipeline.wiring.warm_sign import new_name, place_of, told
from kraken_pipeline_tests.defs.runs import Runs, reason
from kraken_pipeline_tests.paper_market import NOON, PaperMarket

NOONS = Close(closed_at=NOON, frames=closes_at(NOON))


@pytest.fixture
def presence(market: PaperMarket) -> Iterator[Presence]:
    """Stand in the worker's place."""
    taken = Presence(market.data_dir, WARM)
    yield taken
    taken.drop()


def me(runs: Runs) -> str:
    """Name a worker of the pipeline's folder."""
    return f"{place_of(runs.pipeline.loaded.data_dir)}-me"


def show(
    presence: Presence,
    *,
    worker: str = "me",
    busy: bool = True,
    hindrance: str = "",
    age: int = 0,
) -> None:
    since = system_now() if busy else None
    presence.show(
        system_now() - timedelta(seconds=age),
        **told(worker=worker, close=NOONS, busy_since=since, hindrance=hindrance),
    )


@contextmanager
def speaking(presence: Presence) -> Iterator[None]:
    """Show each second that the worker is busy."""
    done = threading.Event()

    def speak() -> None:
        while not done.wait(1):
            show(presence)

    voice = threading.Thread(target=speak)
    voice.start()
    try:
        yield
    finally:
        done.set()
        voice.join()


def quickly(runs: Runs) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule asks for at noon; it may not wait for anybody."""
    began = time.monotonic()
    answer = asked_of(runs.pipeline, runs.instance, NOON)
    assert time.monotonic() - began < 1
    return answer


def test_the_schedule_waits_for_a_worker_that_is_at_it_and_finds_nothing_left(
    runs: Runs, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    # however long this machine takes to decide
    monkeypatch.setattr(workers, "SPARE", -timedelta(minutes=10))
    show(presence)
    warm = Warm(pipeline=runs.pipeline, instance=runs.instance, worker=me(runs))
    started = threading.Timer(0.3, warm.decide_and_trade, (NOONS,))
    started.start()
    with speaking(presence):
        answer = asked_of(runs.pipeline, runs.instance, NOON)
        started.join()

    assert reason(answer) == "the close of 12:00 is decided; no run is needed"
    assert runs.instance.get_runs_count() == 2


@pytest.mark.parametrize(
    "how",
    [
        {"busy": False},
        {"age": 60},
        {"hindrance": "the schedule is turned off"},
    ],
)
def test_the_schedule_waits_for_no_worker_that_does_not_do_it(
    runs: Runs, presence: Presence, how: dict[str, int]
) -> None:
    show(presence, **how)  # type: ignore[arg-type]  # each is given what it takes

    assert isinstance(quickly(runs), dg.RunRequest)


def test_the_schedule_goes_at_once_when_the_worker_dies(runs: Runs, market: PaperMarket) -> None:
    mortal = Presence(market.data_dir, WARM)
    show(mortal)
    dies = threading.Timer(0.3, mortal.drop)
    dies.start()

    assert isinstance(quickly(runs), dg.RunRequest)
    dies.join()


def test_the_schedule_waits_no_longer_than_is_left_to_decide(
    runs: Runs, market: PaperMarket, presence: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = NOON + timedelta(minutes=1)
    market.turn(minute + timedelta(seconds=14))
    presence.show(
        system_now(),
        **told(
            worker="me",
            close=Close(closed_at=minute, frames=closes_at(minute)),
            busy_since=system_now(),
            hindrance="",
        ),
    )
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.01)

    answer = asked_of(runs.pipeline, runs.instance, minute)

    assert isinstance(answer, dg.RunRequest)


def test_the_sensor_leaves_orders_to_a_worker_that_is_at_work(
    runs: Runs, presence: Presence
) -> None:
    runs.assets("decisions_4h")
    show(presence)
    while_at_work = runs.asked_to_trade()
    show(presence, busy=False)

    assert reason(while_at_work) == "no new decision, no order to send or settle"
    assert isinstance(runs.asked_to_trade(), dg.RunRequest)


@pytest.fixture
def orphan(runs: Runs) -> dg.DagsterRun:
    """A run that holds the lease, in the process of a worker."""
    job = runs.definitions.resolve_job_def("trade")
    run = runs.instance.create_run_for_job(
        job, tags={WORKER: me(runs)}, status=dg.DagsterRunStatus.STARTED
    )
    _take_lease(runs, run.run_id)
    return run


def _take_lease(runs: Runs, owner: str) -> None:
    runs.pipeline.stores.orders.take_lease(
        "orders-trade", owner=owner, now=runs.pipeline.clock(), length=timedelta(minutes=1)
    )


def test_a_run_of_a_worker_that_is_gone_has_failed_and_holds_no_lease(
    runs: Runs, orphan: dg.DagsterRun
) -> None:
    assert bury_dead(runs.instance, runs.pipeline) == (orphan.run_id,)

    [buried] = runs.instance.get_runs()
    assert buried.status is dg.DagsterRunStatus.FAILURE
    _take_lease(runs, "another")


def test_a_run_of_a_worker_that_is_there_is_left_alone_though_it_is_silent(
    runs: Runs, orphan: dg.DagsterRun, presence: Presence
) -> None:
    show(presence, worker=me(runs), age=60)

    assert bury_dead(runs.instance, runs.pipeline) == ()
    with pytest.raises(LeaseLostError):
        _take_lease(runs, "another")


def test_a_run_of_a_worker_of_another_place_is_left_to_who_can_see_it(runs: Runs) -> None:
    job = runs.definitions.resolve_job_def("trade")
    elsewhere = {WORKER: new_name(Path("/elsewhere"))}
    runs.instance.create_run_for_job(job, tags=elsewhere, status=dg.DagsterRunStatus.STARTED)

    assert bury_dead(runs.instance, runs.pipeline) == ()


def test_a_run_that_dagster_launched_is_left_to_dagster(runs: Runs) -> None:
    runs.begun("trade", "a cause", dg.DagsterRunStatus.STARTED)

    assert bury_dead(runs.instance, runs.pipeline) == ()


def test_after_a_dead_workers_run_the_schedule_asks_for_another_of_the_same_close(
    runs: Runs,
) -> None:
    first = quickly(runs)
    assert isinstance(first, dg.RunRequest)
    runs.instance.create_run_for_job(
        runs.definitions.resolve_job_def("refresh_and_decide"),
        tags={**first.tags, WORKER: me(runs)},
        status=dg.DagsterRunStatus.STARTED,
    )

    second = quickly(runs)

    assert isinstance(second, dg.RunRequest)
    assert second.run_key == f"{first.run_key}/2"
    assert second.tags == first.tags
