"""Compare the books with the exchange: orders, strangers, holds, and ledger with balances."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.errors import ConflictError, ExchangeError, PipelineError, StorageError
from kraken_pipeline.domain.halts import EVERYTHING, HaltKind
from kraken_pipeline.domain.orders import RESTING, Event, Fact, Order, State
from kraken_pipeline.domain.reconciliations import (
    Cause,
    Finding,
    Kind,
    Outcome,
    Reconciliation,
    news_of,
    passes_missing,
)
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.books.agreement import Agreement, agreement, is_at_work, missing
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.differences import MoneyDesk, has_moved, holds_left, of_books
from kraken_pipeline.services.books.odd_fees import LOOKED_BACK, odd_fees
from kraken_pipeline.services.orders.hear import hear
from kraken_pipeline.services.orders.settle import settle
from kraken_pipeline.services.ports.books import ReconciliationStore
from kraken_pipeline.services.ports.orders import ForeignStore
from kraken_pipeline.services.risk.halt import READS_LAG
from kraken_pipeline.services.risk.strangers import foreign, ours_among

CODE: Final = "NOT_RECONCILED"
"""Why nothing opens while books and exchange are not known to agree."""
OPEN_THERE: Final = frozenset({"pending", "open"})
"""Kraken's words for an order that may still fill."""
MOST_ASKED: Final = 50
"""Orders that are looked at again by their id in one pass: as many as one call may name."""
MOST_TARGETED: Final = 10
"""Orders that are asked for one by one in one pass. Source: contract 11.3."""
COMPARES_MONEY: Final = frozenset({Cause.MINUTE, Cause.HOURLY, Cause.HAND})
"""Whoever is about to send has read the balances just before, and waits."""
CONTRADICTIONS: Final = frozenset({HaltKind.CONTRADICTION, HaltKind.OVERFILL})
"""Halts over what the exchange told of an order."""
RETENTION: Final = timedelta(days=30)
"""How long clean passes are kept; what found something stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDesk(MoneyDesk):
    """What comparing needs."""

    foreign: ForeignStore
    passes: ReconciliationStore
    keep_books: Callable[[], Booked]
    """Reads fills, ledger and balances, and values everything."""
    unprotected: Callable[[], Mapping[str, str]]
    """Which holdings are without their stop, each with since when and why."""
    run_id: str
    """Of the run or the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one comparison did."""

    found: Reconciliation
    orders: Counter[str]
    """State to how many of the orders that may have been at the exchange are in it now."""
    agreement: Agreement
    booked: Booked | None
    """What came of the books, where they were kept."""

    def __str__(self) -> str:
        """Return it in one line."""
        return self.found.said


def reconcile(desk: ReconcileDesk, cause: Cause, *, full: bool = False) -> Pass:
    """Compare the books with the exchange once, correct what can be, and keep what was found.

    Every order that may be at the exchange is settled by what it shows. Then, but after an event,
    the account's open orders are compared with ours. Each minute and more seldom, what they hold is
    compared with what is held, and the ledger with the balances: where they part, and where that
    is asked for, the books are kept, which pages fills and ledger.

    In quiet the exchange is asked once for each fifty orders, once for open orders and once for
    balances. What differs is asked for once more, as it may have moved in between.

    A pass after an event that found nothing is not kept and counts for nothing: it looks at our own
    orders only.

    Args:
        desk: what is compared.
        cause: why.
        full: whether the books are kept also where the balances are what the ledger says.

    Raises:
        ExchangeError: the exchange did not answer; what was learned until then is written.

    Source: contract 11.3, OMS-7, OMS-13, PF-14, PF-16.
    """
    return _Comparison(desk, cause).made(full=full)


def opening_objection(desk: ReconcileDesk) -> str:
    """Return why nothing may open now; nothing where books and exchange are known to agree.

    Where an order may be at the exchange, or a clean pass is missing, a pass is made first: nothing
    is sent before each order has evidence that was gathered since its sender began.

    Raises:
        StorageError: the books cannot be kept.

    Source: contract 11.3; F-SUB-1, U-DUP-9.
    """
    try:
        if missing(desk.passes) or any(map(is_at_work, desk.settling.orders.reserving())):
            reconcile(desk, Cause.START)
    except StorageError:
        # then nothing can be written down, and so nothing is sent
        raise
    except PipelineError as failure:
        # whatever the books can't take, what reduces still goes (INV-7)
        return f"{CODE}: {failure}"
    count = missing(desk.passes)
    return f"{CODE}: clean_passes_missing={count}" if count else ""


class _Comparison:
    """One pass."""

    def __init__(self, desk: ReconcileDesk, cause: Cause) -> None:
        self._desk = desk
        self._cause = cause
        self._account = desk.settling.account
        self._orders = desk.settling.orders
        self._began = desk.settling.clock()
        self._findings: list[Finding] = []
        self._shown: tuple[OrderReport, ...] = ()

    def made(self, *, full: bool) -> Pass:
        """Compare, and keep what was found; see `reconcile`."""
        desk = self._desk
        counts = self._settle()
        if self._cause is not Cause.EVENT:
            self._compare_open_orders()
        has_moved = self._looks_at_money() and self._money_has_moved()
        booked = desk.keep_books() if has_moved or full else None
        self._findings += () if booked is None else of_books(desk, booked)
        if full:
            self._look_at_fees()
        for holding, said in self._desk.unprotected().items():
            self._note(Kind.UNPROTECTED, holding, said)
        self._note_contradictions()
        found = Reconciliation(
            at=self._began,
            cause=self._cause,
            run_id=desk.run_id,
            findings=tuple(self._findings),
        )
        if self._cause is not Cause.EVENT or found.outcome is not Outcome.CLEAN:
            desk.passes.keep(found)
        if full:
            desk.passes.prune(self._began - RETENTION)
        return Pass(
            found=found,
            orders=counts,
            agreement=agreement(desk.passes, desk.foreign, self._orders.reserving()),
            booked=booked,
        )

    def _settle(self) -> Counter[str]:
        """Bring our orders up to what the exchange shows, and note what that changed."""
        before = [self._doubted(each) for each in self._orders.reserving() if is_at_work(each)]
        before += [
            order for order, booked in self._orders.unmatched() if booked != order.filled_qty
        ]
        counts = settle(self._desk.settling)
        found = self._orders.with_client_ids([each.cl_ord_id for each in before])
        now = {each.local_id: each for each in found}
        for order in before:
            news = news_of(order, now[order.local_id], now=self._began)
            if news is not None:
                self._findings.append(news)
        return counts

    def _doubted(self, order: Order) -> Order:
        """Doubt an order whose sender must be dead: nobody waits for a reply for so long.

        Whoever sends next doubts it too, and there may be nobody who does (L-1).
        """
        settling = self._desk.settling
        if (
            order.state is not State.SENDING
            or order.deadline is None
            or self._began <= order.deadline + settling.unknown_settle
        ):
            return order
        unclear = Event(
            fact=Fact.FATE_UNCLEAR,
            at=settling.clock(),
            source="reconcile",
            detail="no reply was written long after the deadline",
        )
        try:
            return self._orders.record(order, unclear)
        except ConflictError:
            return self._orders.order(order.local_id)

    def _compare_open_orders(self) -> None:
        """Look for orders that are not ours, and for ours that should not be open any more."""
        self._shown = self._account.open_orders()
        ours = ours_among(self._orders, self._shown)
        self._note_strangers([each for each in self._shown if each.kraken_order_id not in ours])
        ended = [
            (order, report)
            for report in self._shown
            if (order := ours.get(report.kraken_order_id)) is not None and not is_at_work(order)
        ]
        for order, report in ended[:MOST_TARGETED]:
            self._note_back(order, report)

    def _note_strangers(self, strangers: Sequence[OrderReport]) -> None:
        """Keep what is not ours; what is not listed any more is gone if it is shown as ended."""
        listed = {each.kraken_order_id for each in strangers}
        missing = [
            each.kraken_order_id
            for each in self._desk.foreign.open()
            if each.kraken_order_id not in listed
        ][:MOST_ASKED]
        # one list alone may be an old page (F-RD-7)
        shown = self._account.orders(missing) if missing else {}
        ours = ours_among(self._orders, tuple(shown.values()))
        gone = [
            name for name, each in shown.items() if name in ours or each.status not in OPEN_THERE
        ]
        seen = [foreign(each, at=self._began) for each in strangers]
        for each in self._desk.foreign.see(seen, gone=gone, at=self._began):
            said = f"{each.pair}: {each.description}"
            self._note(Kind.FOREIGN_NEW, each.kraken_order_id, said)
        for name in gone:
            self._note(Kind.FOREIGN_GONE, name, f"{shown[name].pair}: {shown[name].status}")

    def _note_back(self, order: Order, report: OrderReport) -> None:
        """Halt over an order that is open although our books say otherwise.

        One that ended there, by our books, is asked for by its id first: the list may be old.
        """
        settling, name = self._desk.settling, report.kraken_order_id
        if order.kraken_order_id is not None:
            if self._began - order.updated_at < READS_LAG:
                return
            again = self._account.orders([name]).get(name)
            if again is None or again.status not in OPEN_THERE:
                return
        now = hear(settling, order, report, source="reconcile")
        settling.halts.latch(
            HaltKind.CONTRADICTION,
            reason=f"{order.local_id} was {order.state} in our books and is open as {name}",
            at=settling.clock(),
            by="reconcile",
        )
        if now.state in RESTING:
            self._note(Kind.ORDER_BACK, order.local_id, f"{order.state} -> {now.state} as {name}")

    def _looks_at_money(self) -> bool:
        """Who is about to send looks at it where books and exchange parted of late.

        A look that cannot see a difference does not show that it is gone.
        """
        if self._cause is not Cause.START:
            return self._cause in COMPARES_MONEY
        run = self._desk.passes.clean_run()
        return run.broken_by is Outcome.DIFFERS and passes_missing(run) > 0

    def _money_has_moved(self) -> bool:
        """Compare what is held with what orders need; tell whether the books are to be kept."""
        listing = self._desk.market.listing()
        balances = self._account.balances()
        if holds_left(balances, listing, self._shown):
            self._shown, balances = self._account.open_orders(), self._account.balances()
            for hold in holds_left(balances, listing, self._shown):
                self._note(Kind.HOLD_UNEXPLAINED, hold.asset, str(hold))
        return has_moved(self._desk, balances)

    def _look_at_fees(self) -> None:
        """Note fees of late that are far beyond what the account pays."""
        fills = self._desk.books.fills_after(self._began - LOOKED_BACK)
        # what is not told now is told within the hour
        with suppress(ExchangeError):
            self._findings += odd_fees(self._account, self._desk.market.listing(), fills)

    def _note_contradictions(self) -> None:
        """Note what a person must look at; what bears on one pair stops nothing but that."""
        for halt in self._desk.settling.halts.latched():
            if halt.kind in CONTRADICTIONS and halt.scope == EVERYTHING:
                self._note(Kind.CONTRADICTION, f"halt {halt.halt_id}", halt.reason)

    def _note(self, kind: Kind, subject: str, said: str) -> None:
        self._findings.append(Finding(kind=kind, subject=subject, said=said))
