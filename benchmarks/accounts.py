"""The account's own books: folds of many moves, and what a pass over the books costs of them.

`python -m benchmarks accounts`. 150,000 made-up trades of eight assets against dollars: 300,000
entries of a ledger and as many moves. Beside the folds, in the same run, what no fold can do
without: a plain loop that adds up qty and value of each asset. Then the first fifth of them through
the store, beside the same rows written to the same tables and nothing else, and after them a pass
with nothing new, with one trade more, and with one that came late.
"""

import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import insert

from kraken_pipeline.domain.accounting.booking import Terms, moves_of
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.fold import folded
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.store import account_moves, unbooked
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries

T = TypeVar("T")
TRADES = 150_000
STORED = TRADES // 5
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
USD = Asset("USD")
ASSETS = ("XBT", "ETH", "SOL", "ADA", "DOT", "LTC", "XRP", "LINK")
PASSES = 20
LISTING = Listing(symbols=SymbolTable(assets={}, pairs=()), pairs={}, assets={})
TERMS = Terms(
    base_currency=USD,
    asset_of=Asset,
    price=lambda asset, at: None,
    stated={},
    renamed=frozenset(),
)


def run() -> None:
    """Print seconds, and how many times the plain way that is."""
    told = _trades(TRADES)
    seconds, moves = _timed(lambda: moves_of(told, TERMS))
    print(f"{len(told):,} entries to {len(moves):,} moves: {seconds:.1f} s")
    plain, _ = _timed(lambda: _added_up(moves))
    print(f"  {'a plain loop that adds them up':<40} {plain:6.2f} s")
    for method in Method:
        seconds, (books, matches) = _timed(partial(folded, moves, method, USD))
        lots = sum(len(each.lots) for each in books)
        print(
            f"  {method.value:<40} {seconds:6.2f} s, {seconds / plain:4.1f} times that; "
            f"{len(matches):,} matches, {lots:,} lots left"
        )
    for method in (Method.WAC, Method.FIFO):
        _stored(told[: 2 * STORED], method)


def _stored(told: Sequence[Explained], method: Method) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = _fresh(Path(folder) / "plain.db", told)
        moves = moves_of(told, TERMS)
        plain, _ = _timed(lambda: _written(database, moves))
        database.close()
        database = _fresh(Path(folder) / "books.db", told)
        first, _ = _timed(lambda: _booked(database, method))
        print(
            f"{len(told):,} entries booked into SQLite, {method.value}: {first:.1f} s, "
            f"{first / plain:.1f} times writing their moves alone"
        )
        _passes(database, method)
        database.close()


def _passes(database: Database, method: Method) -> None:
    quiet = [_timed(lambda: _booked(database, method))[0] for _ in range(PASSES)]
    _said("a pass with nothing new", quiet)
    chance, busy = random.Random(2), []  # noqa: S311 - figures for a benchmark
    for number in range(PASSES):
        _tell(database, _trade(chance, STORED + number, {}))
        busy.append(_timed(lambda: _booked(database, method))[0])
    _said("a pass with one trade more", busy)
    late = _trade(chance, STORED + PASSES, {}, at=BEGIN + timedelta(hours=1))
    _tell(database, late)
    _said("a pass with a trade of the first hour", [_timed(lambda: _booked(database, method))[0]])


def _said(what: str, seconds: Sequence[float]) -> None:
    print(f"  {what:<40} {statistics.median(seconds) * 1000:8.2f} ms")


def _timed(way: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = way()
    return time.perf_counter() - began, found


def _added_up(moves: Sequence[AccountMove]) -> dict[Asset, tuple[Decimal, Decimal]]:
    qty: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    value: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for each in sorted(moves, key=lambda move: (move.at, move.move_id)):
            qty[each.asset] += each.qty
            value[each.asset] += each.value or ZERO
    return {name: (qty[name], value[name]) for name in qty}


def _booked(database: Database, method: Method) -> None:
    desk = AccountDesk(
        accounts=SqlAccountStore(database),
        base_currency=USD,
        method=method,
        aliases=(),
        closes=lambda frame, closed_at: {},
    )
    book_moves(desk, LISTING, PriceTable(USD, {}, {}), BEGIN)


def _written(database: Database, moves: Sequence[AccountMove]) -> None:
    for start in range(0, len(moves), 2_000):
        with database.writing() as connection:
            account_moves.replace_moves(connection, (), moves[start : start + 2_000])


def _fresh(path: Path, told: Sequence[Explained]) -> Database:
    migrate(f"sqlite:///{path}")
    database = connect(f"sqlite:///{path}")
    _tell(database, told)
    return database


def _tell(database: Database, told: Sequence[Explained]) -> None:
    """Keep entries with their causes, as a pass over the ledger does."""
    names = tuple(LedgerEntry.__slots__)
    entries = [{name: getattr(each.entry, name) for name in names} for each in told]
    causes = [
        {
            "entry_id": each.entry.entry_id,
            "cause": each.cause.value,
            "event_id": each.event_id,
            "why": each.why,
            "lacks": "",
            "explained_at": each.entry.at,
        }
        for each in told
    ]
    with database.writing() as connection:
        connection.execute(insert(ledger_entries), entries)
        connection.execute(insert(entry_causes), causes)
        unbooked.wait(connection, told)


def _trades(count: int) -> list[Explained]:
    chance = random.Random(1)  # noqa: S311 - figures for a benchmark
    held: dict[str, Decimal] = {}
    return [each for number in range(count) for each in _trade(chance, number, held)]


def _trade(
    chance: random.Random, number: int, held: dict[str, Decimal], *, at: datetime | None = None
) -> list[Explained]:
    asset = chance.choice(ASSETS)
    qty = Decimal(chance.randint(1, 10**8)).scaleb(-8)
    cost = (qty * chance.randint(40_000, 60_000)).quantize(Decimal("0.0001"))
    is_sale = held.get(asset, ZERO) >= qty and chance.random() < 1 / 2
    sign = -1 if is_sale else 1
    held[asset] = held.get(asset, ZERO) + sign * qty
    fee = (cost * 26 / 10_000).quantize(Decimal("0.0001"))
    when = at or BEGIN + timedelta(minutes=number)
    name = f"T{number:07}"
    return [
        _explained(name, "a", asset, sign * qty, ZERO, when),
        _explained(name, "b", USD, -sign * cost, fee, when),
    ]


def _explained(
    event: str, leg: str, asset: str, amount: Decimal, fee: Decimal, at: datetime
) -> Explained:
    entry = LedgerEntry(
        entry_id=f"L{event}{leg}",
        refid=event,
        type="trade",
        subtype="",
        asset=asset,
        amount=amount,
        fee=fee,
        balance=ZERO,
        at=at,
    )
    return Explained(entry=entry, cause=Cause.FILL, event_id=event, why="")
