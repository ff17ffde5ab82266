"""Parts of the bars as files: a folder for each timeframe, in it one for each UTC month.

A part is written beside its place and renamed into it, so that it is there whole or not at all; a
merged one is written beside those that it stands for, which its name tells, and then they are
deleted. The lock's file counts the writers' turns, so that a reader sees by one number whether what
it listed still counts; the number is odd while a turn goes on, and stays so if the writer dies.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from kraken_pipeline.domain.errors import ConfigurationError, StorageError
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_parts
from kraken_pipeline.store.bar_shelves import LOCK, GoneError, Listing, Part

DAMAGED: Final = "damaged"
"""Folder of what was taken out."""
SMALL: Final = 1 << 20
"""Bytes up to which a file is read at once."""
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NAME: Final = re.compile(r"part-(\d{6})-(\d{6})-([0-9a-f]{8})\.(?:parquet|arrow)")
"""First and last append that it stands for, the CRC-32 by which it is known again, its format."""
_TEMPORARY: Final = ".tmp"
_COUNTER_BYTES: Final = 8


class FolderShelf:
    """Parts under one folder."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it need not be there yet."""
        self._root = root

    def state(self, frame: Timeframe) -> int | None:
        """Return the number of the last turn, or None while one goes on or after one was cut."""
        try:
            lock = os.open(self._root / frame.name / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            count = _count(lock)
        finally:
            os.close(lock)
        return None if count % 2 else count

    def listing(self, frame: Timeframe) -> Listing:
        """Return the parts of a timeframe.

        Raises:
            ConfigurationError: something lies there that is none of ours.
        """
        return {folder.name: parts_in(folder) for folder in self._months(frame)}

    @contextmanager
    def opened(self, part: Part) -> Iterator[Any]:
        """Open a part as pyarrow reads files.

        Raises:
            GoneError: it was merged away.
            ConfigurationError: the file cannot be read.
        """
        try:
            with pa.OSFile(str(part.place)) as file:
                small = pa.BufferReader(file.read_buffer()) if file.size() <= SMALL else None
                yield file if small is None else small
        except FileNotFoundError as error:
            raise GoneError(str(part.place)) from error
        except OSError as error:
            raise self.torn(part, str(error)) from error

    @contextmanager
    def turn(self, frame: Timeframe) -> Iterator["_FolderTurn"]:
        """Wait for the lock of a timeframe; it dies with its process.

        Raises:
            StorageError: nothing can be written: the disk is full, or fails.
        """
        try:
            with self._locked(frame) as descriptor:
                turn = _FolderTurn(self, frame, descriptor)
                yield turn
                turn.end()
        except OSError as error:
            raise StorageError(
                f"the bars cannot be kept: {error}. Free some space, or mend the disk, then look "
                "with `kraken-pipeline history verify`"
            ) from error

    def torn(self, part: Part, why: str) -> ConfigurationError:
        """Return an error that names a part which cannot be read, and the remedy."""
        return ConfigurationError(
            f"{part.place} cannot be read: {why}. `history repair` takes it out; its bars are "
            "missing then, and `history fetch` brings them back"
        )

    def close(self) -> None:
        """Leave it: nothing is held open."""

    def folder(self, frame: Timeframe, month: str) -> Path:
        """Return where a month's parts lie."""
        return self._root / frame.name / month

    def aside(self, frame: Timeframe, month: str) -> Path:
        """Return where damaged parts of a month are put."""
        return self._root / DAMAGED / frame.name / month

    @contextmanager
    def _locked(self, frame: Timeframe) -> Iterator[int]:
        folder = self._root / frame.name
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _months(self, frame: Timeframe) -> list[Path]:
        folder = self._root / frame.name
        found = []
        for path in folder.iterdir() if folder.is_dir() else ():
            if _MONTH.fullmatch(path.name):
                found.append(path)
            elif path.name != LOCK:
                raise ConfigurationError(f"{path} is no month of bars; move it away")
        return sorted(found)


class _FolderTurn:
    """The one writer's."""

    def __init__(self, shelf: FolderShelf, frame: Timeframe, lock: int) -> None:
        self._shelf = shelf
        self._frame = frame
        self._lock = lock
        self._count = _count(lock)
        self.before = None if self._count % 2 else self._count

    @property
    def after(self) -> int:
        """The number of the turn, or of the last one in which anything was written."""
        return self._count

    def end(self) -> None:
        """Say that the turn is over."""
        if self._count % 2:
            self._tell(self._count + 1)

    def _tell(self, count: int) -> None:
        os.pwrite(self._lock, count.to_bytes(_COUNTER_BYTES, "little"), 0)
        self._count = count

    def listing(self) -> Listing:
        """Return the parts that there are, and delete what writers that died left."""
        found = self._shelf.listing(self._frame)
        for month, parts in found.items():
            live = {each.place for each in parts}
            for path in self._shelf.folder(self._frame, month).iterdir():
                if path not in live:
                    path.unlink()
        return found

    def put(
        self,
        month: str,
        table: Any,  # noqa: ANN401 - pyarrow ships no types
        *,
        span: tuple[int, int],
        replaced: Sequence[Part] = (),
    ) -> Part:
        """Write a part so that after a crash it is there whole or not at all."""
        self._tell(self._count | 1)
        folder = self._shelf.folder(self._frame, month)
        if not folder.is_dir():
            folder.mkdir()
            sync_folder(folder.parent)
        first, last = span
        temporary = folder / f".part-{first:06}-{last:06}{_TEMPORARY}"
        with temporary.open("wb") as file:
            crc = bar_parts.write(file, table, timeframe=self._frame.name, month=month)
            file.flush()
            os.fsync(file.fileno())
        kind = bar_parts.format_of(table)
        path = folder / f"part-{first:06}-{last:06}-{crc:08x}.{kind}"
        temporary.replace(path)
        sync_folder(folder)
        for each in replaced:
            Path(str(each.place)).unlink()
        return Part(month=month, first=first, last=last, place=path, crc=crc)

    def take_out(self, part: Part) -> None:
        """Move a damaged part aside, where it counts no more."""
        self._tell(self._count | 1)
        place = Path(str(part.place))
        aside = self._shelf.aside(self._frame, part.month)
        aside.mkdir(parents=True, exist_ok=True)
        place.replace(aside / place.name)
        sync_folder(place.parent)


def parts_in(folder: Path) -> tuple[Part, ...]:
    """Return the parts that count, oldest first; what a merged one stands for counts no more.

    Raises:
        ConfigurationError: something lies there that is none of ours, or two parts stand for the
            same append.
    """
    found = []
    for path in folder.iterdir():
        if path.name.startswith(".") and path.name.endswith(_TEMPORARY):
            continue  # left by a writer that died, or being written
        matched = _NAME.fullmatch(path.name)
        if matched is None:
            raise ConfigurationError(f"{path} is no part of the bars; move it away")
        first, last, crc = int(matched[1]), int(matched[2]), int(matched[3], 16)
        found.append(Part(month=folder.name, first=first, last=last, place=path, crc=crc))
    live: list[Part] = []
    for part in sorted(found, key=lambda each: (each.first, -each.last)):
        older = live[-1] if live else None
        if older is None or part.first > older.last:
            live.append(part)
        elif part.last > older.last or (part.first == older.first and part.last == older.last):
            raise ConfigurationError(
                f"{older.place} and {Path(str(part.place)).name} stand for the same append; "
                "move away the one that was put there"
            )
    return tuple(live)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _count(lock: int) -> int:
    return int.from_bytes(os.pread(lock, _COUNTER_BYTES, 0), "little")
