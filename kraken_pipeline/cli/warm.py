"""`warm`: decides and trades the closes that `stream` tells it, in a process that is warm."""

import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial

from kraken_pipeline.cli.stopping import asked_to_stop
from kraken_pipeline.defs.warm import WarmWork
from kraken_pipeline.settings import load
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.code_stamp import code_stamp
from kraken_pipeline.wiring.panic import latched_by_signal
from kraken_pipeline.wiring.warm import CHANGED
from kraken_pipeline.wiring.warm_loop import TOLD_ANEW, WarmLoop
from kraken_pipeline.wiring.warm_sign import new_name


def run(environ: Mapping[str, str]) -> int:
    """Do what is told on standard input until it ends; return the exit code.

    Raises:
        ConfigurationError: another one works on the data folder, or Dagster is not there.
        StorageError: the books cannot be read.
    """
    folder = load(environ).data_dir
    presence = signs.Presence(folder, signs.WARM)
    worker = new_name(folder)
    loop = WarmLoop(
        worker,
        show=lambda sign: presence.show(system_now(), **sign),
        say=_say,
        code=code_stamp,
        now=system_now,
    )
    with latched_by_signal(folder), asked_to_stop() as stop:
        _start(partial(_hear, loop))
        _start(partial(_obey, loop, stop))
        is_changed = loop.run(partial(WarmWork, environ, worker))
    # a fault ends it without this word: then it is missed
    presence.leave()
    if is_changed:
        _say(TOLD_ANEW)
    return CHANGED if is_changed else 0


def _hear(loop: WarmLoop) -> None:
    """Pass on each line; the end of them is the end of who told."""
    for line in sys.stdin:
        loop.tell(line)
    loop.leave()


def _obey(loop: WarmLoop, stop: threading.Event) -> None:
    stop.wait()
    loop.leave()


def _start(what: Callable[[], None]) -> None:
    threading.Thread(target=what, daemon=True).start()


def _say(text: str) -> None:
    sys.stderr.write(f"{system_now():%H:%M:%S} {text}\n")
