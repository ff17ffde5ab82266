"""Keep the dead man's switch: armed while orders rest that nobody may leave alone, else off.

Arming comes before the first such order. What cannot be armed stops what opens; what reduces goes
all the same (INV-7). Once it may have fired, nothing is taken as alive or as gone: every order is
compared with the exchange before the switch is armed again.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    ConflictError,
    ExchangeError,
    ImpossibleFactError,
    LeaseLostError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, RESTING, Order
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.domain.switch import (
    Keeper,
    Switch,
    Terms,
    Window,
    believed,
    needs_switch,
    window_at,
)
from kraken_pipeline.services.orders.sending import lease_of
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.gateway import SwitchTimer
from kraken_pipeline.services.ports.halts import HaltStore, SwitchStore
from kraken_pipeline.services.ports.orders import OrderStore

MOST_FAILURES: Final = 2
"""After so many in a row nothing opens any more (DMS-2)."""
LEASE: Final = timedelta(seconds=30)
"""For turning it off; longer than any request takes."""
MAINTENANCE: Final = "maintenance"
BY: Final = "guard"
NONE: Final = timedelta(0)
DOUBT: Final = (OutcomeUnknownError, UnexpectedReplyError)
"""After these the request may have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardDesk:
    """What keeping the switch needs."""

    orders: OrderStore
    halts: HaltStore
    switches: SwitchStore
    open_orders: Callable[[], tuple[OrderReport, ...]]
    """Reads every open order of the account."""
    timer: Callable[[], SwitchTimer]
    """Gives the exchange's timer; raises `ConfigurationError` where there is no key for it."""
    system_status: Callable[[], str]
    keeper: Callable[[], Keeper]
    """Tells who renews the switch now."""
    is_guardian: bool
    """Whether we are the guardian."""
    terms: Mapping[Keeper, Terms]
    spares_stops: bool
    """Whether the switch is off where only stops rest (DMS-5)."""
    windows: tuple[Window, ...]
    """Announced maintenances."""
    prove: Callable[[], object]
    """Brings every order up to what the exchange shows."""
    cancel: Callable[[Order], Order]
    """Cancels one order and says what became of it."""
    owner: str
    clock: Clock


def is_guarded(desk: GuardDesk, order: Order) -> bool:
    """Tell whether an order may be sent as far as the switch goes; arm it where that is needed.

    An order that reduces goes in any case, after an attempt to arm.
    """
    keeper = desk.keeper()
    terms = desk.terms[keeper]
    if terms.timeout == NONE or not needs_switch(order, spares_stops=desk.spares_stops):
        return True
    reduces = order.side is Side.SELL
    if reduces and is_halted(desk):
        return True
    with suppress(ExchangeError):
        return _is_armed(desk, keeper, terms) or reduces
    return reduces


def needs_tending(desk: GuardDesk) -> bool:
    """Tell whether `tend` would do anything. The exchange is asked for its time at most."""
    keeper, switch = desk.keeper(), desk.switches.switch()
    if keeper is Keeper.GUARDIAN and not desk.is_guardian:
        return False
    orders, halted = resting(desk), is_halted(desk)
    if not (orders or halted or desk.windows or switch.may_fire_at or keeper is Keeper.LOST):
        return False
    now = desk.clock()
    if keeper is Keeper.LOST and not switch.may_have_fired(now):
        return not halted
    if desk.terms[keeper].timeout and window_at(desk.windows, now) is not None:
        return bool(orders) or switch.may_fire_at is not None or not halted
    return _is_to_be_set(switch, orders, desk.terms[keeper], now, is_halted=halted)


def _is_to_be_set(
    switch: Switch, orders: Sequence[Order], terms: Terms, now: datetime, *, is_halted: bool
) -> bool:
    if switch.may_have_fired(now):
        return True
    if terms.timeout and orders:
        return switch.is_due(now, terms)
    # where nothing rests, only a call that is answered shows that it can be set again
    return switch.may_fire_at is not None or bool(terms.timeout and is_halted)


