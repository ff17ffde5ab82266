"""How a command is told to stop, and what it says of it."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

AT_ONCE: Final = 130
"""Exit code of a second signal, and of one at which nothing is finished."""


@contextlib.contextmanager
def told_of_ctrl_c(left: str) -> Iterator[None]:
    """Say in one line what an interrupted command leaves behind; typer ends it with `AT_ONCE`.

    Args:
        left: what is there now and what to do about it.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"\nkraken-pipeline: interrupted; {left}\n")
        raise


@contextlib.contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """Give what is set by SIGINT or SIGTERM; a second signal ends the process at once (SHD-1)."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(AT_ONCE)
        stop.set()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
