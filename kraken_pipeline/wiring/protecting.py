"""Stops and dust, with the same parts as a trading run."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import LeaseLostError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.protection import Protection, Step, Unprotected, is_stop
from kraken_pipeline.services.orders.amend import AmendDesk
from kraken_pipeline.services.orders.children import ChildDesk, adopt_children
from kraken_pipeline.services.orders.dust import DustDesk
from kraken_pipeline.services.orders.settle import SettleDesk, cancel
from kraken_pipeline.services.protection.protect import (
    Protected,
    leaves_room,
    make_room,
    protect,
    resize,
)
from kraken_pipeline.services.protection.stops import ProtectDesk
from kraken_pipeline.services.protection.unprotected import is_at_rest, watch
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline.store.transfers import SqlTransferStore
from kraken_pipeline.wiring.panicked import panic_is_latched
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import stop_style, wants_stops
from kraken_pipeline.wiring.switch import takes_orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was done for the stops."""

    protected: Protected
    overdue: tuple[Protection, ...]
    """Holdings whose stop is missing for too long."""

    def __str__(self) -> str:
        """Return it in one line."""
        done = [f"{count} {step}" for step, count in sorted(self.protected.steps.items())]
        failed = [f"{pair} in {book}: {why}" for (book, pair), why in self.protected.errors.items()]
        overdue = [f"UNPROTECTED {each.pair} in {each.book}" for each in self.overdue]
        return ", ".join([*done, *failed, *overdue]) or "as they should be"


def keep_stops(parts: Parts, settling: SettleDesk, *, send: Callable[[], object]) -> Kept | None:
    """Bring every stop to what is held, and act where one is missing for too long.

    Args:
        parts: what it is done with.
        settling: what canceling needs.
        send: sends what is planned.

    Returns:
        What was done; None where no stop is wanted and none stands.
    """
    desk = protect_desk(parts, settling)
    if not _concerns(parts, desk):
        return None
    protected = protect(desk)
    if protected.steps[Step.PLACE]:
        _send(send)
    overdue = watch(desk, protected)
    if overdue and desk.action is Unprotected.REDUCE:
        _send(send)
    return Kept(protected=protected, overdue=overdue)


def free_for_sales(parts: Parts, settling: SettleDesk) -> None:
    """Have stops give way to what waits to be sold."""
    if takes_orders(parts) and any(is_stop(each) for each in parts.stores.orders.reserving()):
        make_room(protect_desk(parts, settling))


def stops_need_care(parts: Parts, settling: SettleDesk) -> bool:
    """Tell whether `keep_stops` would do anything; nothing is asked of the exchange."""
    desk = protect_desk(parts, settling)
    return _concerns(parts, desk) and not is_at_rest(desk)


def unprotected(parts: Parts) -> dict[str, str]:
    """Return which holdings are without their stop, each with since when and why."""
    known = SqlProtectionStore(parts.stores.database).protections()
    return {
        f"{each.book} {each.pair}": f"since={each.missing_since:%F %T}, "
        f"why={each.last_error or 'see `orders recent-executions`'}"
        for each in known
        if each.missing_since is not None
    }


def stops_noted(parts: Parts, pair: str) -> tuple[Protection, ...]:
    """Return what is noted of the stops of a pair: which is missing, and what is left without."""
    known = SqlProtectionStore(parts.stores.database).protections()
    return tuple(each for each in known if each.pair == pair)


def is_missing_since(parts: Parts, at: datetime) -> bool:
    """Tell whether a stop is missing since before then."""
    noted = SqlProtectionStore(parts.stores.database).protections()
    return any(each.missing_since is not None and each.missing_since < at for each in noted)


def adopt(parts: Parts) -> int:
    """Take the stops that Kraken made for fills of ours into the books; return how many."""
    if not takes_orders(parts):
        return 0
    desk = ChildDesk(
        account=parts.edge.account,
        orders=parts.stores.orders,
        halts=parts.stores.halts,
        protections=SqlProtectionStore(parts.stores.database),
        clock=parts.edge.clock,
    )
    return adopt_children(desk)


def protect_desk(parts: Parts, settling: SettleDesk) -> ProtectDesk:
    """Return what keeping stops needs."""
    execution = parts.loaded.settings.execution
    return ProtectDesk(
        is_on=wants_stops(parts.loaded.settings),
        style=stop_style(parts.loaded.settings),
        action=Unprotected(execution.unprotected_action),
        patience=timedelta(seconds=execution.unprotected_after_seconds),
        market=parts.edge.market,
        account=parts.edge.account,
        orders=parts.stores.orders,
        protections=SqlProtectionStore(parts.stores.database),
        halts=parts.stores.halts,
        panic_is_latched=partial(panic_is_latched, parts),
        resize=partial(_resized, parts, settling),
        cancel=partial(cancel, settling),
        clock=parts.edge.clock,
    )


def dust_desk(parts: Parts) -> DustDesk:
    """Return what tending dust needs."""
    return DustDesk(
        market=parts.edge.market,
        books=parts.stores.books,
        transfers=SqlTransferStore(parts.stores.database),
        protections=SqlProtectionStore(parts.stores.database),
        max_slippage_bps=parts.loaded.settings.execution.max_slippage_bps,
        clock=parts.edge.clock,
    )


def room_for(parts: Parts, settling: SettleDesk) -> Callable[[Order], bool]:
    """Return what tells whether a sale fits into what its book holds."""
    return partial(leaves_room, protect_desk(parts, settling))


def _resized(parts: Parts, settling: SettleDesk, order: Order, amendment: Amendment) -> Order:
    """Change a stop in place; one that can't be changed is canceled, to be placed anew."""
    execution = parts.loaded.settings.execution
    desk = AmendDesk(
        settling=settling,
        panic_is_latched=partial(panic_is_latched, parts),
        owner=f"stops-{uuid4()}",
        lease=timedelta(seconds=execution.lease_seconds),
        deadline=timedelta(seconds=execution.submit_deadline_seconds),
    )
    return resize(desk, order, amendment)


def _concerns(parts: Parts, desk: ProtectDesk) -> bool:
    if not takes_orders(parts):
        return False
    return desk.is_on or any(is_stop(each) for each in parts.stores.orders.reserving())


def _send(send: Callable[[], object]) -> None:
    # somebody else sends now; what is planned goes with them or with the next pass
    with suppress(LeaseLostError):
        send()
