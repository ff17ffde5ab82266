"""Snapshots of the account to rows, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from kraken_pipeline.domain.errors import ConflictError, InvalidValueError, StorageError
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.ledger import DriftLook, LedgerEntry, drift_seen_since
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import ZERO, decimal_from
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.swings import Swing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store import journal
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import NOTHING, Named, Prepared, Values
from kraken_pipeline.store.schema.nav import nav_snapshots, valued_flows

MOST_LOOKS: Final = 1000
"""Snapshots that are looked back at for how long a drift has been there."""
_LISTS: Final = ("valuations", "positions", "drift", "drifted_by")
_FALLEN: Final = ("drawdown_of_day", "drawdown_of_all_time")
_AMOUNTS: Final = ("qty", "cost", "realised", "fees", "uncosted")
_ADD: Final = Prepared(insert(nav_snapshots))
_FORGET: Final = Prepared(delete(nav_snapshots).where(nav_snapshots.c.at == bindparam("of")))
_LATEST: Final = Prepared(select(nav_snapshots).order_by(nav_snapshots.c.at.desc()).limit(1))
_BEFORE: Final = Prepared(
    select(nav_snapshots)
    .where(nav_snapshots.c.at <= bindparam("until"))
    .order_by(nav_snapshots.c.at.desc())
    .limit(1)
)
_UNIT_PRICES: Final = Prepared(
    select(nav_snapshots.c.at, nav_snapshots.c.unit_price)
    .where(nav_snapshots.c.at >= bindparam("since"))
    .order_by(nav_snapshots.c.at)
)
_DRIFTS: Final = Prepared(
    select(nav_snapshots.c.at, nav_snapshots.c.drift, nav_snapshots.c.drifted_by)
    .order_by(nav_snapshots.c.at.desc())
    .limit(bindparam("most"))
)
_PRUNE: Final = Prepared(
    delete(nav_snapshots).where(
        nav_snapshots.c.at < bindparam("before"),
        nav_snapshots.c.at != select(func.max(nav_snapshots.c.at)).scalar_subquery(),
    )
)


def keep(connection: Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot, over one of the same instant."""
    _FORGET.run(connection, {"of": snapshot.at})
    _ADD.run(connection, _row(snapshot))


def mark_valued(
    connection: Connection,
    snapshot: Snapshot,
    flows: Sequence[LedgerEntry],
    older_prices: Mapping[str, Sequence[Asset]],
) -> None:
    """Note that the flows are in the snapshot's units: each is counted once (PF-13).

    Args:
        connection: of the transaction that keeps the snapshot.
        snapshot: in whose units they are.
        flows: all of them, at least one.
        older_prices: entries whose units were reckoned with older prices of these assets.

    Raises:
        ConflictError: one of them is in the units of a snapshot already.
    """
    ids = [each.entry_id for each in flows]
    for some in in_chunks(ids):
        wanted = select(valued_flows).where(valued_flows.c.entry_id.in_(some)).limit(1)
        counted = connection.execute(wanted).mappings().first()
        if counted is not None:
            raise ConflictError(
                f"the flow {counted['entry_id']} is in the units of the snapshot of "
                f"{counted['snapshot_at']} already: read the flows again"
            )
    rows = [{"entry_id": each, "snapshot_at": snapshot.at} for each in ids]
    connection.execute(insert(valued_flows), rows)
    entry = journal.Entry(
        at=snapshot.at,
        kind="flows.valued",
        subject="books",
        actor="books",
        payload={
            "entries": ids,
            "units": snapshot.units,
            "unit_price": snapshot.unit_price,
            "older_prices": older_prices,
        },
    )
    journal.write(connection, entry)


def latest(connection: Connection) -> Snapshot | None:
    """Return the newest snapshot.

    Raises:
        StorageError: what stands there is none.
    """
    return _read(connection, _LATEST)


