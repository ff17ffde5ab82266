"""`guard`: the dead man's switch in a process of its own, until Ctrl-C."""

import sys
import threading
from collections.abc import Mapping
from typing import Final

from kraken_pipeline.cli.output import print_warnings
from kraken_pipeline.cli.stopping import asked_to_stop
from kraken_pipeline.domain.errors import OutcomeUnknownError, PipelineError
from kraken_pipeline.domain.switch import Switch
from kraken_pipeline.services.protection.guardian import Guardian, Left
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.panic import latched_by_signal
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.signs import Presence

STEP_SECONDS: Final = 1.0
"""Between two looks; it renews when that is due."""


def run(environ: Mapping[str, str]) -> None:
    """Keep the switch until a signal; a second one ends at once and leaves the switch to act.

    Raises:
        ConfigurationError: another guardian runs on the data folder, or nothing is to be guarded.
        OutcomeUnknownError: orders may be left at the exchange; the switch stands over them.
    """
    pipeline = connect(environ)
    print_warnings(pipeline.loaded)
    try:
        guardian = pipeline.guardian()
        presence = Presence(pipeline.loaded.data_dir)
        with latched_by_signal(pipeline.loaded.data_dir), asked_to_stop() as stop:
            _say(f"guarding {pipeline.loaded.data_dir}; Ctrl-C hands the switch over")
            _keep(guardian, presence, stop)
            left = guardian.leave()
            presence.leave()
        _say_farewell(left, pipeline)
    finally:
        pipeline.close()


def _keep(guardian: Guardian, presence: Presence, stop: threading.Event) -> None:
    before = None
    while not stop.is_set():
        trouble, switch = _stepped(guardian, presence)
        # times alone are no news
        now = (
            trouble.partition(":")[0],
            switch and (switch.armed_until is None, switch.foreign),
        )
        if now != before:
            said = "cannot be told of" if switch is None else switch.said
            _say(f"switch {said}" + (f"; NOT RENEWED: {trouble}" if trouble else ""))
            if switch is not None and switch.foreign:
                _say(f"it would also cancel what is not ours: {'; '.join(switch.foreign)}")
        before = now
        stop.wait(STEP_SECONDS)


def _stepped(guardian: Guardian, presence: Presence) -> tuple[str, Switch | None]:
    """Do one step and return what is in its way, if anything, and what is known of the switch.

    Books that are out of reach for a moment must not end it: the switch fires only if they stay so.
    """
    try:
        presence.show(system_now())
        return guardian.step(), guardian.switch()
    except PipelineError as failure:
        return str(failure), None


def _say_farewell(left: Left, pipeline: Pipeline) -> None:
    said = pipeline.stores.switches.switch().said
    if left.still_there:
        names = ", ".join(each.local_id for each in left.still_there)
        raise OutcomeUnknownError(f"not proven canceled: {names}; the switch is {said}")
    if left.handed_over:
        _say(f"Dagster's schedule keeps the switch now; {said}")
    else:
        _say(f"our orders that need the switch are canceled; it is {said}")


def _say(text: str) -> None:
    sys.stderr.write(f"{system_now():%H:%M:%S} {text}\n")
