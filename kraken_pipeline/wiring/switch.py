"""From settings and adapters to what keeping the dead man's switch asks for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from kraken_pipeline.domain.switch import Keeper, Terms, Window
from kraken_pipeline.services.orders import settle
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.services.protection.guard import GuardDesk
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.modes import Destination, destination
from kraken_pipeline.wiring.parts import Parts

TAKE_ORDERS: Final = frozenset({Destination.SIMULATOR, Destination.KRAKEN})
"""Where an order that is sent can rest."""
RENEWALS: Final = 4
"""In one timeout where the schedule renews: its minute and a slow start of a run leave it before
half of the timeout is over."""


def guard_desk(
    parts: Parts, settling: Callable[[], SettleDesk], *, owner: str, is_guardian: bool = False
) -> GuardDesk:
    """What keeping the switch needs; nothing of the exchange is opened before it is used.

    Args:
        parts: of the pipeline.
        settling: gives what compares orders with the exchange.
        owner: who keeps it: a run, a command, the guardian.
        is_guardian: whether that is the guardian.
    """
    folder, edge, guard = parts.loaded.data_dir, parts.edge, parts.loaded.settings.guard
    return GuardDesk(
        orders=parts.stores.orders,
        halts=parts.stores.halts,
        switches=parts.stores.switches,
        open_orders=lambda: edge.account.open_orders(),  # noqa: PLW0108 - not opened before
        timer=lambda: edge.timer,
        system_status=lambda: edge.market_now.system_status(),  # noqa: PLW0108 - the same
        keeper=lambda: Keeper.GUARDIAN if is_guardian else signs.keeper(folder, system_now()),
        is_guardian=is_guardian,
        terms=terms(parts.loaded.settings),
        spares_stops=guard.protect == "stops",
        windows=tuple(map(_window, guard.maintenance)),
        prove=lambda: settle.settle(settling()),
        cancel=lambda order: settle.cancel(settling(), order),
        owner=owner,
        clock=lambda: edge.clock(),  # noqa: PLW0108 - the same
    )


def takes_orders(parts: Parts) -> bool:
    """Tell whether an order can rest where this pipeline sends them."""
    return not parts.edge.rehearses and destination(parts.loaded) in TAKE_ORDERS


def terms(settings: Settings) -> Mapping[Keeper, Terms]:
    """Return how long the switch waits, and how often it is set anew, by who does it."""
    by_schedule = timedelta(seconds=settings.execution.dead_man_switch_seconds)
    scheduled = Terms(timeout=by_schedule, interval=by_schedule / RENEWALS)
    guarded = Terms(
        timeout=timedelta(seconds=settings.guard.timeout_seconds),
        interval=timedelta(seconds=settings.guard.interval_seconds),
    )
    return {Keeper.SCHEDULE: scheduled, Keeper.GUARDIAN: guarded, Keeper.LOST: guarded}


def _window(told: str) -> Window:
    begins, ends = (datetime.fromisoformat(each).astimezone(UTC) for each in told.split("/"))
    return Window(begins=begins, ends=ends)
