"""Fills, ledger, positions and snapshots."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    func,
    insert,
    select,
    update,
)

from kraken_pipeline.domain.accounting.causes import Cause, Lack
from kraken_pipeline.domain.accounting.kinds import OPERATOR
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import MANUAL, Fill, Position, book_of
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store import (
    book_steps,
    conversions,
    handovers,
    journal,
    nav_days,
    positions,
    snapshots,
    transfers,
)
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.ledger import entry_of, explain_news
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema import (
    entry_causes,
    execution_orders,
    fills,
    ledger_entries,
    valued_flows,
)

_FILL_FACTS: Final = ("kraken_order_id", "pair", "side", "price", "qty", "cost", "fee")
"""What cannot be told of one trade in two ways. Rate and book are ours, and kept once."""
_ENTRY_FACTS: Final = ("refid", "type", "asset", "amount", "fee", "balance")
NONE_OLDER: Final[Mapping[str, Sequence[Asset]]] = MappingProxyType({})
Row = TypeVar("Row", Fill, LedgerEntry)
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_LAST_FILL: Final = Prepared(select(func.max(fills.c.at)))
_LAST_ENTRY: Final = Prepared(
    select(ledger_entries.c.at)
    # an entry of our own does not tell how far the exchange's were read
    .where(ledger_entries.c.type != OPERATOR)
    .order_by(ledger_entries.c.at.desc())
    .limit(1)
)
_WHOSE: Final = Prepared(
    select(
        execution_orders.c.kraken_order_id,
        execution_orders.c.strategy_id,
        execution_orders.c.timeframe,
    ).where(execution_orders.c.kraken_order_id.in_(_NAMES))
)
_UNFILLED: Final = Prepared(
    select(func.min(ledger_entries.c.at)).where(
        ledger_entries.c.type == "trade",
        ledger_entries.c.at >= bindparam("since"),
        ledger_entries.c.refid.not_in(select(fills.c.trade_id)),
    )
)
_COUNT: Final = Prepared(select(func.count()).select_from(ledger_entries))
_MOVEMENTS: Final = Prepared(
    select(ledger_entries.c.asset, ledger_entries.c.amount, ledger_entries.c.fee)
)
_OF_BUCKET: Final = Prepared(
    select(ledger_entries)
    .where(ledger_entries.c.asset == bindparam("bucket"))
    .order_by(ledger_entries.c.at, ledger_entries.c.entry_id)
)
_UNVALUED: Final = Prepared(
    select(ledger_entries)
    .join(entry_causes)
    .where(
        # what nobody can explain is no profit; what waits for its other side is neither
        entry_causes.c.cause.in_((Cause.FLOW.value, Cause.UNKNOWN.value)),
        entry_causes.c.lacks == Lack.NOTHING.value,
        ledger_entries.c.entry_id.not_in(select(valued_flows.c.entry_id)),
    )
    .order_by(ledger_entries.c.at, ledger_entries.c.entry_id)
)
_ALL_FILLS: Final = select(fills).order_by(fills.c.at, fills.c.trade_id)
_FILLS_AFTER: Final = _ALL_FILLS.where(fills.c.at > bindparam("after"))
_KEPT_FILLS: Final = Prepared(select(fills).where(fills.c.trade_id.in_(_NAMES)))
_KEPT_ENTRIES: Final = Prepared(select(ledger_entries).where(ledger_entries.c.entry_id.in_(_NAMES)))
_ADD_FILLS: Final = Prepared(insert(fills))
_ADD_ENTRIES: Final = Prepared(insert(ledger_entries))
_MOVE_FILL: Final = Prepared(
    update(fills).where(fills.c.trade_id == bindparam("of_trade")).values(book=bindparam("to_book"))
)
_AS_LATE: Final = Prepared(
    select(fills.c.trade_id).where(
        fills.c.book == bindparam("of_book"),
        fills.c.pair == bindparam("of_pair"),
        fills.c.at >= bindparam("first"),
    )
)


class SqlBookStore:
    """Books in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._replayed: tuple[int, Mapping[str, Decimal]] | None = None
        self._is_explained = False

    def last_fill_at(self) -> datetime | None:
        """Return the time of the newest fill that is booked."""
        with self._database.reading() as connection:
            last: datetime | None = _LAST_FILL.value(connection)
        return last

    def last_entry_at(self) -> datetime | None:
        """Return the time of the newest ledger entry of the exchange's that is kept."""
        with self._database.reading() as connection:
            last: datetime | None = _LAST_ENTRY.value(connection)
        return last

    def strategy_books(self, kraken_order_ids: Sequence[str]) -> Mapping[str, str]:
        """Return whose book each order's fills belong to; one that is not ours is left out."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for some in in_chunks(kraken_order_ids):
                rows = _WHOSE.rows(connection, {"names": some})
                found.update((each[0], book_of(each[1], each[2])) for each in rows)
        return found

    def book(
        self, fills: Sequence[Fill], entries: Sequence[LedgerEntry], lookup: Lookup
    ) -> tuple[int, int]:
        """Keep what is new, explain it, move the positions, and return how many were new.

        A fill that was taken for `manual` and is now told as a strategy's moves to its book. What
        an order bought beyond what we ordered goes to `manual` at once, with the same write.

        Raises:
            ImpossibleFactError: a trade or an entry that is kept is told otherwise now; nothing
                of this call is kept.
        """
        with self._database.writing() as connection:
            new_fills, moved = _new_fills(connection, fills)
            new_entries = _new_entries(connection, entries)
            _insert(connection, new_fills, new_entries)
            if new_fills or new_entries or not self._is_explained:
                explain_news(
                    connection,
                    new_fills,
                    new_entries,
                    lookup,
                    may_lack_causes=not self._is_explained,
                )
            _move_positions(connection, new_fills, moved)
            handovers.hand_over_new(connection, [*new_fills, *moved])
            _note(connection, [*new_fills, *moved], new_entries)
        self._is_explained = True
        return len(new_fills), len(new_entries)

    def hand_over(self, order: Order, *, at: datetime) -> bool:
        """Give `manual` what an ended order bought beyond what we ordered, each unit once.

        Returns:
            Whether nothing is left to give: while the book's own sales may take it, something is.
        """
        with self._database.reading() as connection:
            if not handovers.excess(connection, order):
                return True
        with self._database.writing() as connection:
            return handovers.hand_over(connection, order, at=at)

    def positions(self) -> tuple[Position, ...]:
        """Return every position, also flat ones."""
        with self._database.reading() as connection:
            return positions.all_positions(connection)

    def steps(self) -> Mapping[Place, Sequence[Step]]:
        """Return what changed each book's position of each pair."""
        with self._database.reading() as connection:
            return book_steps.steps(connection)

    def unfilled_since(self, since: datetime) -> datetime | None:
        """Return when the first trade since then was that the ledger tells of and no fill does."""
        with self._database.reading() as connection:
            at: datetime | None = _UNFILLED.value(connection, {"since": since})
        return at

    def replayed_balances(self) -> Mapping[str, Decimal]:
        """Return what the kept ledger adds up to, by bucket.

        Entries are added and never changed, so as many as before are the same as before.
        """
        balances: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        with self._database.reading() as connection, localcontext(EXACT):
            kept = int(_COUNT.value(connection))
            if self._replayed is not None and self._replayed[0] == kept:
                return self._replayed[1]
            for asset, amount, fee in _MOVEMENTS.streamed(connection):
                balances[asset] += amount - fee
        self._replayed = kept, dict(balances)
        return self._replayed[1]

    def entries_of(self, bucket: str) -> tuple[LedgerEntry, ...]:
        """Return the kept entries of a bucket, oldest first."""
        with self._database.reading() as connection:
            return tuple(entry_of(row) for row in _OF_BUCKET.named(connection, {"bucket": bucket}))

    def unvalued_flows(self) -> tuple[LedgerEntry, ...]:
        """Return what came from outside or left and is in no snapshot's units, oldest first."""
        with self._database.reading() as connection:
            return tuple(entry_of(row) for row in _UNVALUED.named(connection))

    def fills_after(self, at: datetime | None) -> tuple[Fill, ...]:
        """Return booked fills after an instant, oldest first."""
        wanted = _ALL_FILLS if at is None else _FILLS_AFTER
        with self._database.reading() as connection:
            rows = connection.execute(wanted, {} if at is None else {"after": at}).mappings()
            return tuple(positions.fill_of(row) for row in rows)

    def keep_snapshot(
        self,
        snapshot: Snapshot,
        flows: Sequence[LedgerEntry],
        day: NavDay | None = None,
        older_prices: Mapping[str, Sequence[Asset]] = NONE_OLDER,
    ) -> None:
        """Keep a snapshot, over one of the same instant, with the flows that are in its units.

        Args:
            snapshot: that is kept until it is pruned.
            flows: that are in its units and were in no others.
            day: its UTC day with it in it, kept for ever.
            older_prices: flows whose units were reckoned with older prices of these assets.

        Raises:
            ConflictError: a flow is in the units of a snapshot already; nothing is kept.
        """
        with self._database.writing() as connection:
            snapshots.keep(connection, snapshot)
            if flows:
                snapshots.mark_valued(connection, snapshot, flows, older_prices)
            if day is not None:
                nav_days.keep(connection, day)

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        with self._database.reading() as connection:
            return snapshots.latest(connection)

    def snapshot_before(self, at: datetime) -> Snapshot | None:
        """Return the newest snapshot of an instant or before it that is not pruned."""
        with self._database.reading() as connection:
            return snapshots.before(connection, at)

    def unit_prices(self, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Return instants and unit prices of the snapshots since then, oldest first."""
        with self._database.reading() as connection:
            return snapshots.unit_prices(connection, since)

    def newest_day(self, at: datetime) -> NavDay | None:
        """Return the UTC day of an instant, or the newest before it that is kept."""
        with self._database.reading() as connection:
            return nav_days.newest(connection, at)

    def days_since(self, day: date) -> tuple[NavDay, ...]:
        """Return the kept UTC days from that one on, oldest first."""
        with self._database.reading() as connection:
            return nav_days.since(connection, day)

    def trades_since(self, day: date) -> tuple[TradeDay, ...]:
        """Return what was traded in each UTC day from that one on; quiet days have no row."""
        with self._database.reading() as connection:
            return nav_days.trades_since(connection, day)

    def drifting_since(self) -> datetime | None:
        """Return when drift was first seen that has been there ever since; None if none is."""
        with self._database.reading() as connection:
            return snapshots.drifting_since(connection)

    def prune_snapshots(self, before: datetime) -> int:
        """Delete snapshots older than that but the newest; ledger and fills stay."""
        with self._database.writing() as connection:
            return snapshots.prune(connection, before)


def _new_fills(connection: Connection, told: Sequence[Fill]) -> tuple[list[Fill], list[Fill]]:
    """Return what is not kept yet, and what moves from `manual` to a strategy's book."""
    kept = _kept(connection, _KEPT_FILLS, [each.trade_id for each in told])
    known = {row["trade_id"]: positions.fill_of(row) for row in kept}
    new: dict[str, Fill] = {}
    moved: dict[str, Fill] = {}
    for fill in told:
        before = known.get(fill.trade_id) or new.get(fill.trade_id)
        if before is None:
            new[fill.trade_id] = fill
            continue
        _require_same(before, fill, _FILL_FACTS, f"trade {fill.trade_id}")
        if fill.trade_id in known and before.book == MANUAL != fill.book:
            moved[fill.trade_id] = fill
    return list(new.values()), list(moved.values())


def _new_entries(connection: Connection, told: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    kept = _kept(connection, _KEPT_ENTRIES, [each.entry_id for each in told])
    known = {row["entry_id"]: entry_of(row) for row in kept}
    new: dict[str, LedgerEntry] = {}
    for entry in told:
        before = known.get(entry.entry_id) or new.get(entry.entry_id)
        if before is None:
            new[entry.entry_id] = entry
        else:
            _require_same(before, entry, _ENTRY_FACTS, f"ledger entry {entry.entry_id}")
    return list(new.values())


def _kept(connection: Connection, wanted: Prepared, names: Sequence[str]) -> list[dict[str, Any]]:
    return [row for some in in_chunks(names) for row in wanted.named(connection, {"names": some})]


def _require_same(before: Row, now: Row, names: Iterable[str], what: str) -> None:
    for name in names:
        kept, told = getattr(before, name), getattr(now, name)
        if kept != told:
            raise ImpossibleFactError(f"{what}: {name} was {kept}, is told as {told} now")


def _insert(
    connection: Connection, new_fills: Sequence[Fill], new_entries: Sequence[LedgerEntry]
) -> None:
    if new_fills:
        _ADD_FILLS.run_each(connection, [positions.fill_row(each) for each in new_fills])
        nav_days.add_trades(connection, new_fills)
    if new_entries:
        rows = [{name: getattr(each, name) for name in _ENTRY_FIELDS} for each in new_entries]
        _ADD_ENTRIES.run_each(connection, rows)


def _move_positions(
    connection: Connection, new_fills: Sequence[Fill], moved: Sequence[Fill]
) -> None:
    for fill in moved:
        _MOVE_FILL.run(connection, {"of_trade": fill.trade_id, "to_book": fill.book})
    rebuilt = {(book, fill.pair) for fill in moved for book in (MANUAL, fill.book)}
    news: defaultdict[positions.Place, list[Fill]] = defaultdict(list)
    for fill in new_fills:
        news[fill.book, fill.pair].append(fill)
    now = {(each.book, each.pair): each for each in positions.all_positions(connection)}
    for place, some in news.items():
        flat = Position(book=place[0], pair=place[1])
        if place not in rebuilt and _come_last(connection, place, some):
            positions.keep(connection, positions.after(now.get(place, flat), some))
        else:
            rebuilt.add(place)
    for place in sorted(rebuilt):
        _rebuild(connection, place)


def _come_last(connection: Connection, place: positions.Place, some: Sequence[Fill]) -> bool:
    """Tell whether no other fill or move of the place is as late as the first of these.

    A fill that is heard after a later one changes what the later one realised: cost is averaged
    in the order of time.
    """
    first = min(each.at for each in some)
    as_late = _AS_LATE.rows(connection, {**positions.of_place(place), "first": first})
    ours = {each.trade_id for each in some}
    is_last = all(trade_id in ours for [trade_id] in as_late)
    was_moved = transfers.any_as_late(connection, place, first)
    return is_last and not was_moved and not conversions.any_as_late(connection, place, first)


def _rebuild(connection: Connection, place: positions.Place) -> None:
    kept = positions.booked_fills(connection, place)
    went: list[positions.Move] = [
        *transfers.transfers_of(connection, place),
        *conversions.conversions_of(connection, place),
    ]
    positions.keep(connection, positions.replayed(place, kept, went))
    if not kept and not went:
        positions.FORGET.run(connection, positions.of_place(place))


def _note(connection: Connection, told: Sequence[Fill], new_entries: Sequence[LedgerEntry]) -> None:
    if not told and not new_entries:
        return
    trades = [positions.fill_row(each) for each in told]
    rows = [{name: getattr(each, name) for name in _ENTRY_FIELDS} for each in new_entries]
    entry = journal.Entry(
        at=max([*(each.at for each in told), *(each.at for each in new_entries)]),
        kind="books.kept",
        subject="books",
        actor="books",
        payload={
            "trades": [each["trade_id"] for each in trades],
            "entries": [each["entry_id"] for each in rows],
            "digest": digest([trades, rows]),
        },
    )
    journal.write(connection, entry)


_ENTRY_FIELDS: Final = tuple(LedgerEntry.__slots__)
