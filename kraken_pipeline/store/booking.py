"""What is new of fills and entries, and what it makes of the positions; all within one write."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import MANUAL, Fill, Position
from kraken_pipeline.store import conversions, journal, nav_days, positions, transfers
from kraken_pipeline.store.ledger import entry_of
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.ledger import ledger_entries

_FILL_FACTS: Final = ("kraken_order_id", "pair", "side", "price", "qty", "cost", "fee")
"""What cannot be told of one trade in two ways. Rate and book are ours, and kept once."""
_ENTRY_FACTS: Final = ("refid", "type", "asset", "amount", "fee", "balance")
_ENTRY_FIELDS: Final = tuple(LedgerEntry.__slots__)
Row = TypeVar("Row", Fill, LedgerEntry)
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
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


def new_fills(connection: Connection, told: Sequence[Fill]) -> tuple[list[Fill], list[Fill]]:
    """Return what is not kept yet, and what moves from `manual` to a strategy's book.

    Raises:
        ImpossibleFactError: a trade that is kept is told otherwise now.
    """
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


def new_entries(connection: Connection, told: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return what is not kept yet.

    Raises:
        ImpossibleFactError: an entry that is kept is told otherwise now.
    """
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


def keep(
    connection: Connection, new_fills: Sequence[Fill], new_entries: Sequence[LedgerEntry]
) -> None:
    """Write fills and entries that are new; nobody's position moves by that."""
    if new_fills:
        _ADD_FILLS.run_each(connection, [positions.fill_row(each) for each in new_fills])
        nav_days.add_trades(connection, new_fills)
    if new_entries:
        rows = [{name: getattr(each, name) for name in _ENTRY_FIELDS} for each in new_entries]
        _ADD_ENTRIES.run_each(connection, rows)


def move_positions(
    connection: Connection, new_fills: Sequence[Fill], moved: Sequence[Fill]
) -> None:
    """Bring the positions up to new fills, and to those that move to another book."""
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


def note(connection: Connection, told: Sequence[Fill], new_entries: Sequence[LedgerEntry]) -> None:
    """Tell the journal what was kept; nothing where nothing was."""
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
