"""How a command that runs until it is told to stop is told so."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

AT_ONCE: Final = 130
"""Exit code of a second signal."""


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
