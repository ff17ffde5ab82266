"""Protective stops of a simulated machine: who keeps them, and how they must be in the end."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.protection import StopStyle, Unprotected
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline.services.protection.protect import protect
from kraken_pipeline.services.protection.stops import ProtectDesk
from kraken_pipeline.services.protection.unprotected import watch
from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline_tests.simulation.checks import Checker, require

if TYPE_CHECKING:
    from kraken_pipeline_tests.simulation.process import Process

STYLE: Final = StopStyle(order_type="stop-loss", max_slippage_bps=50)
PATIENCE: Final = timedelta(seconds=10)
NOT_A_STRATEGYS: Final = frozenset({"manual", "dust"})
NOTHING: Final = Decimal(0)


def protect_desk(process: "Process") -> ProtectDesk:
    """Return what keeping stops needs."""
    machine = process.machine
    return ProtectDesk(
        is_on=machine.keeps_stops,
        style=STYLE,
        action=Unprotected.RETRY,
        patience=PATIENCE,
        market=process.market,
        account=process.account,
        orders=process.orders,
        protections=process.protections,
        halts=process.halts,
        panic_is_latched=lambda: process.panics,
        # canceled and placed anew in its size
        resize=lambda order, _: cancel(process.settle_desk(), order),
        cancel=partial(cancel, process.settle_desk()),
        clock=machine.clock,
    )


def keep_stops(process: "Process") -> object:
    """Bring every stop to what is held, and look whether one is missing for too long."""
    if not process.machine.keeps_stops:
        return "none wanted"
    desk = protect_desk(process)
    protected = protect(desk)
    process.do("submit")
    overdue = watch(desk, protected)
    return f"{dict(sorted(protected.steps.items()))}, {len(overdue)} overdue"


def require_stops(checker: Checker, exchange: Exchange) -> None:
    """L-4: what a strategy holds is sold by a stop that stands, but for what is too small.

    Raises:
        BrokenError: it is not so.
    """
    selling: defaultdict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
    for row in checker.books.rows("SELECT * FROM execution_orders WHERE side = 'sell'"):
        truth = exchange.account.open.get(checker.accepted.get(row["cl_ord_id"], ""))
        if truth is not None:
            selling[f"{row['strategy_id']}@{row['timeframe']}", row["pair"]] += truth.left
    for row in checker.books.rows("SELECT book, pair, qty FROM strategy_positions"):
        held, place = Decimal(row["qty"]), (row["book"], row["pair"])
        if row["book"] in NOT_A_STRATEGYS:
            continue
        pair = exchange.market.listing.pair(row["pair"])
        assert pair is not None
        said = f"{place} holds {held}, {selling[place]} of it has a stop"
        require(selling[place] <= held, "L-4", said)
        least = max(pair.ordermin, pair.costmin / exchange.last(pair, exchange.clock.now()) * 2)
        unprotected = held - selling[place]
        # what somebody sold by hand is not there to be protected; what is left is (F-MON-10)
        free = _free(exchange, pair)
        require(min(unprotected, free) < least, "L-4", f"{said}, {free} is free")


def _free(exchange: Exchange, pair: Pair) -> Decimal:
    """Return what the account has of a base and nothing is selling."""
    account = exchange.account
    sells = (
        each.left
        for each in account.open.values()
        if each.side is Side.SELL and account.pair_of(each).base == pair.base
    )
    return account.balances.get(pair.base.id, NOTHING) - sum(sells, NOTHING)
