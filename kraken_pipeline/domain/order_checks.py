"""What an order must keep before it may leave, by the pair and the market as they are now (OMS-6).

The same rules are asked when an order is made and again when it waited before it was sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.order_style import FIRED
from kraken_pipeline.domain.order_terms import LIMITED, TRIGGERED, Purpose
from kraken_pipeline.domain.orders import Order

ONLINE: Final = "online"
POST_ONLY: Final = "post_only"
LIMIT_ONLY: Final = "limit_only"
REDUCE_ONLY: Final = "reduce_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """An order that shall leave, and what it meets."""

    order: Order
    pair: Pair
    ticker: Ticker | None
    """None where the market did not answer."""
    system_status: str


def takes(status: str, *, opens: bool, order_type: str, post_only: bool) -> bool:
    """Tell whether a pair or an exchange of a status takes an order.

    Args:
        status: in Kraken's words.
        opens: whether the order would open or add.
        order_type: of the order; only what has a limit from the first goes to `limit_only`.
        post_only: whether the order can't take.

    Source: F-EXC-2; kraken's `EService:Market in ... mode`.
    """
    if status == ONLINE:
        return True
    allowed = {
        POST_ONLY: post_only,
        LIMIT_ONLY: order_type in LIMITED,
        REDUCE_ONLY: not opens,
    }
    return allowed.get(status, False)


def fires_at_once(order_type: str, side: Side, price: Decimal, ticker: Ticker) -> bool:
    """Tell whether the market is beyond a trigger price already.

    A stop sells below the market and buys above it, a profit is taken the other way round.

    Source: U-MKT-3.
    """
    waits_below = (side is Side.SELL) is order_type.startswith("stop-loss")
    return ticker.last <= price if waits_below else ticker.last >= price


def pair_takes_it(filing: Filing) -> Objection | None:
    """The pair's status allows an order of that kind and side."""
    return _status_objection("PAIR_STATUS", filing.pair.status, filing.order)


def exchange_takes_it(filing: Filing) -> Objection | None:
    """The exchange as a whole takes orders of that kind."""
    return _status_objection("SYSTEM_STATUS", filing.system_status, filing.order)


def prices_are_on_the_tick(filing: Filing) -> Objection | None:
    """Limit, trigger and conditional close lie on the pair's price steps."""
    tick = filing.pair.tick
    off = [f"{name}={price}" for name, price in _prices(filing.order) if price % tick]
    return Objection("TICK", f"{', '.join(off)}, tick={tick}") if off else None


def qty_is_on_the_lot(filing: Filing) -> Objection | None:
    """The qty is a multiple of the pair's smallest step."""
    if filing.order.qty % filing.pair.lot == 0:
        return None
    return Objection("LOT", f"qty={filing.order.qty}, lot={filing.pair.lot}")


def qty_is_large_enough(filing: Filing) -> Objection | None:
    """The order is no smaller than the pair allows."""
    if filing.order.qty >= filing.pair.min_qty:
        return None
    return Objection("MIN_QTY", f"qty={filing.order.qty}, min={filing.pair.min_qty}")


def cost_is_large_enough(filing: Filing) -> Objection | None:
    """The order is worth no less than the pair allows, at its limit (U-FUN-2)."""
    cost = filing.order.qty * filing.order.limit_price
    if cost >= filing.pair.min_cost:
        return None
    return Objection("MIN_COST", f"cost={cost}, min={filing.pair.min_cost}")


def trigger_lies_ahead(filing: Filing) -> Objection | None:
    """The market is not beyond the trigger already, or it would fire at once (U-MKT-3).

    A stop that protects a position fires then as it should.
    """
    order, ticker = filing.order, filing.ticker
    price = None if order.trigger is None else order.trigger.price
    if order.order_type not in TRIGGERED or price is None or ticker is None:
        return None
    if order.purpose is Purpose.PROTECT:
        return None
    if not fires_at_once(order.order_type, order.side, price, ticker):
        return None
    return Objection("TRIGGER_SIDE", f"trigger={price}, last={ticker.last}")


def price_is_within_reach(filing: Filing) -> Objection | None:
    """What buys at once still can: the market has not run past its limit."""
    order, ticker = filing.order, filing.ticker
    if order.side is Side.SELL or order.post_only or order.order_type in FIRED or ticker is None:
        return None
    if order.time_in_force not in {"IOC", "FOK"} or ticker.ask <= order.limit_price:
        return None
    return Objection("PRICE_BAND", f"ask={ticker.ask}, limit={order.limit_price}")


CHECKS: Final[tuple[Question[Filing], ...]] = (
    pair_takes_it,
    exchange_takes_it,
    prices_are_on_the_tick,
    qty_is_on_the_lot,
    qty_is_large_enough,
    cost_is_large_enough,
    trigger_lies_ahead,
    price_is_within_reach,
)


def faults_of(filing: Filing) -> tuple[Objection, ...]:
    """Return what stands against sending an order now."""
    return objections(CHECKS, filing)


def _status_objection(code: str, status: str, order: Order) -> Objection | None:
    if takes(
        status,
        opens=order.side is Side.BUY,
        order_type=order.order_type,
        post_only=order.post_only,
    ):
        return None
    return Objection(code, f"status={status}, type={order.order_type}")


def _prices(order: Order) -> Iterator[tuple[str, Decimal]]:
    yield "limit", order.limit_price
    if order.trigger is not None and order.trigger.price is not None:
        yield "trigger", order.trigger.price
    if order.close is not None:
        for name, price in (
            ("close trigger", order.close.trigger_price),
            ("close limit", order.close.limit_price),
        ):
            if price is not None:
                yield name, price
