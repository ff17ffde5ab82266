"""The account's books per economic asset: what is held in which lots, and what came of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.fold import SUMS, AssetBook
from kraken_pipeline.domain.accounting.lots import Lot, Match, Method
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.accounting.price_points import PricePoint
from kraken_pipeline.domain.accounting.stated import StatedCost
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store import account_moves as moves
from kraken_pipeline.store import unbooked
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Named, Prepared
from kraken_pipeline.store.schema.lots import asset_books, lot_matches, lots

_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_LOT_FIELDS: Final = tuple(Lot.__slots__)
_MATCH_FIELDS: Final = tuple(Match.__slots__)
_METHOD: Final = Prepared(select(asset_books.c.method).order_by(asset_books.c.asset).limit(1))
_ALL_BOOKS: Final = Prepared(select(asset_books).order_by(asset_books.c.asset))
_QTYS: Final = Prepared(
    select(asset_books.c.asset, asset_books.c.qty).order_by(asset_books.c.asset)
)
_UNPRICED: Final = Prepared(select(asset_books.c.asset).where(asset_books.c.unpriced > 0).limit(1))
_ALL_LOTS: Final = Prepared(select(lots).order_by(lots.c.acquired_at, lots.c.lot_id))
_BOOKS: Final = Prepared(select(asset_books).where(asset_books.c.asset.in_(_NAMES)))
_LOTS: Final = Prepared(
    select(lots).where(lots.c.asset.in_(_NAMES)).order_by(lots.c.acquired_at, lots.c.lot_id)
)
_FORGET_BOOKS: Final = Prepared(delete(asset_books).where(asset_books.c.asset.in_(_NAMES)))
_FORGET_LOTS: Final = Prepared(delete(lots).where(lots.c.asset.in_(_NAMES)))
_FORGET_LOT: Final = Prepared(
    delete(lots).where(lots.c.asset == bindparam("of_asset"), lots.c.lot_id == bindparam("of_lot"))
)
_FORGET_MATCHES: Final = Prepared(delete(lot_matches).where(lot_matches.c.asset.in_(_NAMES)))
_ADD_BOOK: Final = Prepared(insert(asset_books))
_ADD_LOT: Final = Prepared(insert(lots))
_ADD_MATCH: Final = Prepared(insert(lot_matches))
_MATCHES: Final = Prepared(
    select(lot_matches)
    .where(lot_matches.c.asset == bindparam("of_asset"))
    .order_by(lot_matches.c.disposed_at, lot_matches.c.move_id, lot_matches.c.part)
)


class SqlAccountStore:
    """The account's books in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def looking(self) -> Iterator["SqlBooking"]:
        """Open a look that holds nobody up; what it sees may be otherwise a moment later."""
        with self._database.reading() as connection:
            yield SqlBooking(connection)

    @contextmanager
    def booking(self) -> Iterator["SqlBooking"]:
        """Open a transaction; an exception undoes all of it."""
        with self._database.writing() as connection:
            yield SqlBooking(connection)

    def is_up_to_date(self, method: Method) -> bool:
        """Tell whether nothing waits and the books are of this method."""
        with self._database.reading() as connection:
            is_waiting = bool(unbooked.oldest(connection, 1))
            return not is_waiting and _method(connection) in {None, method}

    def retry_unpriced(self, now: datetime, *, every: timedelta, most: int) -> bool:
        """Have events that nothing priced wait again, some at a time; tell whether any does.

        Args:
            now: exchange time.
            every: nothing is done where the last turn is not so long ago.
            most: events of one turn; the next turn goes on after them.
        """
        with self._database.reading() as connection:
            is_due = _UNPRICED.rows(connection) and unbooked.is_due(connection, now, every)
        if not is_due:
            return False
        with self._database.writing() as connection:
            return unbooked.retry(connection, now, most)

    def short(self) -> Mapping[Asset, Decimal]:
        """Return how much more of each asset went out than is known to have come, where it did."""
        with self._database.reading() as connection:
            kept = _QTYS.rows(connection)
        return {Asset(name): -qty for name, qty in kept if qty < 0}

    def books(self) -> tuple[AssetBook, ...]:
        """Return every asset's book, by asset."""
        with self._database.reading() as connection:
            return _books(_ALL_BOOKS.named(connection), _ALL_LOTS.named(connection))

    def matches(self, asset: Asset) -> tuple[Match, ...]:
        """Return what was matched of an asset, oldest first."""
        with self._database.reading() as connection:
            rows = _MATCHES.named(connection, {"of_asset": asset})
            return tuple(_match_of(row) for row in rows)

    def moves_within(self, since: datetime, until: datetime) -> tuple[AccountMove, ...]:
        """Return the moves of every asset from one instant until another, oldest first."""
        with self._database.reading() as connection:
            return moves.moves_within(connection, since, until)

    def state_cost(self, stated: StatedCost, base_currency: Asset) -> None:
        """Keep what a person says that an entry had cost, and have its event booked anew.

        Raises:
            InvalidValueError: the entry brought nothing, or what it cost is known.
            UnknownNameError: there is no such entry.
        """
        with self._database.writing() as connection:
            moves.state(connection, stated, base_currency)


