"""How books and exchange stand to each other by the last looks, and when one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, FATE_OPEN, RESTING, Order, State
from kraken_pipeline.domain.reconciliations import (
    CLEAN_PASSES_NEEDED,
    Cause,
    ForeignOrder,
    Reconciliation,
    are_enough,
    passes_missing,
)
from kraken_pipeline.services.ports import Clock, ForeignStore, ReconciliationStore

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How books and exchange stand to each other, by the last comparison."""

    last: Reconciliation | None
    """None before the first."""
    foreign: tuple[ForeignOrder, ...]
    """Open orders of the account that are not ours, as far as is known."""
    at_exchange: int
    """Our orders that are there now, as far as is known."""
    of_unknown_fate: int
    """Our orders that may be there, or may never have come to exist."""
    passes_missing: int
    """Clean comparisons in a row that are missing before anything may open."""


def agreement(
    passes: ReconciliationStore, foreign: ForeignStore, reserving: Sequence[Order]
) -> Agreement:
    """Return how books and exchange stand to each other; nothing is asked of the exchange.

    Args:
        passes: those that were made.
        foreign: orders that are not ours.
        reserving: our orders that may still fill.
    """
    return Agreement(
        last=next(iter(passes.newest(1)), None),
        foreign=foreign.open(),
        at_exchange=sum(each.state in RESTING for each in reserving),
        of_unknown_fate=sum(is_at_work(each) and each.state in FATE_OPEN for each in reserving),
        passes_missing=missing(passes),
    )


def due(passes: ReconciliationStore, reserving: Sequence[Order], *, clock: Clock) -> Cause | None:
    """Return why a pass is due, or None.

    Once in an hour one is due in any case. Each minute one is due while an order may be at the
    exchange, unless another pass was made meanwhile, or while clean passes are missing.

    Args:
        passes: those that were made.
        reserving: our orders that may still fill.
        clock: the exchange's, which is asked only where that matters.

    Source: PF-16.
    """
    last, last_hourly = passes.last_at(), passes.last_at(Cause.HOURLY)
    if last is None or last_hourly is None or clock() - last_hourly >= HOUR:
        return Cause.HOURLY
    is_wanted = any(map(is_at_work, reserving)) or missing(passes) > 0
    return Cause.MINUTE if is_wanted and clock() - last >= MINUTE else None


def missing(passes: ReconciliationStore) -> int:
    """Return how many clean comparisons in a row are missing before anything may open."""
    # in quiet the last two say it all, and the run of clean ones may be a month long
    if are_enough(passes.newest(CLEAN_PASSES_NEEDED)):
        return 0
    return passes_missing(passes.clean_run())


def is_at_work(order: Order) -> bool:
    """Tell whether an order may be at the exchange; of a rehearsal only where that is in doubt."""
    return order.state in AT_THE_EXCHANGE and (
        order.namespace is Namespace.TRADE or order.state is not State.SENDING
    )
