"""The hourly listing applies statuses, and a restricted holding is sold where that is wanted."""

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.market.pair_status import apply_status
from kraken_pipeline.wiring.pair_status import status_desk
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy

SELLS = "  when_restricted: sell\n"


def restrict(market: PaperMarket, pair: str, status: str | None) -> None:
    listed = market.served.exchange.market.listing.pair(pair)
    assert listed is not None
    market.served.exchange.set_pair_status(listed, status)


def test_the_listing_ends_entries_of_a_restricted_pair_and_lets_them_again(
    market: PaperMarket,
) -> None:
    with market.pipeline() as pipeline:
        order = resting_buy(pipeline)
        restrict(market, "ADAUSD", "cancel_only")
        pipeline.refresh_universe()

        assert pipeline.stores.orders.order(order.local_id).state is State.CANCELED
        assert [(each.kind, str(each.scope)) for each in pipeline.halts()] == [
            (HaltKind.RESTRICTED, "pair:ADAUSD")
        ]

        restrict(market, "ADAUSD", None)
        pipeline.refresh_universe()

        assert pipeline.halts() == ()


def trade(pipeline: Pipeline) -> None:
    """Answer what is wished, send it, and book what came of it."""
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()


def held(pipeline: Pipeline) -> list[str]:
    """Return the pairs of which something is held."""
    return [each.pair for each in pipeline.stores.books.positions() if each.qty]


@pytest.mark.parametrize(("configured", "is_sold"), [(SELLS, True), ("", False)])
def test_what_a_strategy_holds_is_sold_only_where_that_is_configured(
    market: PaperMarket, configured: str, *, is_sold: bool
) -> None:
    market.configure(configured)
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        trade(pipeline)
        pair = held(pipeline)[0]
        restrict(market, pair, "limit_only")
        for _ in range(2):
            apply_status(status_desk(pipeline), pair, "limit_only", pipeline.clock())
        trade(pipeline)

        assert (pair not in held(pipeline)) is is_sold
