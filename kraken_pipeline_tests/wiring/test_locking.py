from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.settings.protections import KINDS
from kraken_pipeline.wiring.locking import locks_in_force
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket


def _run(pipeline: Pipeline) -> None:
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()


def test_every_protection_is_judged_in_a_run_of_the_trading_job(market: PaperMarket) -> None:
    """All of them at once: a first buy has nothing against it, and bars are there to be calm."""
    market.configure(f"risk: {{protections: [{', '.join(sorted(KINDS))}]}}\n")
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        _run(pipeline)

        assert any(each.side is Side.BUY for each in pipeline.stores.books.fills_after(None))
        assert locks_in_force(pipeline, pipeline.clock()) == ()
