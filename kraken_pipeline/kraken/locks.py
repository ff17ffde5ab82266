"""Locks between the processes of this machine. The system gives one back when its holder dies."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.002
"""How often a taken lock is asked for again."""


def opened(file: Path, *, flags: int = 0) -> int:
    """Open a file, making folder and file where they are missing, for their owner alone."""
    flags |= os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(file, flags, 0o600)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        return os.open(file, flags, 0o600)


def locked(handle: int, until: float, *, alone: bool = True) -> bool:
    """Take the lock before the monotonic instant `until`, and tell whether it was had."""
    while not taken(handle, alone=alone):
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def taken(handle: int, *, alone: bool = True) -> bool:
    """Take the lock if it is free now, alone or with others, and tell whether it was had."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
