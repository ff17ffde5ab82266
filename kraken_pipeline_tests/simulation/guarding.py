"""The dead man's switch of a simulated machine: who sets it, and how it must be in the end."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.switch import NEVER_RESTS, STOPS, Keeper, Terms
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.services.orders.settle import cancel, settle
from kraken_pipeline.services.protection.guard import GuardDesk
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline_tests.simulation.checks import Books, require

if TYPE_CHECKING:
    from kraken_pipeline_tests.simulation.process import Process

TIMEOUTS: Final = (timedelta(0), timedelta(seconds=120), timedelta(seconds=600))
"""Of which a seed has one; zero is no switch at all."""
RENEWALS: Final = 4


def guard_desk(process: "Process", timeout: timedelta) -> GuardDesk:
    """Return what keeping the switch needs, where the schedule renews it."""
    terms = Terms(timeout=timeout, interval=timeout / RENEWALS)
    return GuardDesk(
        orders=process.orders,
        halts=process.halts,
        switches=process.switches,
        open_orders=process.account.open_orders,
        timer=lambda: Guard(process.guard_line),
        system_status=process.public.system_status,
        keeper=lambda: Keeper.SCHEDULE,
        is_guardian=False,
        terms={Keeper.SCHEDULE: terms, Keeper.GUARDIAN: terms, Keeper.LOST: terms},
        spares_stops=True,
        windows=(),
        prove=lambda: settle(process.settle_desk()),
        cancel=partial(cancel, process.settle_desk()),
        owner=f"switch of process {process.pid}",
        clock=process.machine.clock,
    )


def require_kept(books: Books, exchange: Exchange, timeout: timedelta) -> None:
    """L-5: the switch is armed where orders of ours rest that need it, else it is off.

    Raises:
        BrokenError: it is not so.
    """
    resting = [
        row["local_id"]
        for row in books.rows("SELECT * FROM execution_orders WHERE status = 'live'")
        if row["time_in_force"] not in NEVER_RESTS
        and not (row["side"] == "sell" and row["order_type"] in STOPS)
    ]
    timer = exchange.account.timer
    wanted = bool(timeout and resting)
    require((timer is not None) is wanted, "L-5", f"{resting} rest, the switch fires at {timer}")
