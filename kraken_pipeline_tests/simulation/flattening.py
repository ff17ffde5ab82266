"""An operator ends positions in a simulated machine, and what must be true of it."""

from functools import partial
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.services.orders.flatten import Extent, FlattenDesk, Flattened, flatten
from kraken_pipeline.services.orders.settle import cancel, settle
from kraken_pipeline_tests.simulation.checks import Books, require

if TYPE_CHECKING:
    from kraken_pipeline_tests.simulation.process import Process

NOTHING_HELD: Final = "0"


def flatten_desk(process: "Process") -> FlattenDesk:
    """Return what ending positions needs, as the command has it."""

    def withdraw(order: Order, why: str) -> Order:
        at = process.machine.clock()
        event = Event(fact=Fact.WITHDRAWN, at=at, source="operator", detail=why)
        return process.orders.record(order, event)

    desk = process.settle_desk()
    return FlattenDesk(
        market=process.market,
        orders=process.orders,
        books=process.books,
        decisions=process.decisions,
        withdraw=withdraw,
        cancel=partial(cancel, desk),
        assess=process.assess,
        submit=lambda: process.do("submit"),
        settle=partial(settle, desk),
        keep_books=lambda: process.do("books"),
        config_hash="c",
        run_id="flatten",
        clock=process.machine.clock,
    )


def flattened(process: "Process", extent: Extent, books: Books) -> Flattened:
    """End the positions of an extent and return how far it came.

    Raises:
        BrokenError: what it says was sold is held still (FLT-1).
        PipelineError: it was cut off.
    """
    done = flatten(flatten_desk(process), extent, reason="enough", tell=lambda said: None)
    for place in done.sold:
        book, pair = place.split()
        found = books.rows(
            "SELECT qty FROM strategy_positions WHERE book = ? AND pair = ? AND qty != ?",
            book,
            pair,
            NOTHING_HELD,
        )
        require(
            not found, "FLT-1", f"{place} was sold, they say, and holds {list(map(tuple, found))}"
        )
    return done
