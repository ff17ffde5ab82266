"""Events that wait to be booked: noted where they are explained, in the same transaction."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select

from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.store.columns import instant_text
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.ledger import unbooked_events
from kraken_pipeline.store.schema.lots import account_moves
from kraken_pipeline.store.schema.shared import meta

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_OLDEST: Final = Prepared(
    select(unbooked_events.c.event_id)
    .order_by(unbooked_events.c.at, unbooked_events.c.event_id)
    .limit(bindparam("most"))
)
_DONE: Final = Prepared(delete(unbooked_events).where(unbooked_events.c.event_id.in_(_NAMES)))
_ADD: Final = Prepared(insert(unbooked_events))
KEY: Final = "unpriced_tried"
"""When events without a price were tried last, and the last of them."""
_TRIED: Final = Prepared(select(meta.c.value).where(meta.c.key == KEY))
_FORGET_TRIED: Final = Prepared(delete(meta).where(meta.c.key == KEY))
_ADD_TRIED: Final = Prepared(insert(meta))
_UNPRICED: Final = Prepared(
    select(account_moves.c.event_id, func.min(account_moves.c.at).label("at"))
    .where(
        account_moves.c.value.is_(None),
        account_moves.c.basis != Basis.CARRIED.value,
        account_moves.c.event_id > bindparam("after"),
    )
    .group_by(account_moves.c.event_id)
    .order_by(account_moves.c.event_id)
    .limit(bindparam("most"))
)


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


def is_due(connection: Connection, now: datetime, every: timedelta) -> bool:
    """Tell whether events without a price were tried so long ago, or never."""
    at, _ = _tried(connection)
    return not at or now - datetime.fromisoformat(at) >= every


def retry(connection: Connection, now: datetime, most: int) -> bool:
    """Have the next events without a price wait to be booked; tell whether there are any.

    After the last of them the first have their turn again.
    """
    _, after = _tried(connection)
    rows = _UNPRICED.rows(connection, {"after": after, "most": most})
    last = str(rows[-1][0]) if len(rows) == most else ""
    _FORGET_TRIED.run(connection)
    _ADD_TRIED.run(connection, {"key": KEY, "value": f"{instant_text(now)} {last}"})
    done(connection, [name for name, _ in rows])
    if rows:
        _ADD.run_each(connection, [{"event_id": name, "at": at} for name, at in rows])
    return bool(rows)


def _tried(connection: Connection) -> tuple[str, str]:
    at, _, last = (_TRIED.value(connection) or "").partition(" ")
    return at, last
