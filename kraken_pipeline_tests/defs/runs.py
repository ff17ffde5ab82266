"""What Dagster runs, run in this process and kept in memory."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from kraken_pipeline.defs.book_words import BOOKS
from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.decisions import decisions
from kraken_pipeline.defs.history import ohlc
from kraken_pipeline.defs.partitions import BAR_CLOSE, DECIDES_FOR
from kraken_pipeline.defs.portfolio import books
from kraken_pipeline.defs.trading import CAUSE, new_decisions
from kraken_pipeline.defs.universe import pair_universe
from kraken_pipeline.wiring.emergency import Emergency
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import MONTH, PaperMarket

ASSETS = (pair_universe, ohlc, books, decisions)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
FIRST_DAY = "dagster/asset_partition_range_start"
LAST_DAY = "dagster/asset_partition_range_end"


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Starts what Dagster would, around one pipeline."""

    pipeline: Pipeline
    instance: dg.DagsterInstance
    environ: Mapping[str, str]

    @classmethod
    @contextlib.contextmanager
    def on(cls, market: PaperMarket) -> Iterator["Runs"]:
        """Connect a pipeline of its own to a market, for one whose configuration was changed."""
        with market.pipeline() as pipeline, dg.DagsterInstance.ephemeral() as instance:
            yield cls(pipeline=pipeline, instance=instance, environ=market.environ)

    @property
    def definitions(self) -> dg.Definitions:
        """What Dagster loads."""
        return build(
            dg.ResourceDefinition.hardcoded_resource(self.pipeline),
            dg.ResourceDefinition.hardcoded_resource(self.emergency),
        )

    @property
    def emergency(self) -> Emergency:
        """Return the way out, on the market of the pipeline."""
        return Emergency(
            environ=self.environ, connected=lambda: contextlib.nullcontext(self.pipeline)
        )

    def assets(
        self,
        *names: str,
        month: str = MONTH,
        close: datetime | None = None,
        by_hand: bool = False,
    ) -> dg.ExecuteInProcessResult:
        """Materialise assets of a month as a cycle, for a close the schedule, or a person does."""
        tags = {} if by_hand else {DECIDES_FOR: "trade"}
        return dg.materialize(
            ASSETS,
            selection=list(names),
            instance=self.instance,
            resources={"pipeline": self.pipeline},
            partition_key=month if any(map(_is_of_months, names)) else None,
            run_config=QUIET,
            tags=tags if close is None else {**tags, BAR_CLOSE: close.isoformat()},
            raise_on_error=False,
        )

    def backfill(
        self, *names: str, first: str, last: str, max_calls: int = 0
    ) -> dg.ExecuteInProcessResult:
        """Materialise assets of several months in one run, as a backfill does.

        Args:
            names: of the assets.
            first: month.
            last: month.
            max_calls: how many may be made for trades of months that are over.
        """
        past = {"ops": {"ohlc": {"config": {"max_calls": max_calls}}}}
        return dg.materialize(
            ASSETS,
            selection=list(names),
            instance=self.instance,
            resources={"pipeline": self.pipeline},
            run_config=QUIET | (past if any(each.startswith("ohlc") for each in names) else {}),
            tags={FIRST_DAY: first, LAST_DAY: last},
            raise_on_error=False,
        )

    def job(self, name: str, **tags: str) -> dg.ExecuteInProcessResult:
        """Run a job of ops."""
        return self.definitions.resolve_job_def(name).execute_in_process(
            instance=self.instance, run_config=QUIET, tags=tags, raise_on_error=False
        )

    def begun(self, name: str, cause: str, status: dg.DagsterRunStatus) -> None:
        """Keep a run of a job for a cause that stands at a status."""
        job = self.definitions.resolve_job_def(name)
        self.instance.create_run_for_job(job, tags={CAUSE: cause}, status=status)

    def asked_to_trade(self) -> dg.RunRequest | dg.SkipReason:
        """Return what the sensor of new decisions says."""
        context = dg.build_sensor_context(
            instance=self.instance, resources={"pipeline": self.pipeline}
        )
        return as_answer(new_decisions(context))


def as_answer(said: object) -> dg.RunRequest | dg.SkipReason:
    """Return what a sensor or a schedule said, which is one of two."""
    assert isinstance(said, dg.RunRequest | dg.SkipReason)
    return said


def reason(answer: dg.RunRequest | dg.SkipReason) -> str:
    """Return why nothing was asked for."""
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> Mapping[str, Any]:
    """Return what a run said of the asset; its values are as many-shaped as Dagster's."""
    done, *_ = [
        each
        for each in result.asset_materializations_for_node(_step_of(asset))
        if each.asset_key == dg.AssetKey(asset) and each.metadata
    ]
    return {name: value.value for name, value in done.metadata.items()}


def verdicts_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, bool]:
    """Return whether each check of the asset passed."""
    return {
        each.check_name: each.passed
        for each in result.get_asset_check_evaluations()
        if each.asset_key == dg.AssetKey(asset)
    }


def failures_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return what made each step fail, with its causes."""
    failures = []
    for each in result.all_events:
        if each.is_step_failure:
            said, error = [], each.step_failure_data.error
            while error is not None:
                said.append(error.message)
                error = error.cause
            failures.append(" because ".join(said))
    return failures


def _step_of(asset: str) -> str:
    if asset in BOOKS:
        return books.op.name
    return asset.partition("_")[0] if _is_of_months(asset) else asset


def _is_of_months(asset: str) -> bool:
    return asset.startswith(("ohlc_", "decisions_"))
