"""What must hold whatever breaks, told from the exchange's truth and our durable state alone.

Nothing here asks an object of ours: the books are read from their file with plain SQL.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from kraken_pipeline.simulator.buckets import held_asset
from kraken_pipeline.simulator.events import Event, OrderOpened
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.store import journal
from kraken_pipeline.store.journal import Kept

NOTHING: Final = Decimal(0)
ENDED: Final = frozenset({"filled", "canceled", "expired"})
NEVER_THERE: Final = frozenset({"rejected", "absent", "withdrawn"})
FINAL: Final = ENDED | NEVER_THERE
FATE_OPEN: Final = frozenset({"sending", "unknown"})
REASONED: Final = frozenset({"KILL_MANUAL", "GUARD_LOST", "UNPROTECTED"})
"""Kinds of halts for which there is a reason here: nothing drifts, and no price falls far."""
WRITTEN_OFF: Final = "written_off"
CONTRADICTION: Final = "HALTED"
SHOWED_UP: Final = "was written off and is there as"
"""What a person is called for where he was wrong (F-SUB-20)."""
ESCALATED: Final = "canceling it has no effect"
"""What a person is called for where cancels are lost one after the other (U-DUP-8)."""
CORRECTIONS: Final = frozenset({("canceled", "filled"), ("expired", "filled")})
"""What filled before the cancel took effect may be heard after it."""
OPEN: Final = frozenset({"open", "pending"})
BASE: Final = "USD"
CAME: Final = (
    "realised",
    "income",
    "flows",
    "adjusted",
    "unexplained",
    "stated",
    "uncosted",
    "swapped",
)
"""What an asset's lots cost is these together, less fees."""


class BrokenError(AssertionError):
    """An invariant does not hold."""


def require(holds: object, invariant: str, message: str) -> None:
    """Complain where an invariant does not hold.

    Raises:
        BrokenError: it does not.
    """
    if not holds:
        raise BrokenError(f"{invariant}: {message}")


