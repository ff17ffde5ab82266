"""Which stop waits at the exchange for a holding, and what brings it there (OMS-14). Pure.

At most one stop of ours stands for a book and a pair, or Kraken's children of one entry together;
all of them never sell more than the book holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import local_order_id
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty, plain, round_down, round_up
from kraken_pipeline.domain.order_terms import LIMITED, TRAILING, Close, Purpose, Trigger
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.pricing import limit_price
from kraken_pipeline.domain.sizing import minimum_qty

TOO_SMALL: Final = "TOO_SMALL"
"""What is noted of a holding that no stop can be placed for."""
LEFT_OVER: Final = "LEFT_OVER"
"""What is noted of a holding whose stop leaves less than could have one of its own."""
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)


class Unprotected(StrEnum):
    """What is done about a holding whose stop is missing for too long."""

    RETRY = "retry"
    """Try again, as before."""
    REDUCE = "reduce"
    """Sell the holding."""
    ALERT = "alert"
    """Open nothing more on the pair until a person has looked, and try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStyle:
    """How stops are made, from the configuration."""

    order_type: str
    """`stop-loss`, `stop-loss-limit` or `trailing-stop`."""
    max_slippage_bps: int
    """How far below the trigger it may sell: the limit, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The stop that a holding should have."""

    qty: Qty
    """In base, on the pair's lot."""
    order_type: str
    trigger: Trigger
    limit_price: Price
    """The worst price that it should sell at, in quote per base."""
    smallest: Qty
    """The smallest qty that can be ordered at that price, in base."""

    @property
    def is_too_small(self) -> bool:
        """Whether the exchange would not take it."""
        return self.qty < self.smallest


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What of a holding is rightly without a stop: it is too small to have one."""

    wanted: Qty
    """All that should be protected, in base."""
    stands: Qty
    """What the stop is for."""
    smallest: Qty

    @property
    def note(self) -> str:
        """Say that, with the figures."""
        return f"{_left_of(self.wanted, self.stands)} min={plain(self.smallest)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What is known of a holding's stop."""

    book: str
    pair: str
    missing_since: datetime | None
    """None while it stands, and where none is wanted."""
    failures: int
    """Stops that came to nothing since it stood last."""
    last_error: str | None
    updated_at: datetime

    def is_overdue(self, now: datetime, patience: timedelta) -> bool:
        """Tell whether it is missing for longer than that."""
        return self.missing_since is not None and now - self.missing_since > patience


def stop_for(
    qty: Decimal,
    *,
    entry_price: Price,
    stop_distance: Decimal,
    style: StopStyle,
    pair: Pair,
    ticker: Ticker,
) -> Stop:
    """Return the stop that a holding should have.

    The trigger lies `stop_distance` below the entry, rounded towards the market. Should the market
    be below it already, it is put one tick under the last price: a sell that is fired from above is
    either refused or fired at once.

    Args:
        qty: what is to be protected, in base; what is finer than a lot is left out.
        entry_price: what was paid on average, in quote per base.
        stop_distance: share of the price, above 0 and below 1.
        style: as configured.
        pair: its rules.
        ticker: what the market says now.

    Raises:
        InvalidValueError: no such trigger lies above zero.

    Source: OMS-14, U-MKT-3; Kraken's `tick_size`, `ordermin` and `costmin`.
    """
    if not 0 < stop_distance < 1 or ticker.last <= 0:
        raise InvalidValueError(
            f"{pair.name}: no stop lies {stop_distance} below {entry_price}, last {ticker.last}"
        )
    trails = style.order_type == TRAILING
    reference = ticker.last if trails else entry_price
    price = round_up(reference * (ONE - stop_distance), pair.tick)
    price = min(price, _below(ticker.last, pair.tick))
    if price <= 0:
        raise InvalidValueError(f"{pair.name}: no stop above zero lies below {ticker.last}")
    limit = limit_price(
        Side.SELL, Price(price), max_slippage_bps=style.max_slippage_bps, tick=pair.tick
    )
    return Stop(
        qty=Qty(round_down(max(qty, ZERO), pair.lot)),
        order_type=style.order_type,
        trigger=Trigger(trail_pct=stop_distance * HUNDRED)
        if trails
        else Trigger(price=Price(price)),
        limit_price=limit,
        smallest=minimum_qty(pair, price=limit, quote_rate=ONE, min_notional=ZERO),
    )


def close_for(
    limit: Price, *, stop_distance: Decimal, style: StopStyle, tick: Decimal
) -> Close | None:
    """Return the conditional close that goes with an entry; None where it can't have one.

    Kraken counts it from the worst price that the entry may trade at: what it pays is not known
    yet. A trailing stop can't be told as a fixed price, so that the stop then follows the fills.
    """
    trigger = round_up(limit * (ONE - stop_distance), tick)
    if style.order_type == TRAILING or not 0 < trigger < limit:
        return None
    worst = limit_price(
        Side.SELL, Price(trigger), max_slippage_bps=style.max_slippage_bps, tick=tick
    )
    return Close(
        order_type=style.order_type,
        trigger_price=Price(trigger),
        limit_price=worst if style.order_type in LIMITED else None,
    )


