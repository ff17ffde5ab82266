"""How books and exchange stand to each other by the last looks, and when one is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from kraken_pipeline.services.ports.books import ReconciliationStore
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.orders import ForeignStore

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
LATE: Final = 2
"""Turns of a loop without a comparison, after which it stands still."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """When books and exchange were last compared, by why; and what should have been since."""

    last: Mapping[Cause, datetime]
    """Those that ever were; a clean look after an event is not kept."""
    late: tuple[str, ...]
    """What is overdue, in words."""


def loops(passes: ReconciliationStore, now: datetime, *, rests: bool) -> Loops:
    """Return when each loop last went round, and which stands still.

    A comparison by hand looks at all that the hourly one does, and any does what the one of the
    minute does.

    Args:
        passes: those that were made.
        now: until when.
        rests: whether an order of ours may be at the exchange, for which one is made each minute.

    Source: PF-16.
    """
    found = {cause: at for cause in Cause if (at := passes.last_at(cause)) is not None}
    whole = [found[each] for each in (Cause.HOURLY, Cause.HAND) if each in found]
    late = []
    if not whole:
        late.append("never compared as a whole")
    elif now - max(whole) > LATE * HOUR:
        late.append(f"not compared as a whole since {max(whole):%F %T}")
    if found and rests and now - max(found.values()) > LATE * MINUTE:
        late.append(f"an order rests, and nothing was compared since {max(found.values()):%F %T}")
    return Loops(last=found, late=tuple(late))


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
