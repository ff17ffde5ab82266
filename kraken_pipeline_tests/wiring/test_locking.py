from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.locks import LockKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.protections import KINDS
from kraken_pipeline.wiring.locking import locks_in_force, protections
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket


def told(*entries: object) -> tuple[Protection, ...]:
    return protections(Settings.model_validate({"risk": {"protections": list(entries)}}))


def test_an_entry_of_the_configuration_becomes_a_protection_in_shares() -> None:
    [found] = told({"kind": "max_drawdown", "window_minutes": 90, "lock_minutes": 30, "trades": 7})

    assert found == Protection(
        kind=LockKind.MAX_DRAWDOWN,
        by_pair=False,
        window=timedelta(minutes=90),
        lock=timedelta(minutes=30),
        count=7,
        threshold=Decimal("0.05"),
    )


@pytest.mark.parametrize(
    ("kind", "by_pair", "count", "threshold"),
    [
        ("cooldown", True, 1, "0"),
        ("stop_loss_guard", False, 4, "0"),
        ("low_profit_pair", True, 2, "0"),
        ("loss_streak", False, 5, "0"),
        ("reject_streak", True, 3, "0"),
        ("slippage_guard", True, 3, "25"),
        ("volatility_spike", True, 1, "4"),
    ],
)
def test_every_kind_is_judged_as_its_entry_says(
    kind: str, count: int, threshold: str, *, by_pair: bool
) -> None:
    [found] = told(kind)

    assert (found.by_pair, found.count, found.threshold) == (by_pair, count, Decimal(threshold))
    assert found.lock > timedelta()
    assert found.window >= timedelta(minutes=1)


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
