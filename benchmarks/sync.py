"""A large account read from the simulator's own server, which holds Kraken's limits.

`python -m benchmarks sync [--trades N] [--speed S]`. The server is a process of its own, with
100,000 trades and 300,000 ledger entries in its journal; its clock and that of our counters run
`speed` times as fast, so what either side does itself counts as many times. Told is the exchange's
time that the first reading took, over the least that its pages of 50 and its limit allow; the most
memory of each half, of reading pages and of booking rows; and what a look costs in which nothing is
new, at once and after two days. Our processor time is told beside it, as a share at the exchange's
own speed, were none of it done while a page is waited for: the rest is the machine's.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from json import loads
from pathlib import Path
from typing import Final, cast

from benchmarks.ledger_sync import PAGE, ROWS, TRADES
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.limits import TIERS, rest_cost
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.books.book import BookDesk, Booked, keep_books
from kraken_pipeline.services.books.sync import LongList
from kraken_pipeline.services.books.vaults import VaultDesk
from kraken_pipeline.simulator.bookings import Booked as Rows
from kraken_pipeline.simulator.bookings import Booking
from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.events import Deposited, OrderEnded, OrderFilled, OrderOpened
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline.store import sync_pages
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.sync_pages import SqlPageStore
from kraken_pipeline.store.vaults import SqlVaultStore

TIER: Final = "pro"
SPEED: Final = 40
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
FILLS: Final = 100
"""Of an order."""
STEP: Final = timedelta(minutes=2)
"""Between two fills."""
QTY, PRICE, REWARD = Decimal("0.001"), Decimal("50000.0"), Decimal("0.02")
LATER: Final = timedelta(days=2)
PEAK, RESET = "VmHWM:", "5"
"""The line of a process's most memory, and what sets that back."""


