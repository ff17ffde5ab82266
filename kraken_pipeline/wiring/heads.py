"""The journal's end, published outside the database, and what follows if the journal lacks it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError, StorageError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.settings.environment import DB_URL
from kraken_pipeline.store import audit, heads, operations
from kraken_pipeline.store.journal import Head
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.parts import Parts

EVERY: Final = timedelta(minutes=10)
"""How often it is published. Source: AUD-1."""
HINT: Final = (
    "bring the newer database back, or take this one with `kraken-pipeline audit accept` and then "
    "`resume`"
)


def are_configured(environ: Mapping[str, str]) -> bool:
    """Tell whether the books are those of this installation, not some that a command named.

    What was only named is looked at: its ends are not published, and nothing is latched in it.
    """
    return environ.get(DB_URL) == os.environ.get(DB_URL)


def examine(parts: Parts) -> str:
    """Halt if the journal lacks the end that was published last; return how it lacks it (F-STO-3).

    Raises:
        StorageError: the database cannot be read.
    """
    lack = heads.lacks(parts.stores.database, heads.newest(parts.loaded.data_dir))
    if lack:
        parts.stores.halts.latch(
            HaltKind.STORAGE, reason=f"{lack}: {HINT}", at=system_now(), by="start"
        )
    return lack


def publish(parts: Parts) -> Head:
    """Publish the end of the journal, unless it is what was published last or lacks that.

    Raises:
        StorageError: the file or the database cannot be read or written.
    """
    folder, database = parts.loaded.data_dir, parts.stores.database
    end, before = audit.head(database), heads.newest(folder)
    if end.seq and (before is None or before.head != end) and not heads.lacks(database, before):
        heads.publish(folder, end, at=system_now())
    return end


def verified(parts: Parts) -> audit.Audit:
    """Verify the journal, the tables against it, and that every published end is in it."""
    return audit.verify(parts.stores.database, heads.valid(parts.loaded.data_dir))


def publish_at_once(parts: Parts) -> None:
    """Publish it, as something happened that no older database may hide, such as a halt (F-RSK-4).

    A file that cannot be written stops nothing: the ends that it has are looked for all the same.
    """
    with suppress(StorageError):
        publish(parts)


def publish_if_due(parts: Parts) -> None:
    """Publish it if that was not done for a while."""
    before = heads.newest(parts.loaded.data_dir)
    if before is None or system_now() - before.at >= EVERY:
        publish_at_once(parts)


def accept(parts: Parts, *, reason: str, by: str) -> str:
    """Take a journal that lacks what was published, for a reason; return what it lacked.

    Raises:
        InvalidValueError: it lacks nothing, or no reason was given.
        StorageError: it cannot be written down.
    """
    if not reason.strip():
        raise InvalidValueError("a journal is accepted for a reason; none was given")
    folder, database = parts.loaded.data_dir, parts.stores.database
    lack = heads.lacks(database, heads.newest(folder))
    if not lack:
        raise InvalidValueError("the journal lacks nothing that was published of it")
    at = system_now()
    operation = operations.Operation(
        act="accept", subject="journal", actor=by, reason=reason, before={"lacked": lack}
    )
    operations.done(database, operation, at=at, after={})
    heads.publish(folder, audit.head(database), at=at, accepted=f"{by}: {reason}")
    return lack


def latch_failed_storage(parts: Parts, why: str, *, by: str) -> None:
    """Stop opening, as the books cannot be kept: in the books if that goes, else by the file.

    A file can often be made where nothing can be written into one. Where not even that goes,
    nothing is sent either: each order is written down first (AUD-3, F-SUB-15).
    """
    with suppress(StorageError, ConfigurationError):
        parts.stores.halts.latch(HaltKind.STORAGE, reason=why, at=system_now(), by=by)
        return
    with suppress(OSError):
        parts.panic_file.touch(exist_ok=False)