def left_by(wanted: Qty, whole: Stop, stop: Stop) -> Left | None:
    """Return what is rightly left without a stop; None if nothing is, or if too much is.

    Args:
        wanted: all that should be protected, in base.
        whole: the stop for that.
        stop: the stop that there can be, of what the account has.
    """
    if whole.is_too_small:
        return Left(wanted=wanted, stands=NOTHING, smallest=whole.smallest)
    is_none = stop.qty == wanted or stop.is_too_small or whole.qty - stop.qty >= whole.smallest
    return None if is_none else Left(wanted=wanted, stands=stop.qty, smallest=whole.smallest)


def tells_of(note: str, wanted: Qty, stands: Qty) -> bool:
    """Tell whether a note says of a holding what is left of it."""
    return note.startswith(_left_of(wanted, stands))


class Step(StrEnum):
    """What is to be done next about the stop of a holding."""

    NOTHING = "nothing"
    WAIT = "wait"
    """Something about it is under way, and not proven."""
    PLACE = "place"
    RESIZE = "resize"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    """Take back one that was planned and never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step, with what it is about."""

    step: Step
    order: Order | None = None
    qty: Qty | None = None
    """What a resized stop shall order in all, with what filled of it, in base."""


def next_move(have: Sequence[Order], want: Stop | None) -> Move:
    """Return what comes next: one step at a time, each proven before the following.

    Shrinking comes before everything but waiting: no more than what is held may ever be for sale.

    Args:
        have: the stops of a book and a pair that may still sell, oldest first.
        want: what should stand there; None for none.

    Source: OMS-14, INV-6.
    """
    wanted = ZERO if want is None or want.is_too_small else want.qty
    planned = [each for each in have if each.state is State.PLANNED]
    if planned:
        fits = sum((each.open_qty for each in have), ZERO) == wanted
        return Move(step=Step.WAIT) if fits else Move(step=Step.WITHDRAW, order=planned[-1])
    if any(each.state is not State.LIVE for each in have):
        return Move(step=Step.WAIT)
    strange = [each for each in have if want is not None and each.order_type != want.order_type]
    if strange:
        return Move(step=Step.CANCEL, order=strange[-1])
    return _sized(have, want, Qty(wanted))


def taken_away(have: Sequence[Order], keep: Qty) -> Move:
    """Return what comes next where no stop is wanted but some may stay.

    Args:
        have: what may still sell, those that may stay first.
        keep: for how much of it they may stand, in base.
    """
    planned = [each for each in have if each.state is State.PLANNED]
    if planned:
        return Move(step=Step.WITHDRAW, order=planned[-1])
    if any(each.state is not State.LIVE for each in have):
        return Move(step=Step.WAIT)
    over = sum((each.open_qty for each in have), ZERO) - keep
    if over <= 0:
        return Move(step=Step.NOTHING)
    last = have[-1]
    if last.open_qty <= over:
        return Move(step=Step.CANCEL, order=last)
    return Move(step=Step.RESIZE, order=last, qty=Qty(last.qty - over))


def _sized(have: Sequence[Order], want: Stop | None, wanted: Qty) -> Move:
    """Bring what stands there to the size that is wanted.

    A child of Kraken's is left as large as its fill was: it tells how much of the entry has one.
    """
    missing = Qty(wanted - sum((each.open_qty for each in have), ZERO))
    if missing < 0:
        return _smaller(have[-1], by=-missing, want=want)
    if not missing:
        return Move(step=Step.NOTHING)
    own = [each for each in have if not is_child(each)]
    if not have or (not own and want is not None and missing >= want.smallest):
        return Move(step=Step.PLACE, qty=missing)
    grows = (own or have)[0]
    return Move(step=Step.RESIZE, order=grows, qty=Qty(grows.qty + missing))


def resized(order: Order, qty: Qty, want: Stop | None) -> Amendment:
    """Return the change that gives a stop its new size, and its price where that goes up.

    A trigger is never moved down: what was protected once stays so.
    """
    has, wants = order.trigger, None if want is None else want.trigger
    if want is None or has is None or wants is None or not (has.price and wants.price):
        return Amendment(qty=qty)
    if wants.price <= has.price:
        return Amendment(qty=qty)
    return Amendment(
        qty=qty,
        trigger_price=wants.price,
        limit_price=want.limit_price if order.order_type in LIMITED else None,
    )


def is_stop(order: Order) -> bool:
    """Tell whether an order protects a holding."""
    return order.purpose is Purpose.PROTECT


def is_child(order: Order) -> bool:
    """Tell whether the exchange made a stop for a fill of ours: we never sent it.

    Its name still tells so once we have changed it, which leaves a deadline behind.
    """
    if not is_stop(order) or order.state is State.PLANNED:
        return False
    name = order.kraken_order_id
    return order.deadline is None or (
        name is not None
        and order.local_id
        == local_order_id(order.intent_id, order.attempt, role=role_of_child(name))
    )


def role_of_child(kraken_order_id: str) -> str:
    """Return what tells a stop of Kraken's from other orders of the same intent."""
    return f"child/{kraken_order_id}"


def _left_of(wanted: Qty, stands: Qty) -> str:
    if not stands:
        return f"{TOO_SMALL}: qty={plain(wanted)},"
    return f"{LEFT_OVER}: qty={plain(wanted)}, stop={plain(stands)},"


def _below(last: Price, tick: Decimal) -> Decimal:
    below = round_down(last, tick)
    return below if below < last else below - tick


def _smaller(last: Order, *, by: Decimal, want: Stop | None) -> Move:
    left = last.open_qty - by
    if want is None or left <= 0 or left < want.smallest:
        return Move(step=Step.CANCEL, order=last)
    return Move(step=Step.RESIZE, order=last, qty=Qty(last.qty - by))
