"""An order, the states it can be in, and the facts that move it. Every rule is in the tables.

A fact in a state either moves the order, or echoes what is known, or contradicts it. Whatever is
in neither table contradicts: the books and the exchange disagree, and nobody guesses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ImpossibleFactError, OverfillError
from kraken_pipeline.domain.ids import ClOrdId, IntentId, PlanId
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import Close, Purpose, Trigger
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.values import changed, quickly_made


class State(StrEnum):
    """Where an order stands. Partly filled is `0 < filled < qty`, not a state of its own."""

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    LIVE = "live"
    AMENDING = "amending"
    CANCELING = "canceling"
    MANUAL = "manual"
    """Neither found nor proven absent in time: a person must look (OMS-9)."""
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    ABSENT = "absent"
    WRITTEN_OFF = "written_off"
    """A person declared it absent; if it shows up after all, it is back."""
    WITHDRAWN = "withdrawn"
    REHEARSED = "rehearsed"


class Fact(StrEnum):
    """What happened to an order. Never renamed or reused: facts stand in journals."""

    SEND_STARTED = "send_started"
    WITHDRAWN = "withdrawn"
    REHEARSED = "rehearsed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FATE_UNCLEAR = "fate_unclear"
    FATE_UNRESOLVED = "fate_unresolved"
    FILL_SEEN = "fill_seen"
    FILLED_SEEN = "filled_seen"
    AMEND_STARTED = "amend_started"
    AMENDED = "amended"
    AMEND_REFUSED = "amend_refused"
    CANCEL_STARTED = "cancel_started"
    CANCEL_REFUSED = "cancel_refused"
    CANCELED_SEEN = "canceled_seen"
    EXPIRED_SEEN = "expired_seen"
    ABSENCE_PROVEN = "absence_proven"
    WRITTEN_OFF = "written_off"
    BOOKS_MATCHED = "books_matched"
    ENLARGED_SEEN = "enlarged_seen"
    """It filled more than we ordered, as somebody had enlarged it at the exchange."""


S, F = State, Fact

RESTING: Final = frozenset({S.LIVE, S.AMENDING, S.CANCELING})
"""The exchange took the order, and it may still fill."""
FATE_OPEN: Final = frozenset({S.SENDING, S.UNKNOWN, S.MANUAL})
"""We do not know whether the order exists; its pair takes no new order (OMS-10)."""
AT_THE_EXCHANGE: Final = RESTING | FATE_OPEN
"""The order may be there and may still fill: it counts at its worst in every cap."""
RESERVING: Final = AT_THE_EXCHANGE | {S.PLANNED}
"""The order holds a reservation."""
ENDED: Final = frozenset(State) - RESERVING
"""Nothing more is expected of the exchange."""
NEVER_THERE: Final = frozenset({S.PLANNED, S.REJECTED, S.ABSENT, S.WITHDRAWN, S.REHEARSED})
"""The order is not, or never was, at the exchange, so nothing of it can have filled."""

_ENDINGS: Final = {F.FILLED_SEEN: S.FILLED, F.CANCELED_SEEN: S.CANCELED, F.EXPIRED_SEEN: S.EXPIRED}


def _endings_from(*states: State) -> dict[tuple[State, Fact], State]:
    return {(state, fact): end for state in states for fact, end in _ENDINGS.items()}


MOVES: Final[Mapping[tuple[State, Fact], State]] = MappingProxyType(
    {
        (S.PLANNED, F.SEND_STARTED): S.SENDING,
        (S.PLANNED, F.WITHDRAWN): S.WITHDRAWN,
        (S.PLANNED, F.REFUSED): S.REJECTED,  # by our own rules, before it left (OMS-6)
        (S.SENDING, F.REHEARSED): S.REHEARSED,
        (S.SENDING, F.ACCEPTED): S.LIVE,
        (S.SENDING, F.REFUSED): S.REJECTED,
        (S.SENDING, F.FATE_UNCLEAR): S.UNKNOWN,
        (S.SENDING, F.FILL_SEEN): S.LIVE,  # a fill can be heard before the reply
        (S.UNKNOWN, F.ACCEPTED): S.LIVE,
        (S.UNKNOWN, F.FILL_SEEN): S.LIVE,
        (S.UNKNOWN, F.ABSENCE_PROVEN): S.ABSENT,
        (S.LIVE, F.FILL_SEEN): S.LIVE,
        (S.LIVE, F.CANCEL_STARTED): S.CANCELING,
        (S.CANCELING, F.FILL_SEEN): S.CANCELING,
        (S.CANCELING, F.CANCEL_REFUSED): S.LIVE,
        # the race: what filled before the cancel took effect is heard after it
        (S.CANCELED, F.FILL_SEEN): S.CANCELED,
        (S.CANCELED, F.FILLED_SEEN): S.FILLED,
        (S.EXPIRED, F.FILL_SEEN): S.EXPIRED,
        (S.EXPIRED, F.FILLED_SEEN): S.FILLED,
        # a reply that belongs to another request, or a search that found no proof in time
        (S.SENDING, F.FATE_UNRESOLVED): S.MANUAL,
        (S.UNKNOWN, F.FATE_UNRESOLVED): S.MANUAL,
        (S.MANUAL, F.WRITTEN_OFF): S.WRITTEN_OFF,
        **{
            # what the exchange shows stands above what a person declared
            (state, fact): S.LIVE
            for state in (S.MANUAL, S.WRITTEN_OFF)
            for fact in (F.ACCEPTED, F.FILL_SEEN)
        },
        (S.LIVE, F.AMEND_STARTED): S.AMENDING,
        (S.AMENDING, F.FILL_SEEN): S.AMENDING,
        (S.AMENDING, F.AMENDED): S.LIVE,
        (S.AMENDING, F.AMEND_REFUSED): S.LIVE,
        (S.AMENDING, F.CANCEL_STARTED): S.CANCELING,
        (S.CANCELING, F.AMENDED): S.CANCELING,
        (S.CANCELING, F.AMEND_REFUSED): S.CANCELING,
        **_endings_from(*AT_THE_EXCHANGE, S.WRITTEN_OFF),
        **{
            (state, F.ENLARGED_SEEN): state
            for state in (S.LIVE, S.AMENDING, S.CANCELING, S.CANCELED, S.EXPIRED)
        },
        (S.WRITTEN_OFF, F.ENLARGED_SEEN): S.LIVE,
    }
)

# SEND_STARTED is no echo anywhere: it is the leave to send, and a second one would send twice
ECHOES: Final[frozenset[tuple[State, Fact]]] = frozenset(
    {
        (S.UNKNOWN, F.FATE_UNCLEAR),
        (S.LIVE, F.ACCEPTED),
        (S.LIVE, F.FATE_UNCLEAR),  # the stream was faster than the failing reply
        (S.LIVE, F.CANCEL_REFUSED),
        (S.CANCELING, F.ACCEPTED),
        (S.CANCELING, F.CANCEL_STARTED),
        (S.CANCELING, F.FATE_UNCLEAR),
        (S.LIVE, F.AMENDED),
        (S.LIVE, F.AMEND_REFUSED),
        (S.AMENDING, F.ACCEPTED),
        (S.AMENDING, F.FATE_UNCLEAR),
        (S.AMENDING, F.AMEND_STARTED),
        (S.AMENDING, F.CANCEL_REFUSED),
        (S.MANUAL, F.FATE_UNCLEAR),
        (S.MANUAL, F.FATE_UNRESOLVED),
        (S.WRITTEN_OFF, F.WRITTEN_OFF),
        (S.REJECTED, F.REFUSED),
        (S.ABSENT, F.ABSENCE_PROVEN),
        (S.WITHDRAWN, F.WITHDRAWN),
        (S.REHEARSED, F.REHEARSED),
        (S.FILLED, F.FILL_SEEN),
        (S.FILLED, F.CANCELED_SEEN),
        (S.FILLED, F.EXPIRED_SEEN),
        *(
            (state, fact)
            for state in (S.FILLED, S.CANCELED, S.EXPIRED)
            for fact in (
                F.ACCEPTED,
                F.FATE_UNCLEAR,
                F.AMENDED,
                F.AMEND_REFUSED,
                F.CANCEL_STARTED,
                F.CANCEL_REFUSED,
                F.BOOKS_MATCHED,
            )
        ),
        (S.FILLED, F.FILLED_SEEN),
        (S.CANCELED, F.CANCELED_SEEN),
        (S.CANCELED, F.EXPIRED_SEEN),
        (S.EXPIRED, F.EXPIRED_SEEN),
        (S.EXPIRED, F.CANCELED_SEEN),
    }
)


def after(state: State, fact: Fact) -> State:
    """Return the state that a fact leaves an order in.

    Raises:
        ImpossibleFactError: the fact cannot be true of an order in that state.
    """
    if (state, fact) in MOVES:
        return MOVES[state, fact]
    if (state, fact) in ECHOES:
        return state
    raise ImpossibleFactError(f"an order that is {state} cannot have {fact}")


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its facts leave it. Amounts in base units, prices in quote per base."""

    local_id: str
    """Ours; it never changes."""
    namespace: Namespace
    """Of the decision behind it: who may send it."""
    plan_id: PlanId
    intent_id: IntentId
    cl_ord_id: ClOrdId
    strategy_id: str
    timeframe: str
    pair: str
    base: Asset
    """What is bought or sold. Empty in orders from before it was kept."""
    side: Side
    order_type: str
    time_in_force: str
    qty: Qty
    limit_price: Price
    post_only: bool
    quote_rate: Decimal
    """Base currency per quote unit when it was approved: values the reservation."""
    stop_distance: Decimal
    """Share of the price; zero for a sell."""
    expires_at: datetime
    """When the wish behind it ends: from then on what rests is canceled."""
    userref: int | None
    created_at: datetime
    updated_at: datetime
    state: State = State.PLANNED
    version: int = 0
    """Rises by one with each fact that is kept; a writer names the version that it saw."""
    deadline: datetime | None = None
    """After this instant of exchange time the engine refuses the request (OMS-4)."""
    kraken_order_id: str | None = None
    filled_qty: Qty = NOTHING
    avg_fill_price: Price | None = None
    fee: Decimal = ZERO
    """In quote."""
    last_error: str | None = None
    purpose: Purpose
    attempt: int = 1
    """Of the same intent and purpose; each has its own `cl_ord_id` (OMS-1)."""
    trigger: Trigger | None = None
    """None for an order that is in the market at once."""
    close: Close | None = None
    """What Kraken places for each fill of it."""
    parent_id: str | None = None
    """Our id of the order whose fills this one protects."""
    amending: Amendment | None = None
    """The change that was asked for and is not proven yet."""

    @property
    def open_qty(self) -> Qty:
        """What may still fill, in base; with a change under way, by the larger of the two."""
        asked = None if self.amending is None else self.amending.qty
        return Qty(max(self.qty, asked or self.qty) - self.filled_qty)

    @property
    def open_notional(self) -> Decimal:
        """What may still be bought or sold, at the worst price, in base currency."""
        return self.open_qty * self.limit_price * self.quote_rate


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact with its evidence."""

    fact: Fact
    at: datetime
    source: str
    """Where it was learned: `reply`, `poll`, `operator`, `submit`."""
    detail: str = ""
    """The request, the refusal, the proof: for a person who asks why."""
    kraken_order_id: str | None = None
    filled_qty: Qty | None = None
    """Cumulative, in base."""
    avg_fill_price: Price | None = None
    fee: Decimal | None = None
    """Cumulative, in quote."""
    deadline: datetime | None = None
    amendment: Amendment | None = None
    """What AMEND_STARTED asks for; of AMENDED and ENLARGED_SEEN, what the order was before."""


def advance(order: Order, event: Event) -> Order:
    """Return the order as the event leaves it. What filled never falls (INV-3).

    Raises:
        ImpossibleFactError: the fact cannot be true of it: a wrong state, more filled than
            ordered, less than all of it at FILLED, anything where it never was at the exchange,
            another id there than the one that we know, or a change that says nothing.
    """
    state = after(order.state, event.fact)
    _require_same_id(order, event)
    order = _changed(order, event)
    heard = event.filled_qty if event.filled_qty is not None else order.filled_qty
    news = heard > order.filled_qty
    _require_possible_fill(order, state, max(heard, order.filled_qty))
    return changed(
        order,
        state=state,
        version=order.version + 1,
        updated_at=max(order.updated_at, event.at),
        kraken_order_id=event.kraken_order_id or order.kraken_order_id,
        filled_qty=max(heard, order.filled_qty),
        avg_fill_price=event.avg_fill_price if news else order.avg_fill_price,
        fee=event.fee if news and event.fee is not None else order.fee,
        deadline=event.deadline or order.deadline,
        last_error=event.detail if event.fact in _ERRORS else order.last_error,
    )


def says_nothing_new(order: Order, event: Event) -> bool:
    """Tell whether the event repeats what the order already shows, so that it need not be kept.

    Raises:
        ImpossibleFactError: the fact cannot be true of it, or it names another id there.
    """
    _require_same_id(order, event)
    ends_a_change = event.fact in {F.AMENDED, F.AMEND_REFUSED} and order.amending is not None
    return (
        after(order.state, event.fact) is order.state
        and not ends_a_change
        and (event.filled_qty is None or event.filled_qty <= order.filled_qty)
        and event.kraken_order_id in {None, order.kraken_order_id}
    )


_ERRORS: Final = frozenset(
    {
        F.REFUSED,
        F.FATE_UNCLEAR,
        F.FATE_UNRESOLVED,
        F.AMEND_REFUSED,
        F.WITHDRAWN,
        F.WRITTEN_OFF,
        F.ENLARGED_SEEN,
    }
)


def _changed(order: Order, event: Event) -> Order:
    """Return the order with a change asked for, or done, or given up."""
    if event.fact is F.AMEND_STARTED and order.state is S.LIVE:
        if event.amendment is None:
            raise ImpossibleFactError(f"{order.local_id}: a change that says nothing")
        return changed(order, amending=event.amendment)
    if event.fact is F.ENLARGED_SEEN:
        return changed(order, qty=max(order.qty, event.filled_qty or order.qty))
    asked = order.amending
    if asked is None:
        return order
    if event.fact is F.AMEND_REFUSED:
        return changed(order, amending=None)
    if event.fact is not F.AMENDED:
        return order
    # reduced to less than had filled, it is what filled (F-CAN-5)
    filled = min(max(event.filled_qty or ZERO, order.filled_qty), order.qty)
    return changed(
        order,
        qty=Qty(max(asked.qty or order.qty, filled)),
        limit_price=asked.limit_price or order.limit_price,
        trigger=Trigger(price=asked.trigger_price, by=order.trigger.by)
        if asked.trigger_price and order.trigger
        else order.trigger,
        amending=None,
    )


def _require_possible_fill(order: Order, state: State, filled: Decimal) -> None:
    if filled > order.qty:
        raise OverfillError(f"{order.local_id}: filled {filled} of {order.qty}")
    if state is S.FILLED and filled < order.qty:
        raise ImpossibleFactError(f"{order.local_id} is filled with {filled} of {order.qty}")
    if state in NEVER_THERE and filled:
        raise ImpossibleFactError(f"{order.local_id} is {state} and filled {filled}")


def _require_same_id(order: Order, event: Event) -> None:
    heard, known = event.kraken_order_id, order.kraken_order_id
    if heard and known and heard != known:
        raise ImpossibleFactError(f"{order.local_id} is {known} at the exchange, not {heard}")
