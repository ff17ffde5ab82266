"""What a comparison of the books with the exchange found, and when opening may follow a repair.

A repair is a difference that the comparison had to correct because the usual way of news (a reply,
a poll of what rests, the stream) did not: an order of unknown fate that was found or proven absent,
an order that was back after it had ended, a fill that came after its order's end. What a poll
always brings, such as a resting order that filled, is news and no repair.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.fate import READ_SPACING
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import ENDED, FATE_OPEN, Order, State

CLEAN_PASSES_NEEDED: Final = 2
"""In a row after a repair or a difference, before anything opens again."""
CLEAN_PASSES_APART: Final = READ_SPACING
"""What is read sooner may be the same old page once more (F-RD-7, OMS-9 b)."""


class Cause(StrEnum):
    """Why books and exchange were compared."""

    START = "start"
    """Somebody is about to send."""
    EVENT = "event"
    """The account's stream told of something."""
    MINUTE = "minute"
    HOURLY = "hourly"
    HAND = "hand"
    """A person asked."""


class Outcome(StrEnum):
    """How a comparison ended."""

    CLEAN = "clean"
    REPAIRED = "repaired"
    DIFFERS = "differs"


class Weight(IntEnum):
    """How much a finding matters."""

    NEWS = 0
    """The usual way brings it, or it is nothing of ours."""
    DOUBT = 1
    """Not known yet. What it blocks is its own pair, not everything (OMS-10)."""
    REPAIR = 2
    DIFFERENCE = 3
    """It is still there."""


class Kind(StrEnum):
    """What was found. Never renamed: findings are kept."""

    ORDER_MOVED = "order_moved"
    ORDER_UNKNOWN = "order_unknown"
    """Its fate is open still."""
    ORDER_ADOPTED = "order_adopted"
    """Its fate was open; the exchange has it, or had it."""
    ORDER_ABSENT = "order_absent"
    """Its fate was open; it is proven that it never existed."""
    ORDER_BACK = "order_back"
    """It had ended in our books, and filled more or is open all the same."""
    FOREIGN_NEW = "foreign_new"
    FOREIGN_GONE = "foreign_gone"
    FILLS_BOOKED = "fills_booked"
    FILLS_MISSING = "fills_missing"
    """An order ended, and its fills still do not add up."""
    HOLD_UNEXPLAINED = "hold_unexplained"
    """More or less of an asset is held than the open orders need."""
    DRIFT_PENDING = "drift_pending"
    """Ledger and balance part, and one of them may only be late."""
    DRIFT_SMALL = "drift_small"
    """They part for good, by no more than what only warns (PF-14)."""
    DRIFT = "drift"
    SHORT = "short"
    """More of an asset went out than is known to have come: its cost is not known (PF-8)."""
    FEE_ODD = "fee_odd"
    """A fee is far beyond what the account pays."""
    UNPROTECTED = "unprotected"
    """A holding is without its stop."""
    CONTRADICTION = "contradiction"
    """What was heard of an order can not be true; a person must look."""


WEIGHTS: Final[Mapping[Kind, Weight]] = MappingProxyType(
    {
        Kind.ORDER_MOVED: Weight.NEWS,
        Kind.ORDER_UNKNOWN: Weight.DOUBT,
        Kind.ORDER_ADOPTED: Weight.REPAIR,
        Kind.ORDER_ABSENT: Weight.REPAIR,
        Kind.ORDER_BACK: Weight.REPAIR,
        Kind.FOREIGN_NEW: Weight.NEWS,
        Kind.FOREIGN_GONE: Weight.NEWS,
        Kind.FILLS_BOOKED: Weight.NEWS,
        Kind.FILLS_MISSING: Weight.DIFFERENCE,
        Kind.HOLD_UNEXPLAINED: Weight.DOUBT,
        Kind.DRIFT_PENDING: Weight.DOUBT,
        Kind.DRIFT_SMALL: Weight.DOUBT,
        Kind.DRIFT: Weight.DIFFERENCE,
        Kind.SHORT: Weight.DOUBT,
        Kind.FEE_ODD: Weight.DOUBT,
        Kind.UNPROTECTED: Weight.DOUBT,
        Kind.CONTRADICTION: Weight.DIFFERENCE,
    }
)
"""What each kind weighs. A hold is a doubt: Kraken may hold for what is no order. So is what was
sold beyond what came: what is missing of the ledger shows as drift."""


