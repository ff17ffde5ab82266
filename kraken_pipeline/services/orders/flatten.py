"""Ending positions: cancel what opens, free what stops hold, sell every book's own (FLT-1).

Each round is a plan like any other: a decision with intents that only sell, answered by risk, sent
and settled by the same services. Nothing is remembered between rounds but books and orders, so a
flatten that was cut off is gone on with by starting it again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import ConflictError, InvalidValueError
from kraken_pipeline.domain.ids import decision_id, digest, intent_id
from kraken_pipeline.domain.intents import Action, Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.lots import DUST, MANUAL, Position, book_of
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.order_terms import OrderTerms, Purpose, Urgency
from kraken_pipeline.domain.orders import FATE_OPEN, Order, State
from kraken_pipeline.domain.plans import Plan, Verdict
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.decisions import DecisionStore
from kraken_pipeline.services.ports.exchange import Clock, Market
from kraken_pipeline.services.ports.orders import OrderStore

NAME: Final = "flatten"
"""Who decides here, in place of a strategy."""
IDLE_ROUNDS: Final = 3
"""Rounds without progress after which a person must look."""
LASTS: Final = timedelta(minutes=1)
"""How long a round's wish holds."""
TOO_SMALL: Final = "MIN_QTY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What is to be ended."""

    strategy_id: str | None = None
    """Only its books; None for every strategy's."""
    pair: str | None = None
    """Only this pair; None for every pair."""
    manual: bool = False
    """Also what was bought by hand."""

    def has(self, *, strategy_id: str, pair: str) -> bool:
        """Tell whether something of a strategy (or `manual`) and a pair is part of it."""
        if strategy_id == MANUAL and not self.manual:
            return False
        wanted = self.strategy_id is None or strategy_id in {self.strategy_id, MANUAL}
        return wanted and self.pair in {None, pair}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenDesk:
    """What flattening needs: the same services as a trading run."""

    market: Market
    orders: OrderStore
    books: BookStore
    decisions: DecisionStore
    withdraw: Callable[[Order, str], Order]
    cancel: Callable[[Order], Order]
    assess: Callable[[], Plan | None]
    submit: Callable[[], object]
    settle: Callable[[], object]
    keep_books: Callable[[], object]
    config_hash: str
    run_id: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Flattened:
    """How far it came."""

    rounds: int
    sold: tuple[str, ...]
    """Book and pair that hold nothing any more."""
    dust: Mapping[str, str]
    """Book and pair to what is left, too small to be sold."""
    left: Mapping[str, str]
    """Book and pair to why it is still held."""
    unknown: tuple[str, ...]
    """Our ids of orders whose fate is open."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is held that can be sold."""
        return not self.left and not self.unknown


@dataclass(slots=True)
class _Round:
    """What one round found out."""

    denials: dict[str, str] = field(default_factory=dict)
    too_small: set[str] = field(default_factory=set)