def main(arguments: Sequence[str]) -> int:
    """Begin the server, read from it in a process of its own, and pass on what that prints."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks sync")
    asked.add_argument("--trades", type=int, default=TRADES, help="a multiple of 100")
    asked.add_argument("--speed", type=int, default=SPEED)
    told = asked.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        root, secret = Path(name), b64encode(secrets.token_bytes(64)).decode()
        until = _written(root / "simulator", told.trades)
        command = [sys.executable, "-m", "kraken_pipeline.simulator", "--until-stdin-closes"]
        place = ["--state-dir", str(root / "simulator"), "--key", f"bench={secret}"]
        limits = ["--limits", "private", "--tier", TIER]
        clock = ["--speed", str(told.speed), "--at", until.isoformat()]
        with subprocess.Popen(
            [*command, *place, *limits, *clock],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            if server.stdin is None or server.stdout is None:
                raise SystemExit("the simulator cannot be spoken to")
            url = loads(server.stdout.readline())["url"]
            reader = [sys.executable, "-m", "benchmarks.sync", str(root), url, secret]
            more = [str(told.trades), str(told.speed), until.isoformat()]
            done = subprocess.run([*reader, *more], check=False)
            server.stdin.close()
    return done.returncode


def _written(folder: Path, trades: int) -> datetime:
    """Write the journal of an account that traded so often; return how far its time came."""
    journal = Journal(folder, SyntheticMarket(1).identity)
    journal.append(
        [
            Deposited(
                at=BEGIN,
                asset="ZUSD",
                amount=Decimal(10_000),
                refid="FTBEGIN",
                ledger_id="LBEGIN",
            )
        ]
    )
    at = BEGIN
    for number in range(trades // FILLS):
        at += STEP
        side = Side.SELL if number % 2 else Side.BUY
        order = Order(
            id=f"O{number:05}-AAAAA-AAAAAA",
            pair="XXBTZUSD",
            side=side,
            ordertype="limit",
            price=PRICE,
            volume=QTY * FILLS,
            opened=at,
        )
        journal.append([OrderOpened(at=at, order=order)])
        for part in range(FILLS):
            at += STEP
            _fill(journal, order, number * FILLS + part, at)
        journal.append([OrderEnded(at=at, order_id=order.id, status="closed", reason=None)])
    journal.position = at
    journal.close()
    return at


def _fill(journal: Journal, order: Order, number: int, at: datetime) -> None:
    trade = f"T{number:06}-AAAAA-AAAAAA"
    fill = OrderFilled(
        at=at,
        order_id=order.id,
        trade_id=trade,
        first_trade_id=trade,
        number=number,
        price=PRICE,
        qty=QTY,
        cost=QTY * PRICE,
        fee=Decimal("0.1"),
        maker=True,
        usd=QTY * PRICE,
        base_ledger_id=f"LB{number:06}-AAAAA-AAAAA",
        quote_ledger_id=f"LQ{number:06}-AAAAA-AAAAA",
    )
    reward = Booking(
        id=f"LR{number:06}-AAAAA-AAAAA",
        type="reward",
        asset="ZUSD",
        amount=REWARD,
        fee=Decimal(0),
        refid=f"FT{number:06}",
    )
    journal.append([fill])
    journal.append([Rows(at=at, rows=(reward,))])


@dataclass(kw_only=True)
class Memory:
    """The most memory of this process between marks."""

    most: dict[str, float] = field(default_factory=dict)
    """MB, by what was done."""

    def mark(self, name: str) -> None:
        """Note the most since the last mark."""
        status = Path("/proc/self/status").read_text()
        [peak] = [each for each in status.splitlines() if each.startswith(PEAK)]
        self.most[name] = int(peak.split()[1]) / 1024
        Path("/proc/self/clear_refs").write_text(RESET)


@dataclass(kw_only=True)
class Counted:
    """A line whose calls are counted."""

    line: PrivateLine
    half: int
    """Of the pages that there are at the least."""
    memory: Memory
    calls: Counter[str] = field(default_factory=Counter)

    def call(self, method: str, params: Mapping[str, str], *, call: Call) -> object:
        """Ask."""
        self.calls[method] += 1
        if sum(self.calls.values()) == self.half:
            self.memory.mark("first half of the pages")
        return self.line.call(method, params, call=call)


class Entries(SqlPageStore[LedgerEntry]):
    """Kept pages of the ledger, which note how far they are booked."""

    def __init__(self, database: Database, memory: Memory, half: int) -> None:
        """Take where they are kept, and half of the rows that there will be."""
        super().__init__(database, sync_pages.LEDGER)
        self._memory, self._half = memory, half
        self._left = 2 * half

    def drop(self, rows: Sequence[LedgerEntry]) -> None:
        """Keep these no more, and mark the first booking and the one in the middle."""
        before, self._left = self._left, self._left - len(rows)
        if before == 2 * self._half:
            self._memory.mark("second half of the pages")
        if self._left <= self._half < before:
            self._memory.mark("first half of the entries")
        super().drop(rows)


def _process(root: Path, url: str, secret: str, told: "Told") -> None:
    url_of_books = f"sqlite:///{root / 'books.db'}"
    migrate(url_of_books)
    began, memory = time.monotonic(), Memory()

    def now() -> datetime:
        return told.at + timedelta(seconds=(time.monotonic() - began) * told.speed)

    house = Household(
        folder=root / "house",
        tier=TIERS[TIER],
        clock=lambda: time.time_ns() // 1000,
        pace=Pace(
            clock=lambda: time.monotonic() * told.speed,
            sleep=lambda seconds: time.sleep(seconds / told.speed),
        ),
    )
    with (
        closing(PublicMarket(PublicLine(url))) as market,
        closing(private_line(url, Credential(key="bench", secret=secret), house)) as line,
        closing(connect(url_of_books)) as database,
    ):
        counted = Counted(line=line, half=told.pages // 2, memory=memory)
        desk = _desk(counted, market, database, now)
        entries = Entries(database, memory, told.trades * ROWS // 2)
        busy = time.process_time()
        first = keep_books(replace(desk, long_ledger=replace(desk.long_ledger, kept=entries)))
        busy = time.process_time() - busy
        memory.mark("second half of the entries")
        _print_first(told, first, now() - told.at, counted, busy)
        for said, clock in (("at once", now), ("two days later", lambda: now() + LATER)):
            counted.calls.clear()
            keep_books(replace(desk, clock=clock))
            print(f"  nothing new, {said}: {dict(counted.calls)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is read, and how fast."""

    trades: int
    speed: int
    at: datetime
    """How far the exchange's time has come."""

    @property
    def pages(self) -> int:
        """The fewest that hold everything."""
        return -(-self.trades // (PAGE - 1)) + -(-self.trades * ROWS // (PAGE - 1))


def _print_first(
    told: Told, booked: Booked, took: timedelta, counted: Counted, busy: float
) -> None:
    tier, pages = TIERS[TIER], sum(counted.calls[name] for name in ("TradesHistory", "Ledgers"))
    bound = (told.pages * rest_cost("Ledgers") - tier.rest_most) / tier.rest_decay
    drift = dict(booked.snapshot.drift) or "none"
    print(f"{told.trades} trades, {told.trades * ROWS} entries, {TIER}, {told.speed} times as fast")
    print(f"  drift {drift}; {pages} pages, {told.pages} at the least")
    print(f"  {took.total_seconds():.0f} s of the exchange, at least {bound:.0f}: ", end="")
    print(f"{took.total_seconds() / bound:.3f} times the least, no call refused")
    alone = (bound + busy) / bound
    print(f"  our processor time {busy:.1f} s: {alone:.3f} times the least at its own speed")
    for name, most in counted.memory.most.items():
        print(f"  {name}: {most:.0f} MB at the most")


def _desk(
    line: Counted, market: PublicMarket, database: Database, clock: Callable[[], datetime]
) -> BookDesk:
    account = ReadOnlyAccount(cast("PrivateLine", line), symbols=market.symbols)
    accounts = AccountDesk(
        accounts=SqlAccountStore(database),
        base_currency=Asset("USD"),
        method=Method.WAC,
        aliases=(),
        closes=lambda frame, at: {},
    )
    return BookDesk(
        market=market,
        account=account,
        vaults=VaultDesk(
            earning=account,
            looks=SqlVaultStore(database),
            books=SqlBookStore(database),
            ledger=SqlLedgerStore(database),
            listing=market.listing,
        ),
        books=SqlBookStore(database),
        ledger=SqlLedgerStore(database),
        long_ledger=LongList(
            name="Ledgers",
            pages=account.ledger_page,
            kept=SqlPageStore(database, sync_pages.LEDGER),
            clock=clock,
        ),
        long_trades=LongList(
            name="TradesHistory",
            pages=account.trades_page,
            kept=SqlPageStore(database, sync_pages.TRADES),
            clock=clock,
        ),
        orders=SqlOrderStore(database),
        base_currency=Asset("USD"),
        tolerance=Tolerance(),
        valuation_pairs={},
        tracks_manual=True,
        retention=timedelta(days=400),
        clock=clock,
        closes=accounts.closes,
        book_moves=partial(book_moves, accounts),
    )


if __name__ == "__main__":
    _process(
        Path(sys.argv[1]),
        sys.argv[2],
        sys.argv[3],
        Told(
            trades=int(sys.argv[4]),
            speed=int(sys.argv[5]),
            at=datetime.fromisoformat(sys.argv[6]),
        ),
    )