def tend(desk: GuardDesk) -> Switch:
    """Renew the switch, turn it off, or leave it: what the orders need now. Return what is known.

    Raises:
        ExchangeError: orders could not be compared with the exchange after it may have fired.
    """
    switch = desk.switches.switch()
    if not needs_tending(desk):
        return switch
    keeper = desk.keeper()
    terms, window = desk.terms[keeper], window_at(desk.windows, desk.clock())
    if keeper is Keeper.LOST:
        _latch(desk, f"{keeper.value}; the switch fires at {switch.armed_until}")
    if window is not None and terms.timeout:
        return _step_aside(desk, window)
    if not _is_in_maintenance(desk, switch):
        _settle_doubts(desk, switch)
        _set_right(desk, keeper, terms)
    return desk.switches.switch()


def stand_down(desk: GuardDesk) -> tuple[Order, ...]:
    """Cancel our orders that need the switch, prove it, turn it off; return what may be left.

    Raises:
        ExchangeError: the exchange did not answer; the switch stays as it is.

    Source: SHD-1.
    """
    for order in resting(desk):
        if order.state in RESTING:
            # somebody else may learn more of it meanwhile; what counts is what is left
            with suppress(ConflictError, ImpossibleFactError):
                desk.cancel(order)
    desk.prove()
    left = resting(desk)
    if not left:
        _turn_off(desk)
    return left


def hand_over(desk: GuardDesk, terms: Terms) -> bool:
    """Set the switch to the terms of whoever keeps it next; tell whether that is certain."""
    return not resting(desk) or _arm(desk, terms)


def resting(desk: GuardDesk) -> tuple[Order, ...]:
    """Return our orders that may be at the exchange and may not be left alone there."""
    return tuple(
        each
        for each in desk.orders.reserving()
        if each.namespace is Namespace.TRADE
        and each.state in AT_THE_EXCHANGE
        and needs_switch(each, spares_stops=desk.spares_stops)
    )


def is_halted(desk: GuardDesk) -> bool:
    """Tell whether nothing opens because the switch could not be set."""
    return any(each.kind is HaltKind.GUARD for each in desk.halts.latched())


def _set_right(desk: GuardDesk, keeper: Keeper, terms: Terms) -> None:
    if keeper is Keeper.LOST:
        return
    if resting(desk) and terms.timeout:
        _arm(desk, terms)
    else:
        _turn_off(desk)


def _is_armed(desk: GuardDesk, keeper: Keeper, terms: Terms) -> bool:
    """Tell whether the switch is certain to be armed, after arming it where it is not."""
    switch, now = desk.switches.switch(), desk.clock()
    if keeper is Keeper.LOST:
        _latch(desk, f"{keeper.value}; the switch fires at {switch.armed_until}")
        return False
    if window_at(desk.windows, now) is not None:
        return False
    if not switch.may_have_fired(now) and switch.left(now) >= terms.timeout / 2:
        return True
    _settle_doubts(desk, switch)
    return _arm(desk, terms)


def _settle_doubts(desk: GuardDesk, switch: Switch) -> None:
    """Compare all orders with the exchange where the switch may have fired, or did not work."""
    now = desk.clock()
    has_fired = switch.may_have_fired(now)
    if not has_fired and not is_halted(desk):
        return
    desk.prove()
    if has_fired:
        desk.switches.change_switch(
            # unless somebody armed it meanwhile
            lambda known: (
                replace(known, armed_until=None, may_fire_at=None)
                if known.may_have_fired(now)
                else known
            ),
            at=now,
            by=desk.owner,
            why="assumed_fired",
        )


def _arm(desk: GuardDesk, terms: Terms) -> bool:
    """Set the switch anew and tell whether the exchange confirmed it."""
    before, now = desk.switches.switch(), desk.clock()
    is_news = before.armed_until is None
    begun = desk.switches.change_switch(
        lambda known: known.arming(now, terms.timeout),
        at=now,
        by=desk.owner,
        why="arming" if is_news else "",
    )
    if not _ask(desk, begun, terms.timeout, undone=before):
        return False
    if is_news:
        _look_for_strangers(desk)
    return True


def _turn_off(desk: GuardDesk) -> None:
    """Turn it off while nobody can send, or leave it for another time."""
    lease, owner = lease_of(Namespace.TRADE), f"{desk.owner}, the switch"
    try:
        desk.orders.take_lease(lease, owner=owner, now=desk.clock(), length=LEASE)
    except LeaseLostError:
        return
    try:
        if resting(desk):
            return
        before = desk.switches.switch()
        begun = desk.switches.change_switch(
            lambda known: known.turning_off(), at=desk.clock(), by=desk.owner, why="turning_off"
        )
        _ask(desk, begun, NONE, undone=before)
    finally:
        desk.orders.release_lease(lease, owner=owner)


