"""Closes that are decided and traded in a process that has everything loaded already.

It runs the jobs of the schedule and of the sensor, with their tags and their keys, so that nothing
can be done by both that is not done once; Dagster shows its runs as any others. What a launched run
spends on starting Python, reading the code and opening the books is not spent here.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import dagster as dg

from kraken_pipeline.defs import closes, trading
from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.resources import emergency_resource
from kraken_pipeline.defs.workers import WORKER, bury_dead
from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import load
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.code_stamp import settings_stamp
from kraken_pipeline.wiring.collecting import keep_what_is_there
from kraken_pipeline.wiring.dagster_files import held_open
from kraken_pipeline.wiring.home import DAGSTER_HOME
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.waiting import LOOKS

QUIET: Final[dict[str, Any]] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster keeps every event; nobody reads a console here."""
SCHEDULE: Final = "dagster/schedule_name"
SCHEDULED_AT: Final = ".dagster/scheduled_execution_time"
SENSOR: Final = "dagster/sensor_name"
RUN_KEY: Final = "dagster/run_key"
"""Run tags by which Dagster's daemon knows that a run was made that it is about to ask for.

Source: `_get_existing_run_for_request` in dagster/_scheduler/scheduler.py and `fetch_existing_runs`
in dagster/_daemon/sensor.py of 1.13.
"""
DAEMON_SILENCE: Final = timedelta(seconds=60)
"""Without a sign of Dagster's daemon for so long nothing is decided: nobody would look after it."""
TOO_LONG: Final = 70
"""Exit code of a worker whose run took longer than it may."""


@dataclass(frozen=True, kw_only=True)
class Warm:
    """One pipeline and one instance, both open."""

    pipeline: Pipeline
    instance: dg.DagsterInstance
    worker: str
    """The name that the runs bear."""

    def prepare(self) -> None:
        """Load what the first close would else have to load. Nothing is written or asked."""
        for name in (closes.refresh_and_decide.name, trading.trade.name):
            self._definitions.resolve_job_def(name)
        self.pipeline.stale_frames(system_now())

    def hindrance(self) -> str:
        """Return why nothing may be decided here now; nothing where it may.

        Whoever turns the schedule off, or ends Dagster, wants nothing decided or traded.
        """
        for state in self.instance.all_instigator_state():
            if state.instigator_name in INSTIGATORS and state.status.value == "STOPPED":
                return f"{state.instigator_name} is turned off in Dagster"
        beat = signs.life(self.pipeline.loaded.data_dir, system_now()).beat_age
        if beat is None or beat > DAEMON_SILENCE:
            return "Dagster's daemon is not there to look after orders"
        if self.pipeline.has_no_universe:
            return "there is no universe yet, and the first fill of the candles takes its time"
        return ""

    def decide_and_trade(self, close: Close) -> bool:
        """Decide a close where that is still to be done, then trade what was decided.

        Args:
            close: what closed.

        Returns:
            Whether every run that was made ended well.
        """
        due = close.closed_at
        undecided = set(self.pipeline.undecided_frames(due)) & set(close.frames)
        frames = tuple(each for each in closes.due_frames(self.pipeline, due) if each in undecided)
        if not frames:
            return True
        asked = closes.request_for(self.pipeline, self.instance, due, frames)
        by = {SCHEDULE: closes.bar_close.name, SCHEDULED_AT: due.isoformat()}
        return self._run(closes.refresh_and_decide.name, asked, by) & self._trade()

    def _trade(self) -> bool:
        """Start `trade` as the sensor would; what is a look and no work is left to it."""
        cause = self.pipeline.work()
        if not cause or cause.startswith(LOOKS):
            return True
        asked = trading.request_for(self.pipeline, self.instance, cause)
        if isinstance(asked, dg.SkipReason):
            return True
        return self._run(trading.trade.name, asked, {SENSOR: trading.new_decisions.name})

    def _run(self, name: str, asked: dg.RunRequest, by: Mapping[str, str]) -> bool:
        job = self._definitions.resolve_job_def(name)
        key = {} if asked.run_key is None else {RUN_KEY: asked.run_key}
        with _ended_after(int(job.tags["dagster/max_runtime"])):
            result = job.execute_in_process(
                instance=self.instance,
                partition_key=asked.partition_key,
                asset_selection=list(asked.asset_selection) if asked.asset_selection else None,
                run_config=QUIET,
                tags={**asked.tags, **key, **by, WORKER: self.worker},
                raise_on_error=False,
            )
        return result.success

    @cached_property
    def _definitions(self) -> dg.Definitions:
        return build(dg.ResourceDefinition.hardcoded_resource(self.pipeline), emergency_resource)


INSTIGATORS: Final = frozenset({closes.bar_close.name, trading.new_decisions.name})


@contextmanager
def _ended_after(seconds: int) -> Iterator[None]:
    """End this process if what it runs takes too long: there is no other way to end a run here."""
    watch = threading.Timer(seconds, os._exit, (TOO_LONG,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


class WarmWork:
    """Keeps a pipeline and an instance open from one close to the next; used by one thread.

    Raises:
        ConfigurationError: there is no Dagster instance, or the configuration is wrong.
    """

    def __init__(self, environ: Mapping[str, str], worker: str) -> None:
        """Open both.

        Args:
            environ: the environment; it names the folder of the instance.
            worker: the name that the runs bear.
        """
        self._environ, self._worker = environ, worker
        self._opened = ExitStack()
        self._instance = self._opened.enter_context(_instance(environ))
        self._opened.enter_context(held_open(Path(self._instance.root_directory)))
        self._warm: Warm | None = None
        self._stamp = ""
        bury_dead(self._instance, self._current().pipeline)
        self._current().prepare()
        keep_what_is_there()
        self._has_done_one = False

    def hindrance(self) -> str:
        """Return why closes are not decided here now; nothing where they are."""
        return self._current().hindrance()

    def do(self, close: Close) -> bool:
        """Decide and trade a close, and tell whether everything went well."""
        went_well = False
        try:
            went_well = self._current().decide_and_trade(close)
        finally:
            if not went_well:
                # whatever it was that went stale: the next close starts from nothing, as a run does
                self._let_go()
        if not self._has_done_one:
            # the first close loads what none before it needed
            self._has_done_one = True
            keep_what_is_there()
        return went_well

    def close(self) -> None:
        """Close the pipeline and the instance."""
        self._let_go()
        self._opened.close()

    def _current(self) -> Warm:
        """Return a pipeline of the configuration and the keys that are on disk now."""
        stamp = settings_stamp(load(self._environ))
        if self._warm is None or stamp != self._stamp:
            self._let_go()
            pipeline = connect(self._environ)
            self._warm = Warm(pipeline=pipeline, instance=self._instance, worker=self._worker)
            self._stamp = stamp
        return self._warm

    def _let_go(self) -> None:
        if self._warm is not None:
            self._warm.pipeline.close()
        self._warm = None


def _instance(environ: Mapping[str, str]) -> dg.DagsterInstance:
    home = environ.get(DAGSTER_HOME, "")
    try:
        return dg.DagsterInstance.get()
    except (dg.DagsterError, OSError) as failure:
        raise ConfigurationError(
            f"{DAGSTER_HOME} is {home!r}, which is no Dagster instance: {failure}"
        ) from failure