def flatten(
    desk: FlattenDesk, extent: Extent, *, reason: str, tell: Callable[[str], None]
) -> Flattened:
    """Sell what the books of an extent hold, round by round, until nothing more can be sold.

    Args:
        desk: what it works with.
        extent: which books and pairs.
        reason: kept with the decision.
        tell: is told of each step, in one line.

    Raises:
        InvalidValueError: no reason was given.
        ExchangeError: the exchange did not answer; what was done is in the books.
        LeaseLostError: another process sends now; start it again.
    """
    if not reason.strip():
        raise InvalidValueError("flatten needs a reason; it is kept with its decision")
    desk.settle()
    # also where nothing is held yet: what rests would buy it later
    _free(desk, [each for each in _in_the_way(desk, extent) if each.side is Side.BUY], tell)
    desk.keep_books()
    began = held_in(desk.books, extent)
    last, rounds, idle = _Round(), 0, 0
    while _sellable(desk, extent, last) and idle < IDLE_ROUNDS:
        before = _holdings(desk, extent)
        rounds += 1
        _free(desk, _in_the_way(desk, extent), tell)
        last = _sell(desk, extent, reason=reason, tell=tell)
        idle = idle + 1 if _holdings(desk, extent) == before else 0
    return _report(desk, extent, last, began=began, rounds=rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WishDesk:
    """What wishing to sell needs: whoever answers wishes does the rest."""

    market: Market
    decisions: DecisionStore
    config_hash: str
    run_id: str
    clock: Clock


def wish_to_sell(
    desk: WishDesk, held: Sequence[Position], *, reason: str, lasts: timedelta
) -> Decision | None:
    """Record that holdings shall be sold as flatten sells them; nothing is sent here.

    Args:
        desk: what it works with.
        held: the whole of each; None is returned where there is none.
        reason: kept with the decision.
        lasts: how long the wish holds.

    Raises:
        ExchangeError: the exchange did not say what the market pays.
    """
    now = desk.clock()
    intents = tuple(
        replace(each, expires_at=now + lasts)
        for each in _intents(desk.market, held, reason=reason, now=now)
    )
    if not intents:
        return None
    decision = _decision(intents, reason, config_hash=desk.config_hash, run_id=desk.run_id)
    return decision if desk.decisions.record(decision, {}) else None


def _sellable(desk: FlattenDesk, extent: Extent, last: _Round) -> list[Position]:
    return [each for each in held_in(desk.books, extent) if _place(each) not in last.too_small]


def held_in(books: BookStore, extent: Extent) -> list[Position]:
    """Return what the books of an extent hold; dust is what nobody can sell."""
    return [
        each
        for each in books.positions()
        if each.qty
        and each.book != DUST
        and extent.has(strategy_id=each.book.partition("@")[0], pair=each.pair)
    ]


def _holdings(desk: FlattenDesk, extent: Extent) -> dict[str, Decimal]:
    return {_place(each): each.qty for each in held_in(desk.books, extent)}


def _free(desk: FlattenDesk, orders: Sequence[Order], tell: Callable[[str], None]) -> None:
    """Take back what is planned, and cancel what rests."""
    for order in orders:
        if order.state is State.PLANNED:
            # whoever sends it just now was first: then it rests, for the next round
            with suppress(ConflictError):
                desk.withdraw(order, NAME)
                tell(f"took back {order.local_id}: {order.side} {order.pair} was not sent yet")
        elif order.state is State.LIVE:
            now = desk.cancel(order)
            tell(f"canceled {order.local_id}: {order.side} {order.pair} is {now.state}")


def _in_the_way(desk: FlattenDesk, extent: Extent) -> list[Order]:
    """Return what would buy, and the stops that hold what is to be sold."""
    return [
        each
        for each in desk.orders.reserving()
        if each.namespace is Namespace.TRADE
        and (each.side is Side.BUY or each.purpose is Purpose.PROTECT)
        and extent.has(strategy_id=each.strategy_id, pair=each.pair)
    ]


def _sell(desk: FlattenDesk, extent: Extent, *, reason: str, tell: Callable[[str], None]) -> _Round:
    """Decide to sell what is held, have it answered, sent and settled."""
    held = held_in(desk.books, extent)
    intents = _intents(desk.market, held, reason=reason.strip(), now=desk.clock())
    holdings, found = {_place(each): each.qty for each in held}, _Round()
    if intents:
        decision = _decision(intents, reason, config_hash=desk.config_hash, run_id=desk.run_id)
        desk.decisions.record(decision, {})
        plan = desk.assess()
        ours = {each.intent_id: _place_of(each) for each in intents}
        for verdict in () if plan is None else plan.verdicts:
            place = ours.get(verdict.intent_id)
            if place is None:
                continue
            tell(f"{place}: {_said(verdict.approved, plain(verdict.qty), verdict.objections)}")
            if not verdict.approved:
                found.denials[place] = "; ".join(str(each) for each in verdict.objections)
                found.too_small |= {place} if _is_dust(verdict, holdings[place]) else set()
        desk.submit()
        desk.settle()
        desk.keep_books()
    return found


def _is_dust(verdict: Verdict, held: Decimal) -> bool:
    """Tell whether all that is held is below the smallest sale, whatever else is objected to."""
    is_small = any(each.code == TOO_SMALL for each in verdict.objections)
    return is_small and held < Decimal(json.loads(verdict.figures)["min_qty"])


def _said(approved: bool, qty: str, objections: Sequence[object]) -> str:  # noqa: FBT001 - a verdict's own word
    return f"sells {qty}" if approved else f"denied: {'; '.join(str(each) for each in objections)}"


def _intents(
    market: Market, held: Sequence[Position], *, reason: str, now: datetime
) -> tuple[Intent, ...]:
    tickers = market.tickers() if held else {}
    identity = decision_id(namespace=Namespace.TRADE, strategy_id=NAME, timeframe="", closed_at=now)
    return tuple(
        Intent(
            intent_id=intent_id(identity, pair=_place(each), side=Side.SELL),
            decision_id=identity,
            strategy_id=each.book.partition("@")[0],
            timeframe=each.book.partition("@")[2],
            pair=each.pair,
            action=Action.EXIT,
            confidence=Decimal(1),
            stop_distance=ZERO,
            decided_at=now,
            closed_at=now,
            expires_at=now + LASTS,
            decision_price=_price(each, tickers.get(each.pair)),
            reason=reason,
            userref=None,
            # what the bound does not give now is asked for again in the next round; nothing that is
            # configured for other orders may turn a way out into one that waits
            terms=OrderTerms(
                time_in_force="IOC", post_only=False, urgency=Urgency.NORMAL, flattens=True
            ),
        )
        for each in held
    )


def _price(position: Position, ticker: Ticker | None) -> Decimal:
    """Measure slippage from the bid; without one from what it cost, which only risk may use."""
    return position.average_price if ticker is None or ticker.bid <= 0 else ticker.bid


def _decision(
    intents: tuple[Intent, ...], reason: str, *, config_hash: str, run_id: str
) -> Decision:
    first = intents[0]
    return Decision(
        decision_id=first.decision_id,
        namespace=Namespace.TRADE,
        strategy_id=NAME,
        strategy_version="1",
        timeframe="",
        closed_at=first.closed_at,
        decided_at=first.decided_at,
        outcome=Outcome.SIGNAL,
        reason=reason.strip(),
        universe_version="",
        config_hash=config_hash,
        inputs_hash=digest([[each.pair, each.decision_price] for each in intents]),
        run_id=run_id,
        intents=intents,
        no_signals={},
    )


def _report(
    desk: FlattenDesk, extent: Extent, last: _Round, *, began: Sequence[Position], rounds: int
) -> Flattened:
    held = {_place(each): each for each in held_in(desk.books, extent)}
    unknown = [
        each.local_id
        for each in desk.orders.reserving()
        if each.state in FATE_OPEN and extent.has(strategy_id=each.strategy_id, pair=each.pair)
    ]
    return Flattened(
        rounds=rounds,
        sold=tuple(_place(each) for each in began if _place(each) not in held),
        dust={place: plain(held[place].qty) for place in sorted(held.keys() & last.too_small)},
        left={
            place: f"{plain(held[place].qty)} left: {last.denials.get(place, 'it did not trade')}"
            for place in sorted(held.keys() - last.too_small)
        },
        unknown=tuple(unknown),
    )


def _place(position: Position) -> str:
    return f"{position.book} {position.pair}"


def _place_of(intent: Intent) -> str:
    return f"{book_of(intent.strategy_id, intent.timeframe)} {intent.pair}"
