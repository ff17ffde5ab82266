"""One instance for a key: two that do not know of each other would count and number apart (SEC-5).

An instance is a data folder; all its processes share nonce marks and counters. Each holds a shared
lock on a file of the key's, in which the folder is written. Whoever comes with another folder finds
the lock taken.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from platformdirs import user_state_path

from kraken_pipeline.domain.errors import ConfigurationError

USUAL_FOLDER: Final = user_state_path("kraken_pipeline") / "keys-in-use"
"""The same for every instance of a user on a machine, wherever its data lies."""
LONGEST: Final = 4096
"""Bytes of a path."""


class InstanceLock:
    """Holds a key for an instance as long as this process lives, or until it is let go."""

    def __init__(self, folder: Path, key_id: str) -> None:
        """Name the file; nothing is opened yet.

        Args:
            folder: where the locks of all instances lie.
            key_id: the key's name, from which it cannot be read back.
        """
        self._file = folder / key_id
        self._held: int | None = None

    def take(self, instance: Path) -> str:
        """Hold the key for an instance and return nothing, or return whose it is.

        Raises:
            ConfigurationError: the file cannot be made.
        """
        held = self._held = self._opened() if self._held is None else self._held
        with contextlib.suppress(BlockingIOError):
            # alone for a moment, where nobody else is
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(held, 0)
            os.pwrite(held, str(instance).encode(), 0)
        # waits only for somebody who is alone for a moment; then whoever wrote last counts
        fcntl.flock(held, fcntl.LOCK_SH)
        owner = os.pread(held, LONGEST, 0).decode(errors="replace")
        if owner == str(instance):
            return ""
        self.release()
        return f"another instance uses the key, with its data in {owner}"

    def release(self) -> None:
        """Let the key go."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _opened(self) -> int:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise ConfigurationError(
                f"{self._file} cannot be made, so nobody can tell who uses the key: "
                f"{failure.strerror}"
            ) from failure
