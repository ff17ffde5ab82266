from dataclasses import replace
from decimal import Decimal

from kraken_pipeline.domain.market import Side
from kraken_pipeline.services.backtest.resting import Resting
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.services.backtest.runs import BEGUN, listed


def test_an_order_is_shown_as_far_as_it_came() -> None:
    sent = replace(order(), side=Side.BUY)
    resting = Resting(
        kraken_order_id="OB1",
        order=sent,
        pair=listed(),
        column=0,
        opened_at=BEGUN,
        qty=Decimal(2),
        limit=Decimal(100),
        trigger=None,
        waits=False,
        is_taker=False,
        filled=Decimal("0.5"),
        cost=Decimal(49),
    )

    report = resting.report()

    assert (report.filled_qty, report.avg_fill_price, report.limit_price) == (
        Decimal("0.5"),
        Decimal(98),
        Decimal(100),
    )
    assert resting.held == Decimal("1.5") * sent.limit_price