class Books:
    """Our durable state, read with plain SQL."""

    def __init__(self, file: Path) -> None:
        """Name the file; it is opened anew whenever it was put in place of another."""
        self._file = file
        self._open: sqlite3.Connection | None = None

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return what a query finds."""
        if self._open is None:
            self._open = sqlite3.connect(self._file, isolation_level=None)
            self._open.row_factory = sqlite3.Row
        return self._open.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
        self._open = None


class Checker:
    """Looks after every step at what changed since the last look."""

    def __init__(self, books: Books) -> None:
        """Begin with an empty journal and no order at the exchange."""
        self.books = books
        self.checks = 0
        self.accepted: dict[str, str] = {}
        """Our client id to Kraken's id, of every order that the exchange ever took from us."""
        self.uncounted: set[str] = set()
        """Our client ids of buys that a person ever declared absent, which no cap counts meanwhile,
        and of sales of what was bought by hand."""
        self._seq = 0
        self._written_off: dict[str, int] = {}
        """Our ids of what a person declared absent, to the entry in which he did."""
        self._contradictions: set[str] = set()
        """Halts over books and exchange that part, of those that are latched."""
        self._contradicted = 0
        """The last entry in which one was latched or cleared."""
        self._halts: dict[str, str] = {}
        """Of those that are latched, what each stops."""
        self._epoch: dict[str, tuple[int, str]] = {}
        self._said: dict[str, str] = {}
        self._entries = 0
        self._fills = 0

    def heard(self, events: Sequence[Event]) -> None:
        """Check each order in the very moment in which the exchange takes it."""
        for each in events:
            if isinstance(each, OrderOpened) and each.order.cl_ord_id:
                self._took(each.order)

    def _took(self, order: Order) -> None:
        ours = order.cl_ord_id or ""
        require(ours not in self.accepted, "INV-1", f"{ours} was taken twice")
        self.accepted[ours] = order.id
        rows = self.books.rows("SELECT * FROM execution_orders WHERE cl_ord_id = ?", ours)
        require(len(rows) == 1, "INV-2", f"{ours} is at the exchange, the books have {len(rows)}")
        [row] = rows
        sells = row["side"] == "sell"
        require(sells or row["purpose"] != "flatten", "FLT-1", f"{row['local_id']} buys")
        said = f"the exchange took {row['local_id']} while the books say {row['status']}"
        require(row["status"] in FATE_OPEN, "CHK-2", said)
        if row["strategy_id"] == "manual":
            self.uncounted.add(ours)
        require(row["deadline"], "OMS-4", f"{row['local_id']} has no deadline")

    def leaves(self, cl_ord_id: str, *, latched_at: int | None) -> None:
        """Check an order in the moment in which it leaves the process.

        Args:
            cl_ord_id: of the order.
            latched_at: the journal's length when panic was latched; None where it is not.
        """
        rows = self.books.rows(
            "SELECT o.*, (SELECT seq FROM journal j WHERE j.subject = o.local_id"
            " AND j.kind = 'order.send_started') AS seq FROM execution_orders o"
            " WHERE cl_ord_id = ?",
            cl_ord_id,
        )
        require(rows, "INV-2", f"{cl_ord_id} leaves and is in no book")
        [row] = rows
        said = f"{row['local_id']} leaves while the books say {row['status']}"
        require(row["status"] in FATE_OPEN, "INV-2", said)
        opens = row["side"] == "buy"
        later = latched_at is not None and row["seq"] > latched_at
        require(not (opens and later), "INV-7", f"{row['local_id']} leaves after panic")

    def look(self, exchange: Exchange) -> None:
        """Check what changed since the last look.

        Raises:
            BrokenError: something that must hold does not.
        """
        self.checks += 1
        rows = self.books.rows("SELECT * FROM journal WHERE seq > ? ORDER BY seq", self._seq)
        changed: dict[str, None] = {}
        for row in rows:
            require(row["seq"] == self._seq + 1, "AUD-1", f"entry {self._seq + 1} is missing")
            self._seq = row["seq"]
            self._take(row, changed)
        for local_id in changed:
            self._agree(local_id, exchange)
        self._fills_fit(exchange)
        self._ledger_is_true(exchange)

    def _take(self, row: sqlite3.Row, changed: dict[str, None]) -> None:
        subject, _, verb = row["kind"].partition(".")
        payload = json.loads(row["payload"])
        if subject == "halt":
            if verb == "latched":
                told = payload["row"]
                # the exchange is right by definition, so whatever contradicts it misread it
                said = f"{told['kind']} latched and nothing is wrong: {told['reason']}"
                why = told["reason"]
                is_reasoned = told["kind"] in REASONED or ESCALATED in why or SHOWED_UP in why
                require(is_reasoned, "L-6", said)
                self._halts[row["subject"]] = told["scope"]
                if told["kind"] == CONTRADICTION:
                    self._contradictions.add(row["subject"])
            else:
                self._halts.pop(row["subject"], None)
            if row["subject"] in self._contradictions:
                self._contradicted = row["seq"]
                self._contradictions &= self._halts.keys()
        elif subject == "lease":
            told = payload["row"]
            if verb == "taken":
                known = self._epoch.get(row["subject"], (0, ""))[0]
                require(told["epoch"] > known, "OMS-2", f"epoch {told['epoch']} after {known}")
                self._epoch[row["subject"]] = (told["epoch"], told["owner"])
        elif subject == "order":
            changed[row["subject"]] = None
            self._moved(row, payload)

    def _moved(self, row: sqlite3.Row, payload: Mapping[str, Mapping[str, Any]]) -> None:
        told, name = payload["row"], row["subject"]
        if row["kind"] == "order.send_started":
            halts = [each for each in self._halts.values() if _covers(each, told)]
            said = f"{name} began to leave while halts over {halts} were latched"
            require(told["side"] == "sell" or not halts, "INV-7", said)
            epoch = payload["event"]["epoch"]
            held = self._epoch.get("orders-trade", (0, ""))[0]
            require(epoch == held, "OMS-2", f"{name} left under epoch {epoch}, in force: {held}")
        before, now = self._said.get(name), told["status"]
        if before in FINAL and now != before:
            require((before, now) in CORRECTIONS, "CHK-2", f"{name} was {before} and is {now} now")
        if now == WRITTEN_OFF:
            self._written_off[name] = row["seq"]
            self.uncounted |= {told["cl_ord_id"]} if told["side"] == "buy" else set()
        elif name in self._written_off:
            since = self._written_off.pop(name)
            is_called = self._contradictions or self._contradicted > since
            said = f"{name} was written off, is {now}, and nobody is called"
            require(is_called, "F-SUB-20", said)
        self._said[name] = now

    def _agree(self, local_id: str, exchange: Exchange) -> None:
        """Compare one order with the truth."""
        [row] = self.books.rows("SELECT * FROM execution_orders WHERE local_id = ?", local_id)
        truth = exchange.account.orders.get(self.accepted.get(row["cl_ord_id"], ""))
        status, filled = row["status"], Decimal(row["filled_volume"])
        if truth is None:
            is_possible = status in {"planned", "manual", WRITTEN_OFF} | FATE_OPEN | NEVER_THERE
            require(is_possible, "CHK-2", f"{local_id} is {status} and was never at the exchange")
            return
        there = f"{local_id} is {status}, {truth.id} is {truth.status}"
        require(status not in NEVER_THERE, "CHK-2", there)
        require(status not in ENDED or truth.status not in OPEN, "CHK-2", there)
        require(filled <= truth.executed, "INV-3", f"{there}, filled {filled}/{truth.executed}")
        if status == "filled":
            # one that is changed to less than had filled is done with what had
            require(truth.executed >= truth.volume, "CHK-2", there)
        if row["settled_at"] is not None:
            booked = self._booked(truth.id)
            same = booked == filled == truth.executed
            require(same, "INV-3", f"{local_id} settled at {filled}, {booked}, {truth.executed}")

    def _booked(self, kraken_order_id: str) -> Decimal:
        rows = self.books.rows("SELECT qty FROM fills WHERE kraken_order_id = ?", kraken_order_id)
        return sum((Decimal(row["qty"]) for row in rows), NOTHING)

    def _fills_fit(self, exchange: Exchange) -> None:
        """INV-3: what is booked of an order did trade, and is no more than was ordered."""
        rows = self.books.rows(
            "SELECT rowid, kraken_order_id, trade_id FROM fills WHERE rowid > ?", self._fills
        )
        for row in rows:
            self._fills = max(self._fills, row["rowid"])
            known = row["trade_id"] in exchange.account.trades
            require(known, "INV-3", f"fill {row['trade_id']} never happened")
        for key in sorted({row["kraken_order_id"] for row in rows}):
            qty, truth = self._booked(key), exchange.account.orders[key]
            require(qty <= truth.executed, "INV-3", f"{key}: booked {qty}, {truth.executed}")

    def _ledger_is_true(self, exchange: Exchange) -> None:
        """INV-4: each entry that is kept is the exchange's, to the last digit."""
        rows = self.books.rows(
            "SELECT rowid, entry_id, asset, amount, fee FROM ledger_entries WHERE rowid > ?",
            self._entries,
        )
        for row in rows:
            self._entries = max(self._entries, row["rowid"])
            truth = exchange.account.ledger.get(row["entry_id"])
            require(truth is not None, "INV-4", f"entry {row['entry_id']} never happened")
            assert truth is not None
            same = (truth.asset, truth.amount, truth.fee) == (
                row["asset"],
                Decimal(row["amount"]),
                Decimal(row["fee"]),
            )
            require(same, "INV-4", f"entry {row['entry_id']} is {dict(row)}, not {truth}")

    def journal_length(self) -> int:
        """Return how many entries the journal has now."""
        [row] = self.books.rows("SELECT count(*) AS entries FROM journal")
        return int(row["entries"])

    def came_back(self) -> None:
        """Forget what was lost with the power: only what nobody was told of may be."""
        left = self.journal_length()
        require(left >= self._seq, "INV-2", f"{left} entries of {self._seq} are left")

    def at_rest(self, exchange: Exchange) -> None:
        """Check what must have become true once everything was quiet for a while (part E).

        Raises:
            BrokenError: it has not.
        """
        self._orders_have_evidence(exchange)
        self._each_sold_its_own(exchange)
        self._books_equal(exchange)
        self._account_adds_up(exchange)
        self._chain_is_whole()

    def _orders_have_evidence(self, exchange: Exchange) -> None:
        for row in self.books.rows("SELECT * FROM execution_orders"):
            name, status = row["local_id"], row["status"]
            truth = exchange.account.orders.get(self.accepted.get(row["cl_ord_id"], ""))
            is_absent = status == WRITTEN_OFF and truth is None
            is_known = is_absent or status in FINAL | {"live"}
            require(is_known, "L-1", f"{name} is still {status}, the exchange has {truth}")
            if status == "live":
                is_open = truth is not None and truth.status in OPEN
                require(is_open, "L-1", f"{name} is live, the exchange has {truth}")
            filled = Decimal(row["filled_volume"])
            executed = NOTHING if truth is None else truth.executed
            require(filled == executed, "L-1", f"{name} filled {filled}, {executed} there")
            if status in ENDED and filled:
                require(row["settled_at"], "L-3", f"{name} is not matched with the books")

    def _each_sold_its_own(self, exchange: Exchange) -> None:
        """F-MON-9: what sells for a strategy, stops and flatten too, sells what that bought."""
        held: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for row in self.books.rows("SELECT * FROM execution_orders WHERE strategy_id != 'manual'"):
            truth = exchange.account.orders.get(self.accepted.get(row["cl_ord_id"], ""))
            if truth is not None:
                signed = truth.executed if row["side"] == "buy" else -truth.executed
                held[f"{row['strategy_id']}@{row['timeframe']}", row["pair"]] += signed
        for place, qty in held.items():
            require(qty >= 0, "F-MON-9", f"{place} sold {-qty} more than it bought")

    def _books_equal(self, exchange: Exchange) -> None:
        booked: defaultdict[str, Decimal] = defaultdict(lambda: NOTHING)
        for row in self.books.rows("SELECT asset, amount, fee FROM ledger_entries"):
            booked[row["asset"]] += Decimal(row["amount"]) - Decimal(row["fee"])
        ours = {asset: qty for asset, qty in booked.items() if qty}
        theirs = {asset: qty for asset, qty in exchange.account.balances.items() if qty}
        require(ours == theirs, "INV-4", f"the ledger says {ours}, balances are {theirs}")
        fills = {row["trade_id"] for row in self.books.rows("SELECT trade_id FROM fills")}
        missing = sorted(set(exchange.account.trades) - fills)
        require(not missing, "INV-4", f"fills {missing[:3]} are in no book")

    def _account_adds_up(self, exchange: Exchange) -> None:
        """Check the account's own books: as much as the exchange has, and nothing unexplained."""
        theirs: defaultdict[str, Decimal] = defaultdict(lambda: NOTHING)
        for bucket, qty in exchange.account.balances.items():
            theirs[held_asset(exchange.market.listing, bucket).altname] += qty
        swapped, unpriced = NOTHING, 0
        for row in self.books.rows("SELECT * FROM asset_books"):
            name, qty = row["asset"], Decimal(row["qty"])
            require(qty == theirs[name], "P-1", f"{qty} {name} booked, {theirs[name]} there")
            lots = self.books.rows("SELECT cost FROM lots WHERE asset = ?", name)
            known = sum((Decimal(each["cost"]) for each in lots if each["cost"]), NOTHING)
            cost = qty if name == BASE else known
            came = sum((Decimal(row[each]) for each in CAME), NOTHING)
            left = cost - came + Decimal(row["fees"])
            require(not left, "P-2", f"{left} of {name} is unexplained")
            swapped += Decimal(row["swapped"])
            unpriced += row["unpriced"]
        require(not swapped or unpriced, "P-2", f"trades brought {swapped} more than they took")

    def _chain_is_whole(self) -> None:
        kept = [
            Kept(**dict(row))
            for row in self.books.rows(f"SELECT {_names()} FROM journal ORDER BY seq")  # noqa: S608 our own names
        ]
        [head] = self.books.rows("SELECT value FROM meta WHERE key = 'journal_head'")
        seq, hashed = head["value"].split(" ")
        faults = journal.chain_faults(kept, journal.Head(seq=int(seq), hash=hashed))
        require(not faults, "AUD-1", "; ".join(faults))


def _covers(scope: str, order: Mapping[str, Any]) -> bool:
    """Tell whether a halt of a scope stops an order."""
    kind, _, name = scope.partition(":")
    pair = str(order["pair"])
    named = {"": "", "pair": pair, "strategy": str(order["strategy_id"])}
    return pair.startswith(name) if kind == "asset" else named[kind] == name


def _names() -> str:
    return ", ".join(Kept.__slots__)
