"""The instance that `dagster.yaml` describes: which runs wait, and for what."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon

from kraken_pipeline.definitions import defs
from kraken_pipeline.defs.lanes import TradingFirst
from kraken_pipeline.wiring.instance_file import OURS

ASSETS = "__ASSET_JOB"
BACKFILL = {"dagster/backfill": "abc"}
RANGE = {
    "dagster/asset_partition_range_start": "2023-01-01",
    "dagster/asset_partition_range_end": "2023-03-01",
}
LAUNCHER = """
run_launcher: {module: kraken_pipeline_tests.defs.launches, class: StartsNothing}
"""
LOADED = RemoteRepositoryOrigin(
    InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="kraken_pipeline.definitions")),
    "__repository__",
)
Status = dg.DagsterRunStatus


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """An instance as our file describes it, and the daemon that empties its queue."""

    instance: dg.DagsterInstance

    def create_request_context(self) -> Any:  # noqa: ANN401 - the launcher here looks at none
        """Return no workspace: nothing is loaded."""
        return None

    def submitted(self, job: str, tags: dict[str, str]) -> str:
        """Ask for a run as the webserver and the daemons do, and return its id."""
        definition = defs.resolve_job_def(job)
        if job == ASSETS:
            definition = definition.get_subset(asset_selection={dg.AssetKey("ohlc_1h")})
        run = self.instance.create_run_for_job(
            definition, tags=tags, remote_job_origin=RemoteJobOrigin(LOADED, job)
        )
        context = SubmitRunContext(run, self.create_request_context())
        self.instance.run_coordinator.submit_run(context)
        return run.run_id

    def dequeue(self) -> None:
        """Let the daemon look at the queue once."""
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(self))  # type: ignore[arg-type]  # it asks for no more than this

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """Return where a run is."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def end(self, run_id: str) -> None:
        """Let a run have worked."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        done = dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name
        )
        self.instance.report_dagster_event(done, run_id)


@pytest.fixture
def lanes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lanes]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(OURS, tmp_path / "dagster.yaml")
    with (tmp_path / "dagster.yaml").open("a") as file:
        file.write(LAUNCHER)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield Lanes(instance=instance)


def test_the_file_of_the_instance_names_the_coordinator(lanes: Lanes) -> None:
    assert isinstance(lanes.instance.run_coordinator, TradingFirst)


@pytest.mark.parametrize("tags", [BACKFILL, RANGE], ids=["backfill", "range"])
def test_trading_starts_at_once_while_what_fills_the_past_waits_for_its_turn(
    lanes: Lanes, tags: dict[str, str]
) -> None:
    first, second = (lanes.submitted(ASSETS, tags) for _ in range(2))
    lanes.dequeue()
    trade = lanes.submitted("trade", {})

    assert lanes.status(trade) is Status.STARTED
    assert (lanes.status(first), lanes.status(second)) == (Status.STARTED, Status.QUEUED)
    lanes.end(first)
    lanes.dequeue()
    assert lanes.status(second) is Status.STARTED


def test_what_fills_the_past_may_take_longer_than_an_hour(lanes: Lanes) -> None:
    run = lanes.instance.get_run_by_id(lanes.submitted(ASSETS, BACKFILL))

    assert run is not None
    assert int(run.tags["dagster/max_runtime"]) == 24 * 3600


def test_any_number_of_runs_that_trade_start_beside_each_other(lanes: Lanes) -> None:
    runs = [lanes.submitted("trade", {}) for _ in range(12)]

    assert {lanes.status(each) for each in runs} == {Status.STARTED}
