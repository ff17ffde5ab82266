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
from kraken_pipeline.domain.protection import StopStyle, Unprotected, is_child, is_stop
from kraken_pipeline.services.ports.exchange import Clock, Holding, Quoting
from kraken_pipeline.services.ports.halts import Latching
from kraken_pipeline.services.ports.orders import OrderWriting
from kraken_pipeline.services.ports.protection import Protecting, ProtectionStore
from kraken_pipeline.services.risk.standing import place_of

Place = tuple[str, str]
"""Book and pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDesk:
    """What placing, resizing and freeing stops needs."""

    is_on: bool
    """Whether any are wanted; if not, those that stand are taken away, but for those that Kraken
    made for a strategy's own conditional close: what it asked for stays as long as it holds."""
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
        self._type = desk.style.order_type
        self._held = desk.protections.holdings()
        self._sales = sales(desk)

    def places(self) -> list[Place]:
        """Return where a stop stands or may be wanted."""
        held = {place for place in self._held if self._is_on and place[0] not in NOT_A_STRATEGYS}
        return sorted(held | {place_of(each) for each in self._sales if is_stop(each)})

    def stops(self, place: Place) -> list[Order]:
        """Return the stops of a place that may still sell, oldest first.

        Where none are wanted, those of Kraken's come before those of ours, which go first.
        """
        found = [each for each in self._sales if is_stop(each) and place_of(each) == place]
        return found if self._is_on else sorted(found, key=lambda each: not is_child(each))

    def wanted(self, place: Place) -> Qty:
        """Return what is held and no other order sells already.

        Where no stops are wanted, no more than what Kraken's own stand for.
        """
        selling = sum(
            (
                each.open_qty
                for each in self._sales
                if not is_stop(each) and place_of(each) == place
            ),
            ZERO,
        )
        free = Qty(max(self._held.get(place, NOTHING) - selling, ZERO))
        if self._is_on:
            return free
        return min(free, stopped([each for each in self.stops(place) if is_child(each)]))

    def fits(self, place: Place) -> bool:
        """Tell whether stops of a place stand at the exchange for exactly what is wanted."""
        return self.stand_for(place, self.wanted(place))

    def stand_for(self, place: Place, qty: Qty) -> bool:
        """Tell whether stops of a place stand at the exchange for exactly so much."""
        stops = self.stops(place)
        types = {self._type} if self._is_on else {each.order_type for each in stops}
        stand = all(each.state is State.LIVE and each.order_type in types for each in stops)
        return stand and stopped(stops) == qty


def sales(desk: StopDesk) -> list[Order]:
    """Return the orders that may still sell, oldest first."""
    return [
        each
        for each in desk.orders.reserving()
        if each.side is Side.SELL and each.namespace is Namespace.TRADE
    ]


def stopped(stops: Sequence[Order]) -> Qty:
    """Return what stops may still sell together, in base."""
    return Qty(sum((each.open_qty for each in stops), ZERO))