def before(connection: Connection, at: datetime) -> Snapshot | None:
    """Return the newest snapshot of an instant or before it that is not pruned.

    Raises:
        StorageError: what stands there is none.
    """
    return _read(connection, _BEFORE, {"until": at})


def _read(connection: Connection, wanted: Prepared, values: Values = NOTHING) -> Snapshot | None:
    try:
        # an amount that is none is found out as the row is read
        row = wanted.first(connection, values)
        return None if row is None else _snapshot_of(row)
    except (InvalidValueError, ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"a snapshot in nav_snapshots cannot be read: {error!r}. Nothing opens; put "
            "the books back from a backup"
        ) from error


def unit_prices(connection: Connection, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """Return instants and unit prices of the snapshots since then, oldest first."""
    return tuple((at, price) for at, price in _UNIT_PRICES.rows(connection, {"since": since}))


def drifting_since(connection: Connection) -> datetime | None:
    """Return when a difference was first seen that is there now; None where nothing drifts.

    How old a drift is matters up to `MOST_LOOKS` snapshots.
    """
    if drift_seen_since(_drift_looks(connection, 1)) is None:
        return None
    return drift_seen_since(_drift_looks(connection, MOST_LOOKS))


def _drift_looks(connection: Connection, most: int) -> Iterator[DriftLook]:
    for at, drift, more in _DRIFTS.rows(connection, {"most": most}):
        yield DriftLook(at=at, buckets=frozenset(json.loads(drift)), more=_amounts(more))


def _amounts(told: str | None) -> dict[str, Decimal]:
    return {bucket: decimal_from(each) for bucket, each in json.loads(told or "{}").items()}


def prune(connection: Connection, before: datetime) -> int:
    """Delete snapshots older than that and return how many.

    The newest stays whatever its age: the units of the next one are reckoned from it.
    """
    return _PRUNE.run(connection, {"before": before})


def _row(snapshot: Snapshot) -> dict[str, Any]:
    row = {name: getattr(snapshot, name) for name in Snapshot.__slots__ if name not in _LISTS}
    return {
        **row,
        "valuations": canonical([_fields(each) for each in snapshot.valuations]),
        "positions": canonical([_fields(each) for each in snapshot.positions]),
        "drift": canonical(snapshot.drift),
        "drifted_by": canonical(snapshot.drifted_by),
    }


def _snapshot_of(row: Named) -> Snapshot:
    told = {name: row[name] for name in Snapshot.__slots__ if name not in _LISTS}
    # an older version kept none
    fallen = {name: ZERO if row[name] is None else row[name] for name in _FALLEN}
    return Snapshot(
        **{**told, **fallen},
        valuations=tuple(
            Valuation(
                asset=each["asset"],
                qty=decimal_from(each["qty"]),
                price=None if each["price"] is None else decimal_from(each["price"]),
                source=each["source"],
                locked=decimal_from(each.get("locked", "0")),
                **_believed(each),
            )
            for each in json.loads(row["valuations"])
        ),
        positions=tuple(_position_of(each) for each in json.loads(row["positions"])),
        drift=json.loads(row["drift"]),
        drifted_by=_amounts(row["drifted_by"]),
    )


def _believed(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a price beside itself; an older version said nothing."""
    if "swing" not in told:
        return {}
    swing, since = told["swing"], told["stale_since"]
    return {
        "stale_since": None if since is None else datetime.fromisoformat(since),
        "swing": None
        if swing is None
        else Swing(
            variance=decimal_from(swing["variance"]),
            price=decimal_from(swing["price"]),
            at=datetime.fromisoformat(swing["at"]),
        ),
        "is_traded": told["is_traded"],
    }


def _position_of(told: dict[str, Any]) -> Position:
    amounts = {name: decimal_from(told[name]) for name in _AMOUNTS}
    return Position(**{**told, **amounts})


def _fields(value: Valuation | Position | Swing) -> dict[str, object]:
    told = {name: getattr(value, name) for name in type(value).__slots__}
    return {name: _fields(each) if isinstance(each, Swing) else each for name, each in told.items()}
