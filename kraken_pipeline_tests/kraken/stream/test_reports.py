"""What the stream told, as REST would say it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.kraken.stream.news import OrderSeen
from kraken_pipeline.kraken.stream.reports import report_of

SEEN = OrderSeen(
    kraken_order_id="O1",
    cl_ord_id="ours",
    pair="XBTUSD",
    side=Side.BUY,
    order_type="limit",
    status="partially_filled",
    qty=Qty(Decimal("0.3")),
    filled_qty=Qty(Decimal("0.1")),
    avg_fill_price=Decimal(50_000),
    limit_price=Decimal(50_100),
    fee=Decimal(8),
    at=datetime(2026, 5, 1, tzinfo=UTC),
)


def test_a_report_says_what_was_heard() -> None:
    report = report_of(SEEN)

    assert report is not None
    assert (report.status, report.filled_qty, report.fee) == ("open", Decimal("0.1"), Decimal(8))
    assert (report.pair, report.limit_price) == ("XBTUSD", Decimal(50_100))


@pytest.mark.parametrize(
    "partly",
    [
        replace(SEEN, pair=None),
        replace(SEEN, side=None),
        replace(SEEN, order_type=None),
        replace(SEEN, qty=None),
        replace(SEEN, fee=None),
    ],
)
def test_an_order_of_which_a_part_is_not_known_is_no_report(partly: OrderSeen) -> None:
    assert report_of(partly) is None


@pytest.mark.parametrize(
    ("said", "meant"), [("filled", "closed"), ("expired", "expired"), ("suspended", "open")]
)
def test_a_status_that_is_new_ends_nothing(said: str, meant: str) -> None:
    report = report_of(replace(SEEN, status=said))

    assert report is not None
    assert report.status == meant
