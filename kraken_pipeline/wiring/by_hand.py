"""What a person does to one order by hand, through the same services as everything else."""

from datetime import timedelta
from functools import partial

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.services.orders import amend as amending
from kraken_pipeline.services.orders import resolve as resolving
from kraken_pipeline.services.orders.amend import AmendDesk
from kraken_pipeline.services.orders.resolve import Evidence
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.panicked import panic_is_latched
from kraken_pipeline.wiring.parts import Parts


def amend(parts: Parts, order: Order, amendment: Amendment, *, why: str, owner: str) -> Order:
    """Change an order that rests; see `services.amend`."""
    execution = parts.loaded.settings.execution
    desk = AmendDesk(
        settling=desks.settle(parts),
        panic_is_latched=partial(panic_is_latched, parts),
        owner=owner,
        lease=timedelta(seconds=execution.lease_seconds),
        deadline=timedelta(seconds=execution.submit_deadline_seconds),
    )
    return amending.amend(desk, order, amendment, why=why)


def evidence(parts: Parts, order: Order) -> Evidence:
    """Return what speaks for and against that an order of open fate exists."""
    return resolving.evidence(desks.settle(parts), order)


def write_off(parts: Parts, order: Order, *, reason: str, by: str) -> Order:
    """Declare that an order never came to exist; see `services.resolve`."""
    return resolving.write_off(desks.settle(parts), order, reason=reason, by=by)


def adopt(parts: Parts, order: Order, kraken_order_id: str, *, reason: str, by: str) -> Order:
    """Declare which order at the exchange it is; see `services.resolve`."""
    return resolving.adopt(desks.settle(parts), order, kraken_order_id, reason=reason, by=by)
