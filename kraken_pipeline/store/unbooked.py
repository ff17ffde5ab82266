"""Events that wait to be booked: noted where they are explained, in the same transaction."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema import unbooked_events

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_OLDEST: Final = Prepared(
    select(unbooked_events.c.event_id)
    .order_by(unbooked_events.c.at, unbooked_events.c.event_id)
    .limit(bindparam("most"))
)
_DONE: Final = Prepared(delete(unbooked_events).where(unbooked_events.c.event_id.in_(_NAMES)))
_ADD: Final = Prepared(insert(unbooked_events))


def wait(connection: Connection, some: Iterable[Explained]) -> None:
    """Have the events of entries wait to be booked: they are explained otherwise than before."""
    # the oldest of an event is written last
    in_order = sorted(some, key=lambda each: each.entry.at, reverse=True)
    first = {each.event_id: each.entry.at for each in in_order}
    done(connection, first)
    if first:
        _ADD.run_each(connection, [{"event_id": name, "at": at} for name, at in first.items()])


def oldest(connection: Connection, most: int) -> tuple[str, ...]:
    """Return the events that wait, the oldest first."""
    return tuple(name for [name] in _OLDEST.rows(connection, {"most": most}))


def done(connection: Connection, event_ids: Collection[str]) -> None:
    """Have events wait no more."""
    for some in in_chunks(sorted(event_ids)):
        _DONE.run(connection, {"names": some})
