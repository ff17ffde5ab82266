"""Rests that are too small to be sold: out of their strategy's book, and into a buyer's (OMS-16).

A strategy that closed a holding and could not sell all of it would want to sell the rest at every
bar. So the rest is booked as dust, once; the next buy of the pair takes it along, with its cost.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.dust import is_strategys, smallest_sale
from kraken_pipeline.domain.errors import ConflictError, InvalidValueError
from kraken_pipeline.domain.lots import DUST, Position, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty, plain, round_down
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.pricing import limit_price
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.exchange import Clock, Market
from kraken_pipeline.services.ports.protection import ProtectionStore, TransferStore

SWEEP_LASTS: Final = timedelta(minutes=1)
"""How long a sweep may trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DustDesk:
    """What tending dust needs."""

    market: Market
    books: BookStore
    transfers: TransferStore
    protections: ProtectionStore
    max_slippage_bps: int
    """How far below the best bid a sweep may sell."""
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Dust of a pair, and what it would take to sell it."""

    pair: str
    qty: Qty
    cost: Decimal
    """In base currency."""
    smallest: Qty | None
    """The smallest sale now, in base; None while nobody bids."""


def tend_dust(desk: DustDesk) -> tuple[Transfer, ...]:
    """Book what strategies left over as dust, and give dust to who bought the pair since.

    The exchange is asked for its prices only where something is to be moved.

    Raises:
        ExchangeError: the exchange did not answer; nothing is moved.
    """
    positions = desk.books.positions()
    left = [
        each
        for each in positions
        if is_strategys(each) and desk.transfers.wants_out(each.book, each.pair)
    ]
    topped = [(each, taker) for each in _dust(positions) for taker in _takers(desk, each)]
    if not left and not topped:
        return ()
    smallest = _smallest(desk)
    held = {(each.book, each.pair): each for each in positions}
    moves = [
        (each, DUST, f"too small to be sold: below {plain(least)}")
        for each in left
        if (least := smallest(each.pair)) is not None and each.qty < least
    ]
    moves += [
        (each, taker, "taken along by a buy")
        for each, taker in topped
        if _is_worth_it(held.get((taker, each.pair)), smallest(each.pair))
    ]
    return tuple(done for each in moves for done in _moved(desk, *each))


def dust(desk: DustDesk) -> tuple[Rest, ...]:
    """Return the dust that there is.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    rests = _dust(desk.books.positions())
    smallest = _smallest(desk) if rests else lambda pair: None
    return tuple(
        Rest(pair=each.pair, qty=each.qty, cost=each.cost, smallest=smallest(each.pair))
        for each in rests
    )


def plan_sweep(desk: DustDesk, pair: str, *, by: str) -> Order:
    """Plan to sell the dust of a pair, at the best bid or a little below, and return the order.

    Args:
        desk: what it needs.
        pair: our name of it.
        by: the person who asks for it.

    Raises:
        InvalidValueError: there is none, it is still too small to be sold, or nobody bids.
        ConflictError: it is being sold already.
        ExchangeError: the exchange did not answer.
    """
    found = [each for each in dust(desk) if each.pair == pair]
    if not found:
        raise InvalidValueError(f"there is no dust of {pair}; `dust list` shows what there is")
    [rest] = found
    if rest.smallest is None or rest.qty < rest.smallest:
        least = "nobody bids" if rest.smallest is None else f"the least is {plain(rest.smallest)}"
        raise InvalidValueError(
            f"the dust of {pair} is {plain(rest.qty)}, still too small to be sold: {least}. "
            "The next buy of the pair takes it along"
        )
    order = _sale(desk, rest)
    desk.protections.plan(order, by=by, why="dust is swept")
    return order


def _dust(positions: Sequence[Position]) -> list[Position]:
    return [each for each in positions if each.book == DUST and each.qty]


def _takers(desk: DustDesk, rest: Position) -> list[str]:
    """Return the book whose buy came after the dust, if there is one."""
    last = desk.transfers.last_into(DUST, rest.pair)
    taker = None if last is None else desk.transfers.buyer_since(rest.pair, last.at)
    return [] if taker is None or desk.transfers.wants_out(taker, rest.pair) else [taker]


def _is_worth_it(taker: Position | None, smallest: Qty | None) -> bool:
    """Only who holds enough to sell it takes dust along, or it would be dust again."""
    return taker is not None and smallest is not None and taker.qty >= smallest


def _smallest(desk: DustDesk) -> Callable[[str], Qty | None]:
    pairs, tickers = desk.market.listing().pairs, desk.market.tickers()

    def smallest(pair: str) -> Qty | None:
        listed = pairs.get(pair)
        return None if listed is None else smallest_sale(listed, tickers.get(pair))

    return smallest


def _moved(desk: DustDesk, holding: Position, to_book: str, reason: str) -> list[Transfer]:
    # an order that came in between: the next pass looks again
    with suppress(ConflictError):
        return [desk.transfers.move(holding, to_book, at=desk.clock(), reason=reason)]
    return []


def _sale(desk: DustDesk, rest: Rest) -> Order:
    """Return the order that sells dust, under the intent of the buy that left it."""
    last = desk.transfers.last_into(DUST, rest.pair)
    entry = None if last is None else desk.protections.entry(last.from_book, rest.pair)
    listed = desk.market.listing().pairs[rest.pair]
    ticker = desk.market.tickers()[rest.pair]
    if entry is None:
        raise InvalidValueError(f"no buy of ours explains the dust of {rest.pair}; sell it by hand")
    now = desk.clock()
    sale = Reduction(
        purpose=Purpose.FLATTEN,
        role=DUST,
        qty=Qty(round_down(rest.qty, listed.lot)),
        order_type="limit",
        time_in_force="IOC",
        limit_price=limit_price(
            Side.SELL, ticker.bid, max_slippage_bps=desk.max_slippage_bps, tick=listed.tick
        ),
        expires_at=now + SWEEP_LASTS,
    )
    attempt = desk.protections.next_attempt(entry.intent_id, sale.purpose)
    of_dust = replace(entry, strategy_id=DUST, timeframe="")
    return reduction_of(of_dust, sale, attempt=attempt, now=now)
