"""What the simulator keeps on disk: the events, the highest nonces, and how far time has come.

A line of the journal is written with one call, so a killed simulator leaves whole lines but for,
at most, the last; that one never took effect and is cut off at the next start. The other two files
hold records of fixed length, written over in place.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from kraken_pipeline.simulator.events import Event, decoded, encoded
from kraken_pipeline.simulator.nonces import Nonces

WIDTH: Final = 40


class StateError(Exception):
    """The state folder can't be used; the message says why and what to do."""


class Journal:
    """A state folder, locked for one simulator."""

    def __init__(self, folder: Path, market: Mapping[str, str | int]) -> None:
        """Open a state folder, or begin one.

        Args:
            folder: is created if it is not there.
            market: what the prices come from; a folder belongs to one market.

        Raises:
            StateError: another simulator uses the folder, it was made with another market, or it
                can't be read or written.
        """
        self.folder: Final = folder
        self._open: list[int] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock()
            _check_market(folder / "market.json", market)
            self._events = self._file("events.jsonl", os.O_APPEND)
            self.nonces: Final = Nonces(self._file("nonces"))
            self._position = self._file("position")
        except OSError as trouble:
            self.close()
            raise StateError(f"the state folder {folder} can't be used: {trouble}") from trouble
        except StateError:
            self.close()
            raise

    def _file(self, name: str, flags: int = 0) -> int:
        self._open.append(os.open(self.folder / name, os.O_RDWR | os.O_CREAT | flags, 0o600))
        return self._open[-1]

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file("lock"), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise StateError(
                f"another simulator runs on {self.folder}; stop it or give another --state-dir"
            ) from taken

    def close(self) -> None:
        """Let go of the folder."""
        while self._open:
            os.close(self._open.pop())

    def read(self) -> Iterator[Event]:
        """Yield every event since the beginning.

        Raises:
            StateError: a line before the last is damaged.
        """
        path = self.folder / "events.jsonl"
        content = path.read_bytes()
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            os.truncate(path, len(content) - len(torn))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                yield from decoded(line.decode())
            except ValueError as wrong:
                raise StateError(f"{path} is damaged in line {number}: {wrong}") from wrong

    def append(self, events: Sequence[Event]) -> None:
        """Write down events that happened together."""
        os.write(self._events, encoded(events).encode() + b"\n")

    @property
    def position(self) -> datetime | None:
        """How far the market has been run; None at the very beginning."""
        text = os.pread(self._position, WIDTH, 0).decode().strip()
        return datetime.fromisoformat(text) if text else None

    @position.setter
    def position(self, instant: datetime) -> None:
        os.pwrite(self._position, instant.isoformat().ljust(WIDTH).encode(), 0)


def _check_market(path: Path, market: Mapping[str, str | int]) -> None:
    if not path.exists():
        path.write_text(json.dumps(dict(market)), encoding="utf-8")
        return
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as wrong:
        raise StateError(f"{path} is damaged: {wrong}; give another --state-dir") from wrong
    if kept != dict(market):
        raise StateError(
            f"the state in {path.parent} was made with market {kept}, not {dict(market)};"
            " give that market or another --state-dir"
        )
