"""The first reading of a large account: 100,000 trades, 300,000 ledger entries, killed in between.

`python -m benchmarks ledger_sync`. The exchange is in this process and answers at once, in pages of
50 as Kraken gives them, so that what is measured is what our own side costs. Beside it stands the
least time that those pages take at the pace which Kraken allows a key: whoever waits that long
anyway waits so much longer for us. Memory is the most that the process ever had, beside that of one
which reads a tenth.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final, cast

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset, PairName, SymbolTable
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.limits import TIERS, rest_cost
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.books.book import BookDesk, keep_books
from kraken_pipeline.services.books.sync import LongList
from kraken_pipeline.services.books.vaults import VaultDesk
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.store import sync_pages
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.sync_pages import SqlPageStore
from kraken_pipeline.store.vaults import SqlVaultStore

TRADES: Final = 100_000
ROWS: Final = 3
"""Ledger entries of each trade: two of its own, and a reward."""
PAGE: Final = 50
START: Final = 1_600_000_000
MINUTE: Final = 60
NOW: Final = datetime.fromtimestamp(START, UTC) + timedelta(days=365)
SYMBOLS: Final = SymbolTable(
    assets={"XXBT": "XBT", "ZUSD": "USD"},
    pairs=[PairName(pair="XBTUSD", key="XXBTZUSD", base=Asset("XBT"), quote=Asset("USD"))],
)
PAIR: Final = Pair(
    name="XBTUSD",
    key="XXBTZUSD",
    base=Asset("XBT"),
    quote=Asset("USD"),
    asset_class="currency",
    status="online",
    tick=Decimal("0.1"),
    lot=Decimal("0.00000001"),
    min_qty=Decimal("0.0001"),
    min_cost=Decimal(1),
)


class Past:
    """An account's past, made up row by row as it is asked for."""

    def __init__(self, trades: int, pages: Path) -> None:
        """Have so many trades; each page that is asked for is a line in the file."""
        self._trades = trades
        self._pages = pages
        self.killed_after: int | None = None

    def call(self, method: str, params: Mapping[str, str], **_: object) -> object:
        """Answer a call as Kraken does."""
        if method == "BalanceEx":
            cash = {"balance": str(self._trades), "hold_trade": "0"}
            return {"ZUSD": cash, "XXBT": {"balance": "0", "hold_trade": "0"}}
        if method == "Earn/Allocations":
            return {"items": [], "next_cursor": None}
        self._note()
        if method == "Ledgers":
            return self._page(params, "ledger", "L", self._trades * ROWS, self._entry)
        return self._page(params, "trades", "T", self._trades, self._trade)

    def _note(self) -> None:
        with self._pages.open("a") as file:
            file.write("\n")
        if self.killed_after is not None:
            self.killed_after -= 1
            if not self.killed_after:
                os.kill(os.getpid(), signal.SIGKILL)

    def _page(
        self, params: Mapping[str, str], name: str, letter: str, count: int, row: object
    ) -> object:
        steps = count // self._trades
        last = int(params["end"][1:]) if "end" in params else count - 1
        first = 0
        if "start" in params:
            # exclusive, and each minute has so many rows
            first = max(0, (int(params["start"]) - START) // MINUTE + 1) * steps
        newest = last - int(params["ofs"])
        rows = {
            f"{letter}{number:07}": row(number)  # type: ignore[operator]  # one of two methods
            for number in range(newest, max(newest - PAGE, first - 1), -1)
        }
        return {name: rows, "count": last - first + 1}

    def _trade(self, number: int) -> object:
        return {
            "ordertxid": f"O{number:07}", "pair": "XXBTZUSD", "time": START + number * MINUTE,
            "type": "sell" if number % 2 else "buy", "ordertype": "limit", "price": "50000.0",
            "cost": "500.00", "fee": "1.00", "vol": "0.01", "margin": "0", "misc": "",
            "maker": True,
        }  # fmt: skip

    def _entry(self, number: int) -> object:
        trade, place = divmod(number, ROWS)
        side = -1 if trade % 2 else 1
        kind, asset, amount, fee = (
            ("trade", "XXBT", f"{side * Decimal('0.01')}", "0"),
            ("trade", "ZUSD", str(-side * 500), "1"),
            ("reward", "ZUSD", "2", "0"),
        )[place]
        return {
            "refid": f"T{trade:07}" if kind == "trade" else f"FT{trade:07}",
            "time": START + trade * MINUTE, "type": kind, "subtype": "", "aclass": "currency",
            "asset": asset, "amount": amount, "fee": fee, "balance": "0",
        }  # fmt: skip


class Listed:
    """A market that lists one pair and quotes nothing."""

    def listing(self) -> Listing:
        """Return it."""
        return Listing(symbols=SYMBOLS, pairs={PAIR.name: PAIR})

    def tickers(self) -> Mapping[str, object]:
        """Return nothing."""
        return {}


def run() -> None:
    """Print what the reading costs, and what it takes at the least."""
    small, large = (_read(trades) for trades in (TRADES // 10, TRADES))
    pages, seconds, most = large
    print(f"{TRADES} trades, {TRADES * ROWS} ledger entries: {pages} pages, killed once in between")
    least = -(-TRADES // (PAGE - 1)) + -(-TRADES * ROWS // (PAGE - 1))
    print(f"  pages asked for twice: {max(0, pages - least)} of {least}")
    for name, tier in TIERS.items():
        bound = least * rest_cost("Ledgers") / tier.rest_decay
        print(f"  {name}: bound {bound:.0f} s, with ours {(bound + seconds) / bound:.3f} of it")
    print(f"  our own side {seconds:.0f} s; {most:.0f} MB, {small[2]:.0f} MB for a tenth")


def _read(trades: int) -> tuple[int, float, float]:
    """Read so many trades in two processes, the first killed; return pages, seconds and MB."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        kill_after = trades * ROWS // (2 * PAGE)
        for killed_after in (kill_after, 0):
            told = [folder, str(trades), str(killed_after)]
            made = subprocess.run(
                [sys.executable, "-m", "benchmarks.ledger_sync", *told],
                check=False,
                capture_output=True,
                text=True,
            )
        if made.returncode:
            sys.exit(made.stderr)
        print(made.stdout, end="")
        pages = len((Path(folder) / "pages").read_text())
        return pages, perf_counter() - began, float(made.stdout.split()[-2])


def _process(folder: Path, trades: int, killed_after: int) -> None:
    url = f"sqlite:///{folder / 'books.db'}"
    migrate(url)
    past = Past(trades, folder / "pages")
    past.killed_after = killed_after or None
    database = connect(url)
    began = perf_counter()
    booked = keep_books(_desk(past, database))
    took = perf_counter() - began
    database.close()
    most = _most_memory()
    drift = dict(booked.snapshot.drift) or "none"
    print(f"  {trades} trades: the second process {took:.0f} s, drift {drift}, {most:.0f} MB")


def _most_memory() -> float:
    """Return the most MB that this process ever had; what its parent had is not its own."""
    status = Path("/proc/self/status").read_text()
    [peak] = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


def _desk(past: Past, database: Database) -> BookDesk:
    account = ReadOnlyAccount(cast("PrivateLine", past), symbols=lambda: SYMBOLS)
    accounts = AccountDesk(
        accounts=SqlAccountStore(database),
        base_currency=Asset("USD"),
        method=Method.WAC,
        aliases=(),
        closes=lambda frame, at: {},
    )
    return BookDesk(
        market=cast("Market", Listed()),
        account=account,
        vaults=VaultDesk(
            earning=account,
            looks=SqlVaultStore(database),
            books=SqlBookStore(database),
            ledger=SqlLedgerStore(database),
            listing=Listed().listing,
        ),
        books=SqlBookStore(database),
        ledger=SqlLedgerStore(database),
        long_ledger=LongList(
            name="Ledgers",
            pages=account.ledger_page,
            kept=SqlPageStore(database, sync_pages.LEDGER),
            clock=lambda: NOW,
        ),
        long_trades=LongList(
            name="TradesHistory",
            pages=account.trades_page,
            kept=SqlPageStore(database, sync_pages.TRADES),
            clock=lambda: NOW,
        ),
        orders=SqlOrderStore(database),
        base_currency=Asset("USD"),
        tolerance=Tolerance(),
        valuation_pairs={},
        tracks_manual=True,
        retention=timedelta(days=400),
        clock=lambda: NOW,
        closes=accounts.closes,
        book_moves=partial(book_moves, accounts),
    )


if __name__ == "__main__":
    _process(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
