"""What can happen to a process between two of its effects: it dies, or others run meanwhile."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kraken_pipeline_tests.fakes import Crash

JOURNALED: Final = "-wal"
REQUESTS_WEIGH: Final = 12
"""How much more often others run while a request is about to leave or was just answered."""


@dataclass(kw_only=True)
class Fuse:
    """Where a process will die."""

    steps: int
    """Effects until then."""
    is_at_request: bool
    """Only those count that are a request which changes something, leaving or answered."""
    is_power_cut: bool
    """The whole machine dies: what was not synced is lost or torn."""


@dataclass(kw_only=True)
class Perils:
    """Asked at every effect of one process: before and after each commit and each request."""

    dice: random.Random
    interrupt: Callable[[], None]
    """Lets others run; they see whatever was committed and sent by now."""
    cut: Callable[[], None]
    """Told that the power is cut at this moment."""
    interruptions: float = 0.0
    """Share of the effects at which others run."""
    fuse: Fuse | None = None
    is_dead: bool = False
    is_writing: bool = False
    """Within a transaction: nobody else can write then."""
    effects: int = 0
    is_flying: bool = False
    """Whether the request that the process dies with is under way, and will arrive all the same."""

    def pass_by(self, *, is_request: bool = False) -> None:
        """Come to an effect.

        Args:
            is_request: it is a request that changes something, or the answer to one.

        Raises:
            Crash: the process dies here, or is dead and does nothing more.
        """
        self.require_alive()
        self.effects += 1
        if self.fuse is not None and (is_request or not self.fuse.is_at_request):
            self.fuse.steps -= 1
            if self.fuse.steps < 0:
                self._die()
        often = self.interruptions * (REQUESTS_WEIGH if is_request else 1)
        if often and not self.is_writing and self.dice.random() < often:
            self.interrupt()

    def require_alive(self) -> None:
        """Do nothing more after death, also not in a `finally`.

        Raises:
            Crash: the process is dead.
        """
        if self.is_dead:
            raise Crash

    def _die(self) -> None:
        assert self.fuse is not None
        self.is_dead = True
        self.is_flying = self.dice.random() < 0.5
        if self.fuse.is_power_cut:
            self.cut()
        raise Crash


class Disk:
    """The folder of our own state, and what is left of it after the power was cut."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        """Take the folder."""
        self.folder = folder
        self._kept = folder.with_name(f"{folder.name}-kept")
        self._dice = dice

    def keep(self, *, torn_from: int | None) -> None:
        """Copy everything as it is now; the log of writes ends anywhere after `torn_from` bytes.

        What was committed before was synced, so only the last transaction can be torn.
        """
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.folder, self._kept)
        log = self._kept / f"store.db{JOURNALED}"
        if torn_from is not None and log.exists():
            size = log.stat().st_size
            if size > torn_from:
                with log.open("r+b") as file:
                    file.truncate(self._dice.randint(torn_from, size))

    def log_size(self) -> int:
        """Return how long the log of writes is."""
        log = self.folder / f"store.db{JOURNALED}"
        return log.stat().st_size if log.exists() else 0

    def restore(self) -> None:
        """Put back what was kept."""
        shutil.rmtree(self.folder)
        (self._kept / "store.db-shm").unlink(missing_ok=True)
        self._kept.rename(self.folder)
