"""Flatten, with the same parts as a trading run."""

from collections.abc import Callable
from functools import partial

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.services.orders.flatten import Extent, FlattenDesk, Flattened, flatten
from kraken_pipeline.wiring.pipeline import Pipeline


def flatten_positions(
    pipeline: Pipeline,
    extent: Extent,
    *,
    reason: str,
    owner: str,
    tell: Callable[[str], None],
) -> Flattened:
    """Sell what the books of an extent hold; see `services.flatten`.

    Args:
        pipeline: whose books and exchange.
        extent: which books and pairs.
        reason: kept with the decision.
        owner: who sends meanwhile.
        tell: is told of each step, in one line.
    """
    desk = FlattenDesk(
        market=pipeline.edge.market,
        orders=pipeline.stores.orders,
        books=pipeline.stores.books,
        decisions=pipeline.stores.decisions,
        withdraw=pipeline.withdraw,
        cancel=pipeline.cancel,
        assess=partial(pipeline.assess, Namespace.TRADE, run_id=owner),
        submit=partial(pipeline.submit, Namespace.TRADE, owner=owner),
        settle=pipeline.settle,
        keep_books=pipeline.keep_books,
        config_hash=pipeline.loaded.hash,
        run_id=owner,
        clock=pipeline.clock,
    )
    done = flatten(desk, extent, reason=reason, tell=tell)
    pipeline.finish_plans()
    return done
