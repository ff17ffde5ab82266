"""What the warm worker says of itself, as schedules, sensors and people read it.

It is a file of its own in the data folder, with the worker's lock beside it: a worker that is gone
is known at once, one that hangs after a few seconds.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from kraken_pipeline.domain.closes import Close, read
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.wiring import signs

FALLBACK: Final = "closes go by the schedule"
"""For a person, wherever the worker does not do them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmSign(signs.Sign):
    """What was said last."""

    @property
    def worker(self) -> str:
        """Its name, which no other one ever has; it stands on the runs that it made."""
        return self.text("worker")

    @property
    def close(self) -> Close | None:
        """What it took up last."""
        with suppress(PipelineError):
            return read(self.text("close"))
        return None

    @property
    def busy_since(self) -> datetime | None:
        """When it took that up, by this machine's clock; None once it is done."""
        with suppress(ValueError):
            return datetime.fromisoformat(self.text("busy_since"))
        return None

    @property
    def hindrance(self) -> str:
        """Why it decides nothing, in words."""
        return self.text("hindrance")

    @property
    def said(self) -> str:
        """How it is, in a sentence."""
        if not self.is_alive:
            return f"{self.lost}: {FALLBACK}"
        if self.hindrance:
            return f"there, {self.spoke}, and decides nothing: {self.hindrance}; {FALLBACK}"
        if self.close is None:
            return f"there, {self.spoke}, and was told of no close yet"
        word = "done with" if self.busy_since is None else "at work on"
        return f"there, {self.spoke}, {word} the close of {self.close.closed_at:%Y-%m-%d %H:%M}"

    def is_at_work(self, now: datetime, *, at_most: timedelta) -> bool:
        """Tell whether it is busy, and has not been for too long to wait for it.

        Args:
            now: this machine's time.
            at_most: how long it is waited for.
        """
        return self.is_alive and self.busy_since is not None and now - self.busy_since <= at_most


def place_of(folder: Path) -> str:
    """Name a data folder of this machine: its workers' names begin with it.

    Who sees a run of another place cannot tell whether its worker is there.
    """
    return digest([socket.gethostname(), str(folder.resolve())])[:12]


def new_name(folder: Path) -> str:
    """Name a worker of a data folder; no two ever have the same name."""
    return f"{place_of(folder)}-{uuid4().hex[:12]}"


def told(
    *, worker: str, close: Close | None, busy_since: datetime | None, hindrance: str
) -> Mapping[str, int | str]:
    """Return what is shown of a worker, as `warm_sign` reads it."""
    return {
        "worker": worker,
        "close": "" if close is None else close.text,
        "busy_since": "" if busy_since is None else busy_since.isoformat(),
        "hindrance": hindrance,
    }


def warm_sign(folder: Path, now: datetime) -> WarmSign | None:
    """Return what the warm worker of a data folder said last; None where none was left running.

    Args:
        folder: the data folder.
        now: this machine's time.
    """
    return signs.last_given(WarmSign, folder / signs.WARM, now)
