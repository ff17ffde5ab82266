"""What is held, what sells it, and which stops stand for it: where every look at stops begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.dust import NOT_A_STRATEGYS
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Qty
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.protection import StopStyle, Unprotected, is_stop
from kraken_pipeline.services.ports import Clock, Holding, Latching, OrderWriting, Quoting
from kraken_pipeline.services.protection_ports import Protecting, ProtectionStore
from kraken_pipeline.services.standing import place_of

Place = tuple[str, str]
"""Book and pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDesk:
    """What placing, resizing and freeing stops needs."""

    is_on: bool
    """Whether any are wanted; if not, those that stand are taken away."""
    style: StopStyle
    market: Quoting
    account: Holding
    orders: OrderWriting
    protections: Protecting
    panic_is_latched: Callable[[], bool]
    resize: Callable[[Order, Amendment], Order]
    """Changes an order that rests and says what became of it."""
    cancel: Callable[[Order], Order]
    """Cancels one order and says what became of it."""
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectDesk(StopDesk):
    """What keeping stops needs, and seeing to it that none is missing for long."""

    action: Unprotected
    patience: timedelta
    """How long a stop may be missing."""
    protections: ProtectionStore
    halts: Latching


class Held:
    """What is held and what sells it, as the books have it now."""

    def __init__(self, desk: StopDesk) -> None:
        """Read it."""
        self._is_on = desk.is_on
        self._held = desk.protections.holdings()
        self._sales = sales(desk)

    def places(self) -> list[Place]:
        """Return where a stop stands or may be wanted."""
        held = {place for place in self._held if self._is_on and place[0] not in NOT_A_STRATEGYS}
        return sorted(held | {place_of(each) for each in self._sales if is_stop(each)})

    def stops(self, place: Place) -> list[Order]:
        """Return the stops of a place that may still sell, oldest first."""
        return [each for each in self._sales if is_stop(each) and place_of(each) == place]

    def wanted(self, place: Place) -> Qty:
        """Return what is held and no other order sells already; nothing if no stops are wanted."""
        if not self._is_on:
            return NOTHING
        selling = sum(
            (
                each.open_qty
                for each in self._sales
                if not is_stop(each) and place_of(each) == place
            ),
            ZERO,
        )
        return Qty(max(self._held.get(place, NOTHING) - selling, ZERO))


def sales(desk: StopDesk) -> list[Order]:
    """Return the orders that may still sell, oldest first."""
    return [
        each
        for each in desk.orders.reserving()
        if each.side is Side.SELL and each.namespace is Namespace.TRADE
    ]


def fit(stops: Sequence[Order], wanted: Qty, style: StopStyle) -> bool:
    """Tell whether stops stand at the exchange for exactly what is wanted."""
    stand = all(each.state is State.LIVE and each.order_type == style.order_type for each in stops)
    return stand and stopped(stops) == wanted


def stopped(stops: Sequence[Order]) -> Qty:
    """Return what stops may still sell together, in base."""
    return Qty(sum((each.open_qty for each in stops), ZERO))
