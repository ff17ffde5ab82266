"""A launcher for instances of tests: the run is there and started, and nothing works on it."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._serdes import ConfigurableClass, ConfigurableClassData


class StartsNothing(RunLauncher, ConfigurableClass):
    """Leaves each run that it is given as it would be while it works."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        """Take what Dagster keeps with a configured class."""
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]  # Dagster's own

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What Dagster keeps with it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, object]:
        """Take no configuration."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]
    ) -> "StartsNothing":
        """Return one."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Say that it started."""
        started = dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.RUN_START.value,
            job_name=context.dagster_run.job_name,
        )
        self._instance.report_dagster_event(started, context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:
        """There is nothing to end."""
        return False
