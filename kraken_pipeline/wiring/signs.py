"""Signs of life between processes: of the order service to the guardian, and the reverse.

They are files in the data folder, replaced whole, with this machine's time. Whoever stops, for
whatever reason, stops giving them; nobody has to say that he is dead (DMS-1).
"""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.switch import Keeper, Life

BEAT: Final = "heartbeat.json"
"""The order service works: its daemon comes by, and its books can be read."""
SETTLED: Final = "settled.json"
"""When every order was last compared with the exchange."""
GUARDIAN: Final = "guardian.json"
STREAM: Final = "stream.json"
"""What the stream's listener says of itself."""
MARKET: Final = "market.json"
"""What the market's listener says of itself; what it heard is in a file of its own."""
WARM: Final = "warm.json"
"""What the warm worker says of itself."""
SILENCE: Final = timedelta(seconds=8)
"""After so long without a sign who gave it is lost, also where his process is still there."""
AHEAD: Final = timedelta(seconds=5)
"""By how much the clock may be set back before signs count as none."""
TRIES: Final = 10
"""Whoever looks at the lock holds it for an instant."""
PAUSE_SECONDS: Final = 0.05

LISTENS: Final = "kraken-pipeline stream"
"""The command that starts the listeners."""
SignT = TypeVar("SignT", bound="Sign")


def give(file: Path, at: datetime, **more: int | str) -> None:
    """Replace a sign with one of now.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    told = {"at": at.isoformat(), "pid": os.getpid(), **more}
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w") as draft:
                json.dump(told, draft)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as failure:
        raise ConfigurationError(f"{file} cannot be written: {failure.strerror}") from failure


def life(folder: Path, now: datetime) -> Life:
    """Return what the order service showed last."""
    beat = read(folder / BEAT)
    return Life(
        beat_age=age_of(beat, now),
        settled_age=age_of(read(folder / SETTLED), now),
        epoch=_epoch(beat),
    )


def keeper(folder: Path, now: datetime) -> Keeper:
    """Tell who renews the dead man's switch: a guardian that left without a word is lost."""
    file = folder / GUARDIAN
    if not file.exists():
        return Keeper.SCHEDULE
    age = age_of(read(file), now)
    is_alive = age is not None and age <= SILENCE and is_held(folder / GUARDIAN)
    # it may have left in the meantime, in good order
    return Keeper.GUARDIAN if is_alive else Keeper.LOST if file.exists() else Keeper.SCHEDULE


def dismiss(folder: Path) -> bool:
    """Forget who is lost, so that the work goes on without him; False if nobody is.

    Without a guardian the schedule renews the switch; without a listener orders are only polled;
    without a warm worker the schedule has the closes decided.
    """
    known = [folder / name for name in (GUARDIAN, STREAM, MARKET, WARM)]
    lost = [sign for sign in known if sign.exists() and not is_held(sign)]
    for sign in lost:
        sign.unlink(missing_ok=True)
    return bool(lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A sign as it was given last, and what became of who gave it."""

    told: Mapping[str, object]
    age: timedelta | None
    """Since it was given; None where it was not yet, or with another clock."""
    is_there: bool
    """Whether the process is."""

    @property
    def is_alive(self) -> bool:
        """Whether it is there and gave its sign of late."""
        return self.is_there and self.age is not None and self.age <= SILENCE

    @property
    def spoke(self) -> str:
        """When it was given, in words."""
        return "never spoke" if self.age is None else f"spoke {self.age.total_seconds():.0f} s ago"

    @property
    def lost(self) -> str:
        """What became of who is not alive, in words."""
        return f"{'frozen' if self.is_there else 'lost'}, {self.spoke}"

    @property
    def way_out(self) -> str:
        """What a person may do for a listener that is not alive."""
        # until a frozen one is ended nobody can take its place
        end = "end its process, then " if self.is_there else ""
        return f"{end}start `{LISTENS}`, or `kraken-pipeline resume` to go on without"

    def text(self, name: str) -> str:
        """Return what was said under a name; nothing if that is not there."""
        return str(self.told.get(name, ""))

    def count(self, name: str) -> int:
        """Return a number that was said; 0 if it is none."""
        value = self.told.get(name)
        return value if isinstance(value, int) else 0


def last_given(kind: type[SignT], file: Path, now: datetime) -> SignT | None:
    """Return a sign; None where its giver was never started, or left in good order.

    Args:
        kind: as what it is read.
        file: the sign.
        now: this machine's time.
    """
    if not file.exists():
        return None
    told = read(file)
    return kind(told=told, age=age_of(told, now), is_there=is_held(file))


class Presence:
    """The own sign of a process of which there is one for a folder, as guardian and listener."""

    def __init__(self, folder: Path, sign: str = GUARDIAN) -> None:
        """Take the place, or find it taken.

        Args:
            folder: the data folder.
            sign: the name of the file that is shown.

        Raises:
            ConfigurationError: another such process runs on the folder, or it cannot be written.
        """
        self._file = folder / sign
        lock = _lock_of(self._file)
        try:
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise ConfigurationError(f"{lock}: {failure.strerror}") from failure
        for _ in range(TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(PAUSE_SECONDS)
        os.close(self._lock)
        name = self._file.stem
        raise ConfigurationError(f"another {name} runs on {folder}; end it first")

    def show(self, now: datetime, **more: int | str) -> None:
        """Give the sign, with what else it says.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        give(self._file, now, **more)

    def leave(self) -> None:
        """Go in good order: nobody is lost."""
        self._file.unlink(missing_ok=True)
        self.drop()

    def drop(self) -> None:
        """Go without a word, as a process does that is killed."""
        os.close(self._lock)


def _lock_of(sign: Path) -> Path:
    return sign.with_suffix(".lock")


def read(file: Path) -> Mapping[str, object]:
    """Return what a sign says; nothing where it is not there or is no sign."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(file.read_text())
        if isinstance(told, dict):
            return told
    return {}


def age_of(told: Mapping[str, object], now: datetime) -> timedelta | None:
    """Return how old a sign is; None where there is none, or one from the future is."""
    with contextlib.suppress(ValueError, TypeError):
        age = now - datetime.fromisoformat(str(told.get("at")))
        return abs(age) if age >= -AHEAD else None
    return None


def _epoch(told: Mapping[str, object]) -> int:
    epoch = told.get("epoch")
    return epoch if isinstance(epoch, int) else 0


def is_held(sign: Path) -> bool:
    """Tell whether the process that gives a sign is there."""
    try:
        with _lock_of(sign).open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
