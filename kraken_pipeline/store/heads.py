"""The ends of the journal, kept in a file beside the database: an older database shows by it.

Source: AUD-1, F-RSK-4, F-STO-3. A journal whose end was cut, or that was put back from a backup, is
whole in itself; only what was published of it elsewhere says that there was more.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.store import journal, schema
from kraken_pipeline.store.database import Database

FILE: Final = "heads.jsonl"
"""In the data folder; it only grows."""
TAIL: Final = 4096
"""Bytes at its end in which the newest line stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An end of the journal as it was at an instant."""

    at: datetime
    head: journal.Head
    accepted: str
    """Why a person took a journal without the ends before this one; mostly empty."""


def publish(folder: Path, head: journal.Head, *, at: datetime, accepted: str = "") -> None:
    """Add the journal's end to the file, for good.

    Args:
        folder: the data folder.
        head: the end.
        at: now.
        accepted: why the ends before it need not be in the journal, where a person said so.

    Raises:
        StorageError: it cannot be written.
    """
    told = {"at": at.isoformat(), "seq": head.seq, "hash": head.hash, "accepted": accepted}
    file = folder / FILE
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            # what a crash left without its end is no line: the next begins on one of its own
            begins = b"" if _ends_whole(handle) else b"\n"
            os.write(handle, begins + json.dumps(told).encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as failure:
        raise StorageError(f"{file} cannot be written: {failure.strerror}") from failure


def newest(folder: Path) -> Published | None:
    """Return the furthest end that was published of late; None where nothing ever was.

    Two processes may publish at once, and the one that read the earlier end may write the later.
    """
    found = _since_accepted(list(_lines(_tail(folder / FILE))))
    return max(found, key=lambda each: each.head.seq, default=None)


def valid(folder: Path) -> tuple[Published, ...]:
    """Return every end that the journal must still hold: those since a person accepted one."""
    try:
        found = list(_lines((folder / FILE).read_bytes()))
    except FileNotFoundError:
        return ()
    return tuple(_since_accepted(found))


def lacks(database: Database, published: Published | None) -> str:
    """Say how the journal lacks an end that was published; nothing if it holds it."""
    if published is None or published.head.seq == 0:
        return ""
    told = published.head
    table = schema.shared.journal
    with database.reading() as connection:
        found = connection.execute(select(table.c.hash).where(table.c.seq == told.seq)).scalar()
        last = journal.head(connection)
    if found == told.hash:
        return ""
    why = (
        f"it ends at entry {last.seq}"
        if found is None
        else f"entry {told.seq} is another than was published"
    )
    return (
        f"the journal of {published.at:%Y-%m-%d %H:%M:%S} UTC had {told.seq} entries, and {why}: "
        "the database is an older or another one"
    )


def _since_accepted(found: list[Published]) -> list[Published]:
    first = max((place for place, each in enumerate(found) if each.accepted), default=0)
    return found[first:]


def _ends_whole(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return not size or os.pread(handle, 1, size - 1) == b"\n"


def _tail(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - TAIL))
            return opened.read()
    except FileNotFoundError:
        return b""


def _lines(content: bytes) -> Iterator[Published]:
    """Yield what can be read; a line that a crash cut, or of which a piece is missing, cannot."""
    for line in content.splitlines():
        try:
            told = json.loads(line)
            yield Published(
                at=datetime.fromisoformat(told["at"]),
                head=journal.Head(seq=told["seq"], hash=told["hash"]),
                accepted=told["accepted"],
            )
        except (ValueError, KeyError, TypeError):
            continue
