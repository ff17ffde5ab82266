"""Moves of economic assets and the prices that they were valued at: kept, and found again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.accounting.stated import StatedCost, require_arrival
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store import journal, unbooked
from kraken_pipeline.store.ledger import explained_of
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries
from kraken_pipeline.store.schema.lots import account_moves, price_points, stated_costs

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_FIELDS: Final = tuple(AccountMove.__slots__)
_TURN: Final = (account_moves.c.at, account_moves.c.move_id)
_WITH_CAUSE: Final = select(
    ledger_entries,
    entry_causes.c.cause,
    entry_causes.c.event_id,
    entry_causes.c.why,
    entry_causes.c.lacks,
).join(entry_causes)
_EXPLAINED: Final = Prepared(_WITH_CAUSE.where(entry_causes.c.event_id.in_(_NAMES)))
_ENTRY: Final = Prepared(_WITH_CAUSE.where(ledger_entries.c.entry_id == bindparam("of_entry")))
_OF_EVENTS: Final = Prepared(select(account_moves).where(account_moves.c.event_id.in_(_NAMES)))
_FORGET: Final = Prepared(delete(account_moves).where(account_moves.c.event_id.in_(_NAMES)))
_ADD: Final = Prepared(insert(account_moves))
_OF_ASSET: Final = Prepared(
    select(account_moves).where(account_moves.c.asset == bindparam("of_asset")).order_by(*_TURN)
)
_SINCE: Final = Prepared(
    select(account_moves)
    .where(account_moves.c.asset == bindparam("of_asset"), account_moves.c.at >= bindparam("since"))
    .order_by(*_TURN)
)
_WITHIN: Final = Prepared(
    select(account_moves)
    .where(account_moves.c.at >= bindparam("since"), account_moves.c.at <= bindparam("until"))
    .order_by(*_TURN)
)
_ASSETS: Final = Prepared(select(account_moves.c.asset).distinct())
_CARRIED: Final = Prepared(
    select(account_moves.c.event_id, account_moves.c.asset).where(
        account_moves.c.basis == Basis.CARRIED.value
    )
)
_STATED: Final = Prepared(
    select(stated_costs.c.entry_id, stated_costs.c.cost).where(stated_costs.c.entry_id.in_(_NAMES))
)
_FORGET_STATED: Final = Prepared(
    delete(stated_costs).where(stated_costs.c.entry_id == bindparam("of_entry"))
)
_ADD_STATED: Final = Prepared(insert(stated_costs))
_PRICE: Final = Prepared(
    select(price_points).where(
        price_points.c.asset == bindparam("of_asset"), price_points.c.at == bindparam("of_time")
    )
)
_ADD_PRICE: Final = Prepared(insert(price_points))


def explained(connection: Connection, event_ids: Collection[str]) -> tuple[Explained, ...]:
    """Return every entry of some events with its cause."""
    return tuple(explained_of(row) for row in _all(connection, _EXPLAINED, event_ids))


def moves_of_events(connection: Connection, event_ids: Collection[str]) -> tuple[AccountMove, ...]:
    """Return the kept moves of some events."""
    return tuple(_move_of(row) for row in _all(connection, _OF_EVENTS, event_ids))


def moves_since(
    connection: Connection, asset: Asset, since: datetime | None
) -> tuple[AccountMove, ...]:
    """Return an asset's moves at or after an instant, or all."""
    told = {"of_asset": asset} if since is None else {"of_asset": asset, "since": since}
    rows = (_OF_ASSET if since is None else _SINCE).named(connection, told)
    return tuple(_move_of(row) for row in rows)


def moves_within(
    connection: Connection, since: datetime, until: datetime
) -> tuple[AccountMove, ...]:
    """Return the moves of every asset from one instant until another, both with them."""
    rows = _WITHIN.named(connection, {"since": since, "until": until})
    return tuple(_move_of(row) for row in rows)


def assets(connection: Connection) -> frozenset[Asset]:
    """Return every asset that has moves."""
    return frozenset(Asset(name) for [name] in _ASSETS.rows(connection))


def carried_with(connection: Connection, wanted: Collection[Asset]) -> frozenset[Asset]:
    """Return assets with every other that a rename ties to one of them."""
    found = set(wanted)
    if not found:
        return frozenset()
    tied: dict[str, set[Asset]] = {}
    for event_id, asset in _CARRIED.rows(connection):
        tied.setdefault(event_id, set()).add(asset)
    while more := {name for each in tied.values() if each & found for name in each} - found:
        found |= more
    return frozenset(found)


def replace_moves(
    connection: Connection, event_ids: Collection[str], moves: Sequence[AccountMove]
) -> None:
    """Keep moves instead of those of the events."""
    for some in in_chunks(sorted(event_ids)):
        _FORGET.run(connection, {"names": some})
    if moves:
        _ADD.run_each(connection, [_row(each) for each in moves])


def stated(connection: Connection, entry_ids: Collection[str]) -> Mapping[str, Decimal]:
    """Return what a person said that entries had cost, in base currency."""
    rows = _all(connection, _STATED, entry_ids)
    return {row["entry_id"]: row["cost"] for row in rows}


def state(connection: Connection, stated: StatedCost, base_currency: Asset) -> None:
    """Keep what a person says that an entry had cost, over what was said of it before.

    Raises:
        InvalidValueError: the entry brought nothing, or what it cost is known.
        UnknownNameError: there is no such entry.
    """
    row = _ENTRY.first(connection, {"of_entry": stated.entry_id})
    if row is None:
        raise UnknownNameError(
            f"the ledger has no entry {stated.entry_id!r}; `explain asset` shows the newest"
        )
    entry = explained_of(row)
    require_arrival(entry)
    booked = {each.asset for each in moves_of_events(connection, [entry.event_id])}
    if booked == {base_currency}:
        raise InvalidValueError(
            f"{stated.entry_id} brought {base_currency}, the base currency: a unit of it costs 1"
        )
    told = {name: getattr(stated, name) for name in StatedCost.__slots__}
    _FORGET_STATED.run(connection, {"of_entry": stated.entry_id})
    _ADD_STATED.run(connection, told)
    unbooked.wait(connection, [entry])
    note = journal.Entry(
        at=stated.at,
        kind="cost.stated",
        subject=stated.entry_id,
        actor=stated.by,
        payload={"row": told},
    )
    journal.write(connection, note)


def price(connection: Connection, asset: Asset, at: datetime) -> PricePoint | None:
    """Return the price that is kept of an asset at an instant."""
    row = _PRICE.first(connection, {"of_asset": asset, "of_time": at})
    return None if row is None else PricePoint(**{**row, "source": PriceSource(row["source"])})


def keep_price(connection: Connection, point: PricePoint) -> None:
    """Keep a price for good."""
    row = {name: getattr(point, name) for name in PricePoint.__slots__}
    _ADD_PRICE.run(connection, {**row, "source": point.source.value})


def _all(connection: Connection, wanted: Prepared, names: Collection[str]) -> list[dict[str, Any]]:
    return [
        row
        for some in in_chunks(sorted(names))
        for row in wanted.named(connection, {"names": some})
    ]


def _row(move: AccountMove) -> dict[str, Any]:
    row = {name: getattr(move, name) for name in _FIELDS}
    return {**row, "cause": move.cause.value, "basis": move.basis.value}


def _move_of(row: Named) -> AccountMove:
    told = {name: row[name] for name in _FIELDS}
    return AccountMove(**{**told, "cause": Cause(row["cause"]), "basis": Basis(row["basis"])})