class SqlBooking:
    """One transaction over the account's books."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def waiting(self, most: int) -> tuple[str, ...]:
        """Return the oldest events that are not booked as they are explained now."""
        return unbooked.oldest(self._connection, most)

    def explained(self, event_ids: Collection[str]) -> tuple[Explained, ...]:
        """Return every entry of some events with its cause."""
        return moves.explained(self._connection, event_ids)

    def method(self) -> Method | None:
        """Return the cost method of the kept books; None if there are none."""
        return _method(self._connection)

    def stated(self, entry_ids: Collection[str]) -> Mapping[str, Decimal]:
        """Return what a person said that entries had cost, in base currency."""
        return moves.stated(self._connection, entry_ids)

    def price(self, asset: Asset, at: datetime) -> PricePoint | None:
        """Return the price that is kept of an asset at an instant."""
        return moves.price(self._connection, asset, at)

    def keep_price(self, point: PricePoint) -> None:
        """Keep a price for good."""
        moves.keep_price(self._connection, point)

    def moves(self, event_ids: Collection[str]) -> tuple[AccountMove, ...]:
        """Return the kept moves of some events."""
        return moves.moves_of_events(self._connection, event_ids)

    def moves_since(self, asset: Asset, since: datetime | None) -> tuple[AccountMove, ...]:
        """Return an asset's moves at or after an instant, or all."""
        return moves.moves_since(self._connection, asset, since)

    def carried_with(self, assets: Collection[Asset]) -> frozenset[Asset]:
        """Return assets with every other that a rename ties to one of them."""
        return moves.carried_with(self._connection, assets)

    def assets(self) -> frozenset[Asset]:
        """Return every asset that has moves."""
        return moves.assets(self._connection)

    def books(self, assets: Collection[Asset]) -> tuple[AssetBook, ...]:
        """Return the kept books of some assets."""
        return _books(_all(self._connection, _BOOKS, assets), self._lots(assets))

    def replace_moves(self, event_ids: Collection[str], now: Sequence[AccountMove]) -> None:
        """Keep moves instead of those of the events, and have the events wait no more."""
        moves.replace_moves(self._connection, event_ids, now)
        unbooked.done(self._connection, event_ids)

    def keep_books(
        self, books: Sequence[AssetBook], matches: Sequence[Match], method: Method
    ) -> None:
        """Keep books over those of the same assets, and what was matched besides."""
        names = [each.asset for each in books]
        known = {(row["asset"], row["lot_id"]): row for row in self._lots(names)}
        for some in in_chunks(names):
            _FORGET_BOOKS.run(self._connection, {"names": some})
        if books:
            _ADD_BOOK.run_each(self._connection, [_book_row(each, method) for each in books])
        now = {
            (book.asset, lot.lot_id): _lot_row(book.asset, lot)
            for book in books
            for lot in book.lots
        }
        for (asset, lot_id), row in known.items():
            if now.get((asset, lot_id)) != row:
                _FORGET_LOT.run(self._connection, {"of_asset": asset, "of_lot": lot_id})
        added = [row for place, row in now.items() if known.get(place) != row]
        if added:
            _ADD_LOT.run_each(self._connection, added)
        if matches:
            _ADD_MATCH.run_each(self._connection, [_match_row(each) for each in matches])

    def forget(self, assets: Collection[Asset]) -> None:
        """Forget the books of assets, their lots and what was matched."""
        for some in in_chunks(sorted(assets)):
            for forgotten in (_FORGET_BOOKS, _FORGET_LOTS, _FORGET_MATCHES):
                forgotten.run(self._connection, {"names": some})

    def _lots(self, assets: Collection[Asset]) -> list[dict[str, Any]]:
        return _all(self._connection, _LOTS, assets)


def _method(connection: Connection) -> Method | None:
    kept = _METHOD.value(connection)
    return None if kept is None else Method(kept)


def _all(connection: Connection, wanted: Prepared, names: Collection[str]) -> list[dict[str, Any]]:
    return [
        row
        for some in in_chunks(sorted(names))
        for row in wanted.named(connection, {"names": some})
    ]


def _books(rows: Sequence[Named], of_lots: Sequence[Named]) -> tuple[AssetBook, ...]:
    kept: dict[str, list[Lot]] = {row["asset"]: [] for row in rows}
    for row in of_lots:
        kept[row["asset"]].append(_lot_of(row))
    return tuple(
        AssetBook(
            asset=row["asset"],
            qty=row["qty"],
            lots=tuple(kept[row["asset"]]),
            unpriced=row["unpriced"],
            **{name: row[name] for name in SUMS},
        )
        for row in rows
    )


def _book_row(book: AssetBook, method: Method) -> dict[str, Any]:
    told = {name: getattr(book, name) for name in ("asset", "qty", "unpriced", *SUMS)}
    return {**told, "method": method.value}


def _lot_row(asset: Asset, lot: Lot) -> dict[str, Any]:
    told = {name: getattr(lot, name) for name in _LOT_FIELDS}
    return {"asset": asset, **told, "basis": lot.basis.value}


def _lot_of(row: Named) -> Lot:
    return Lot(**{**{name: row[name] for name in _LOT_FIELDS}, "basis": Basis(row["basis"])})


def _match_row(match: Match) -> dict[str, Any]:
    told = {name: getattr(match, name) for name in _MATCH_FIELDS}
    return {**told, "basis": match.basis.value, "cause": match.cause.value}


def _match_of(row: Named) -> Match:
    told = {name: row[name] for name in _MATCH_FIELDS}
    return Match(**{**told, "basis": Basis(row["basis"]), "cause": Cause(row["cause"])})
