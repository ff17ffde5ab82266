"""From a pipeline to what applies the status of a pair."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.services.market.pair_status import StatusDesk
from kraken_pipeline.services.orders.flatten import WishDesk, wish_to_sell
from kraken_pipeline.services.orders.settle import cancel_many
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.trading import Trading

LASTS: Final = timedelta(minutes=10)
"""How long the wish to leave a restricted pair waits for a trading run."""
BY: Final = "universe"


def status_desk(pipeline: Trading) -> StatusDesk:
    """Return what applying a status needs; see `services.pair_status`."""
    stores, settings = pipeline.stores, pipeline.loaded.settings
    return StatusDesk(
        universes=stores.universes,
        orders=stores.orders,
        books=stores.books,
        halts=stores.halts,
        tradable=frozenset(settings.universe.filters.statuses),
        withdraw=pipeline.withdraw,
        cancel=partial(cancel_many, desks.settle(pipeline)),
        leave=partial(_leave, pipeline) if settings.universe.when_restricted == "sell" else None,
    )


def _leave(pipeline: Trading, held: Sequence[Position], reason: str) -> None:
    desk = WishDesk(
        market=pipeline.edge.market,
        decisions=pipeline.stores.decisions,
        config_hash=pipeline.loaded.hash,
        run_id=BY,
        clock=pipeline.clock,
    )
    wish_to_sell(desk, held, reason=reason, lasts=LASTS)
