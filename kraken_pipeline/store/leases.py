"""Who may send. Every change of hands has a number of its own, and an old number proves nothing."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from kraken_pipeline.domain.errors import InvalidValueError, LeaseLostError
from kraken_pipeline.store import journal
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.shared import leases

NO_LENGTH: Final = timedelta(0)
_OF_RESOURCE: Final = leases.c.resource == bindparam("of")
_FIND: Final = Prepared(select(leases).where(_OF_RESOURCE))
_FIND_EPOCH: Final = Prepared(select(leases).where(leases.c.epoch == bindparam("epoch")))
_LAST_EPOCH: Final = Prepared(select(func.max(leases.c.epoch)))
_RENEW: Final = Prepared(
    update(leases)
    .where(_OF_RESOURCE)
    .values(renewed_at=bindparam("renewed_at"), expires_at=bindparam("expires_at"))
)
_GIVE_BACK: Final = Prepared(update(leases).where(_OF_RESOURCE).values(owner=None))
_FORGET: Final = Prepared(delete(leases).where(_OF_RESOURCE))
_ADD: Final = Prepared(insert(leases))


def take(
    connection: Connection, resource: str, *, owner: str, now: datetime, length: timedelta
) -> int:
    """Take or renew a lease and return its epoch; see the port.

    Epochs are drawn from one sequence for all resources, so that an epoch names one holding of
    one lease. It stays while the owner renews in time, and rises in every other case.

    Raises:
        LeaseLostError: another owner holds it.
        InvalidValueError: the length is not above zero.

    Source: OMS-2.
    """
    if length <= NO_LENGTH:
        raise InvalidValueError(f"a lease must last longer than {length}")
    held = _held(connection, resource)
    in_force = held is not None and held["owner"] is not None and held["expires_at"] > now
    if held is not None and in_force and held["owner"] == owner:
        _RENEW.run(connection, {"of": resource, "renewed_at": now, "expires_at": now + length})
        return int(held["epoch"])
    if held is not None and in_force:
        raise LeaseLostError(
            f"the lease {resource!r} is held by {held['owner']!r} until {held['expires_at']}"
        )
    epoch = last_epoch(connection) + 1
    _FORGET.run(connection, {"of": resource})
    row = {"resource": resource, "owner": owner, "epoch": epoch}
    _ADD.run(connection, {**row, "renewed_at": now, "expires_at": now + length})
    _note(connection, "lease.taken", owner, at=now, row=row)
    return epoch


def release(connection: Connection, resource: str, *, owner: str) -> None:
    """Give the lease back, if the owner still has it."""
    held = _held(connection, resource)
    if held is None or held["owner"] != owner:
        return
    _GIVE_BACK.run(connection, {"of": resource})
    row = {"resource": resource, "owner": None, "epoch": held["epoch"]}
    # giving back names no time; the last renewal is the last instant that is known of the owner
    _note(connection, "lease.released", owner, at=held["renewed_at"], row=row)


def last_epoch(connection: Connection) -> int:
    """Return the highest epoch that was ever drawn; zero before the first."""
    return int(_LAST_EPOCH.value(connection) or 0)


def require_in_force(connection: Connection, epoch: int | None, *, at: datetime) -> None:
    """Refuse an epoch that does not allow to send at that instant.

    Raises:
        LeaseLostError: none was given, or it was given back, taken over or ran out.
    """
    if epoch is None:
        raise LeaseLostError("sending needs the epoch of a lease; none was given")
    held = _FIND_EPOCH.first(connection, {"epoch": epoch})
    if held is None or held["owner"] is None:
        raise LeaseLostError(f"the lease of epoch {epoch} was given back or taken over")
    if held["expires_at"] <= at:
        raise LeaseLostError(f"the lease of epoch {epoch} ran out at {held['expires_at']}")


def _held(connection: Connection, resource: str) -> dict[str, Any] | None:
    return _FIND.first(connection, {"of": resource})


def _note(
    connection: Connection, kind: str, owner: str, *, at: datetime, row: dict[str, Any]
) -> None:
    journal.write(
        connection,
        journal.Entry(at=at, kind=kind, subject=row["resource"], actor=owner, payload={"row": row}),
    )