def _ask(desk: GuardDesk, begun: Switch, timeout: timedelta, *, undone: Switch) -> bool:
    """Ask the exchange, write what came of it, and tell whether it was confirmed.

    Args:
        desk: whose switch.
        begun: what was written before the request.
        timeout: what is asked for.
        undone: what is known if the request was not done.
    """
    asked_at = desk.clock()
    try:
        report = desk.timer().cancel_all_after(int(timeout.total_seconds()))
    except (ExchangeError, ConfigurationError) as failure:
        _failed(desk, begun, undone=begun if isinstance(failure, DOUBT) else undone, why=failure)
        return False
    try:
        believed(report, asked_at=asked_at, heard_at=desk.clock(), timeout=timeout)
    except UnexpectedReplyError as wrong:
        # not even what was certain before is
        _failed(desk, begun, undone=replace(begun, armed_until=None), why=wrong)
        return False
    is_back = begun.failures > 0 or is_halted(desk)
    desk.switches.change_switch(
        lambda known: known.heard(report, serial=begun.serial),
        at=desk.clock(),
        by=desk.owner,
        why="confirmed" if undone.armed_until is None or not timeout or is_back else "",
    )
    if is_back:
        desk.halts.clear(
            reason="the dead man's switch can be set again",
            at=desk.clock(),
            by=BY,
            kinds=frozenset({HaltKind.GUARD}),
        )
    return True


def _failed(desk: GuardDesk, begun: Switch, *, undone: Switch, why: Exception) -> None:
    known = desk.switches.change_switch(
        lambda known: _without(known, begun, undone).failed(),
        at=desk.clock(),
        by=desk.owner,
        why="not_confirmed",
    )
    if known.failures >= MOST_FAILURES:
        _latch(desk, f"{known.failures} attempts to set the switch failed; the last: {why}")


def _without(known: Switch, begun: Switch, undone: Switch) -> Switch:
    """Take back what was written before a request that was not done, if nothing came since."""
    if known.serial != begun.serial:
        return known
    return replace(known, armed_until=undone.armed_until, may_fire_at=undone.may_fire_at)


def _is_in_maintenance(desk: GuardDesk, switch: Switch) -> bool:
    """Tell whether the exchange's engine is off: then it fires, if it does, when that returns."""
    status = ""
    with suppress(ExchangeError):
        status = desk.system_status()
    if status != MAINTENANCE:
        return False
    _latch(desk, f"the exchange is in maintenance; the switch is armed until {switch.armed_until}")
    return True


def _step_aside(desk: GuardDesk, window: Window) -> Switch:
    """Cancel what needs the switch and turn it off, so that it does not fire after all (DMS-4)."""
    switch = desk.switches.switch()
    if (resting(desk) or switch.may_fire_at is not None) and not _is_in_maintenance(desk, switch):
        stand_down(desk)
    # last, as turning it off shows that it can be set, which clears the halt
    _latch(desk, f"the exchange's maintenance from {window.begins} to {window.ends}")
    return desk.switches.switch()


def _look_for_strangers(desk: GuardDesk) -> None:
    """Note open orders that are not ours: the switch cancels them as well (DMS-6)."""
    with suppress(ExchangeError):
        shown = desk.open_orders()
        ours = desk.orders.with_exchange_ids([each.kraken_order_id for each in shown])
        known = {each.kraken_order_id for each in ours}
        known |= {each.cl_ord_id for each in desk.orders.reserving()}
        foreign = tuple(
            f"{each.kraken_order_id} {each.description}"
            for each in shown
            if not known & {each.kraken_order_id, each.cl_ord_id}
        )
        desk.switches.change_switch(
            lambda switch: replace(switch, foreign=foreign),
            at=desk.clock(),
            by=desk.owner,
            why="foreign_orders" if foreign else "",
        )


def _latch(desk: GuardDesk, reason: str) -> None:
    if not is_halted(desk):
        desk.halts.latch(HaltKind.GUARD, reason=reason, at=desk.clock(), by=BY)