WORDS: Final[Mapping[Kind, tuple[str, str]]] = MappingProxyType(
    {
        Kind.ORDER_MOVED: ("order moved", "orders moved"),
        Kind.ORDER_UNKNOWN: ("order of unknown fate", "orders of unknown fate"),
        Kind.ORDER_ADOPTED: ("order found", "orders found"),
        Kind.ORDER_ABSENT: ("order proven absent", "orders proven absent"),
        Kind.ORDER_BACK: ("order back after its end", "orders back after their end"),
        Kind.FOREIGN_NEW: ("new order that is not ours", "new orders that are not ours"),
        Kind.FOREIGN_GONE: ("order gone that was not ours", "orders gone that were not ours"),
        Kind.FILLS_BOOKED: ("lot of fills booked", "lots of fills booked"),
        Kind.FILLS_MISSING: ("order without all its fills", "orders without all their fills"),
        Kind.HOLD_UNEXPLAINED: ("unexplained hold", "unexplained holds"),
        Kind.DRIFT_PENDING: ("balance that may be late", "balances that may be late"),
        Kind.DRIFT_SMALL: ("balance that differs a little", "balances that differ a little"),
        Kind.DRIFT: ("balance that differs", "balances that differ"),
        Kind.SHORT: ("asset sold beyond what came", "assets sold beyond what came"),
        Kind.FEE_ODD: ("fee beyond the rates", "fees beyond the rates"),
        Kind.UNPROTECTED: ("holding without its stop", "holdings without their stop"),
        Kind.CONTRADICTION: ("contradiction", "contradictions"),
    }
)
"""What one finding of a kind is called by a person, and several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a comparison found."""

    kind: Kind
    subject: str
    """Our id of an order, Kraken's of a foreign one, or an asset."""
    said: str
    """The figures, for a person."""

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return WEIGHTS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignOrder:
    """An order of the account that is not in our books. It is shown and counted, never touched."""

    kraken_order_id: str
    pair: str
    """Our name."""
    side: Side
    order_type: str
    status: str
    """In the exchange's words."""
    qty: Qty
    filled_qty: Qty
    limit_price: Decimal | None
    """None where it has no fixed limit."""
    description: str
    """In the exchange's words."""
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None = None
    """When it was found to be open no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One comparison of the books with the exchange."""

    at: datetime
    cause: Cause
    run_id: str
    """Of the run or the command that made it."""
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """How it ended, by the weightiest finding."""
        worst = max((each.weight for each in self.findings), default=Weight.NEWS)
        if worst is Weight.DIFFERENCE:
            return Outcome.DIFFERS
        return Outcome.REPAIRED if worst is Weight.REPAIR else Outcome.CLEAN

    @property
    def verdict(self) -> str:
        """How it ended, for a person, to whom `clean` would say that nothing is in doubt."""
        has_doubts = any(each.weight is Weight.DOUBT for each in self.findings)
        if has_doubts and self.outcome is Outcome.CLEAN:
            return "nothing repaired"
        return self.outcome.value

    @property
    def said(self) -> str:
        """The verdict and how many were found of what, for a person."""
        kinds = Counter(each.kind for each in self.findings)
        found = [f"{count} {WORDS[kind][count > 1]}" for kind, count in sorted(kinds.items())]
        return "; ".join([self.verdict, *found])

    def of(self, *kinds: Kind) -> tuple[Finding, ...]:
        """Return the findings of some kinds."""
        return tuple(each for each in self.findings if each.kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRun:
    """The clean comparisons since the last one that was not clean."""

    broken_by: Outcome | None
    """How that one ended; None if there never was one."""
    first_at: datetime | None = None
    """When the first of them began; None if there is none yet."""
    last_at: datetime | None = None


def passes_missing(run: CleanRun) -> int:
    """Return how many clean comparisons are missing before anything may open.

    Before the first of all one is missing; after a repair or a difference two in a row, of which
    the second counts only where it began long enough after the first.
    """
    if run.first_at is None or run.last_at is None:
        return 1 if run.broken_by is None else CLEAN_PASSES_NEEDED
    is_enough = run.broken_by is None or run.last_at - run.first_at >= CLEAN_PASSES_APART
    return 0 if is_enough else CLEAN_PASSES_NEEDED - 1


def are_enough(newest: Sequence[Reconciliation]) -> bool:
    """Tell whether the last two comparisons alone let open, whatever came before them."""
    are_clean = all(each.outcome is Outcome.CLEAN for each in newest)
    if not are_clean or len(newest) != CLEAN_PASSES_NEEDED:
        return False
    return newest[0].at - newest[1].at >= CLEAN_PASSES_APART


def news_of(before: Order, after: Order, *, now: datetime) -> Finding | None:
    """Return what a comparison made of one order; None where it made nothing.

    Args:
        before: the order as the books had it.
        after: as they have it now.
        now: when the comparison began. A reply that is still under way is nobody's loss.
    """
    kind = _kind_of(before, after, now)
    if kind is None:
        return None
    filled = f", filled {after.filled_qty} of {after.qty}" if after.filled_qty else ""
    there = f" as {after.kraken_order_id}" if after.kraken_order_id else ""
    said = f"{after.pair} {after.side}: {before.state} -> {after.state}{there}{filled}"
    return Finding(kind=kind, subject=after.local_id, said=said)


def _kind_of(before: Order, after: Order, now: datetime) -> Kind | None:
    is_doubted = before.state in FATE_OPEN and not _may_be_answered(before, now)
    if after.state in FATE_OPEN:
        return Kind.ORDER_UNKNOWN if is_doubted else None
    if after.version == before.version:
        return None
    if is_doubted:
        return _RESOLVED.get(after.state, Kind.ORDER_ADOPTED)
    if before.state in ENDED:
        is_more = after.filled_qty > before.filled_qty or after.state not in ENDED
        return Kind.ORDER_BACK if is_more else None
    return Kind.ORDER_MOVED


_RESOLVED: Final = {
    State.ABSENT: Kind.ORDER_ABSENT,
    # these say what its sender or a person said of it, late
    State.REJECTED: Kind.ORDER_MOVED,
    State.REHEARSED: Kind.ORDER_MOVED,
    State.WRITTEN_OFF: Kind.ORDER_MOVED,
}


def _may_be_answered(order: Order, now: datetime) -> bool:
    """Tell whether the order's sender may still be waiting for the reply."""
    return order.state is State.SENDING and order.deadline is not None and now <= order.deadline
