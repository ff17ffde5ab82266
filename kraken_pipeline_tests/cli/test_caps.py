from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kraken_pipeline.cli.caps import caps_used
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import limits
from kraken_pipeline_tests.store.builders import decision as decided
from kraken_pipeline_tests.store.builders import order

LIMITS = limits(max_gross_exposure_pct=Decimal(40), max_per_asset_pct=Decimal(20))


def _snapshot(equity: str = "10000") -> Snapshot:
    worth = {"USD": ("8000", "1"), "XBT": ("0.03", "50000"), "ADA": ("5", "1")}
    return Snapshot(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        equity=Decimal(equity),
        cash=Decimal(8000),
        valuations=tuple(
            Valuation(asset=Asset(name), qty=Decimal(qty), price=Decimal(price), source="a test")
            for name, (qty, price) in worth.items()
        ),
        positions=(),
        realised=Decimal(0),
        unrealised=Decimal(0),
        fees=Decimal(0),
        units=Decimal(10000),
        unit_price=Decimal(1),
        drawdown=Decimal(0),
        drawdown_of_day=Decimal(0),
        drawdown_of_all_time=Decimal(0),
    )


def test_what_is_held_and_what_may_be_bought_count_against_the_caps() -> None:
    [wanted] = decided("XBTUSD").intents
    buy = order(wanted, qty=Decimal("0.01"), limit_price=Decimal(50000), quote_rate=Decimal(1))
    sale = replace(buy, side=Side.SELL)

    used = caps_used(_snapshot(), [buy, sale], LIMITS, "USD")

    assert used["gross_exposure"] == "20.05 of 40 %"
    assert used["largest_asset"] == "15.00 of 20 %"
    assert used["positions"].startswith("1 of ")
    assert used["open_buys"].startswith("500.00 ")


def test_without_equity_a_share_is_unknown() -> None:
    assert caps_used(_snapshot("0"), [], LIMITS, "USD")["gross_exposure"].startswith("unknown")
