"""What happened, in one chain: each entry carries the hash of the one before it.

It only grows. An entry that is changed, taken out, put in or cut off at the end breaks the chain;
the head's hash, kept elsewhere, shows a chain that was rewritten as a whole (AUD-1).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Text, bindparam, insert, select, type_coerce, update

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.store.columns import instant_text
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.shared import journal, meta

BEGINNING: Final = "0" * 64
"""What stands as the hash before the first entry."""
_HEAD: Final = "journal_head"
_TABLE: Final = journal
_FIND_HEAD: Final = Prepared(select(meta.c.value).where(meta.c.key == _HEAD))
_MOVE_HEAD: Final = Prepared(update(meta).where(meta.c.key == _HEAD).values(value=bindparam("to")))
_ADD: Final = Prepared(insert(_TABLE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at: datetime
    kind: str
    """What it is about and what happened: `order.accepted`, `halt.latched`."""
    subject: str
    """Whose: the order's, the plan's, the decision's id."""
    actor: str
    """Who or what did it."""
    payload: Mapping[str, object]
    """All that is known of it; `row` is what it left in the table of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain. Published outside, it proves what was there."""

    seq: int
    """Number of entries."""
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry as it is stored."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    payload: str
    previous_hash: str
    hash: str

    def rightful_hash(self) -> str:
        """Return the hash that its own content and place give it."""
        parts = (self.previous_hash, self.seq, self.at, self.kind, self.subject, self.actor)
        return _hash(parts, self.payload)


def head(connection: Connection) -> Head:
    """Return the end of the chain; number zero in an empty journal."""
    found = _FIND_HEAD.value(connection)
    if found is None:
        return Head(seq=0, hash=BEGINNING)
    seq, hashed = found.split(" ")
    return Head(seq=int(seq), hash=hashed)


def write(connection: Connection, entry: Entry) -> Head:
    """Add an entry in the transaction of the change that it tells of, and return the new end.

    The connection must hold the write lock: two entries can not follow the same one.
    """
    return write_all(connection, [entry])


def write_all(connection: Connection, told: Sequence[Entry]) -> Head:
    """Add entries, one after another, and return the new end; see `write`."""
    end, rows = head(connection), []
    for entry in told:
        at, payload = instant_text(entry.at), canonical(entry.payload)
        seq = end.seq + 1
        hashed = _hash((end.hash, seq, at, entry.kind, entry.subject, entry.actor), payload)
        rows.append(
            {
                "seq": seq,
                "at": entry.at,
                "kind": entry.kind,
                "subject": entry.subject,
                "actor": entry.actor,
                "payload": payload,
                "previous_hash": end.hash,
                "hash": hashed,
            }
        )
        end = Head(seq=seq, hash=hashed)
    if rows:
        _ADD.run_each(connection, rows)
        _move_head(connection, end, is_first=rows[0]["seq"] == 1)
    return end


def entries(connection: Connection) -> Iterator[Kept]:
    """Yield every entry as it is stored, in the order of the chain."""
    columns = [
        type_coerce(_TABLE.c.at, Text).label("at") if c.name == "at" else c for c in _TABLE.c
    ]
    for row in connection.execute(select(*columns).order_by(_TABLE.c.seq)).mappings():
        yield Kept(**row)


def chain_faults(kept: list[Kept], end: Head) -> tuple[str, ...]:
    """Return in what the chain is broken; nothing if it is whole."""
    faults, previous = [], BEGINNING
    for place, each in enumerate(kept, start=1):
        if each.seq != place:
            faults.append(f"entry {each.seq} stands where {place} belongs: one is missing or added")
            break
        if each.previous_hash != previous:
            faults.append(f"entry {each.seq} does not follow the one before it")
        if each.hash != each.rightful_hash():
            faults.append(f"entry {each.seq} ({each.kind} {each.subject}) was changed")
        previous = each.hash
    if not faults and (len(kept), previous) != (end.seq, end.hash):
        faults.append(f"the journal ends at {len(kept)}, it had {end.seq} entries: its end was cut")
    return tuple(faults)


def last_rows(kept: list[Kept]) -> dict[tuple[str, str], dict[str, object]]:
    """Return the row that the journal last told of each thing, by kind of thing and its id."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for each in kept:
        told = _told(each.payload)
        if told is not None:
            rows[each.kind.partition(".")[0], each.subject] = told
    return rows


def _told(payload: str) -> dict[str, object] | None:
    """Return the row of an entry; none of one that is damaged, which the chain has named."""
    try:
        row: dict[str, object] | None = json.loads(payload).get("row")
    except ValueError:
        return None
    return row


def _move_head(connection: Connection, end: Head, *, is_first: bool) -> None:
    value = f"{end.seq} {end.hash}"
    if is_first:
        connection.execute(insert(meta), {"key": _HEAD, "value": value})
    else:
        _MOVE_HEAD.run(connection, {"to": value})


def _hash(parts: tuple[str | int, ...], payload: str) -> str:
    return hashlib.sha256(canonical([*parts, payload]).encode()).hexdigest()
