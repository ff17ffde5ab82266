"""What we realised on each pair of late."""

from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.services.market.results import realised_since
from kraken_pipeline_tests.store.builders import NOW, fill


def bought_and_sold(sold_at: int, proceeds: int) -> list[Fill]:
    return [
        fill("T1", fee=Decimal(1)),
        fill("T2", minutes=sold_at, side=Side.SELL, cost=Decimal(proceeds), fee=Decimal(2)),
    ]


def test_a_loss_counts_with_its_fees_from_what_was_paid_before_the_span() -> None:
    found = realised_since(bought_and_sold(60, 90), NOW + timedelta(minutes=30))

    assert found == {"XBTUSD": Decimal(-12)}


def test_what_was_realised_before_the_span_does_not_count() -> None:
    assert realised_since(bought_and_sold(60, 90), NOW + timedelta(minutes=61)) == {}


def test_a_pair_that_was_renamed_answers_for_what_it_was_called_before() -> None:
    found = realised_since(
        bought_and_sold(60, 90), NOW, name_now=lambda name: name.replace("XBT", "BTC")
    )

    assert set(found) == {"BTCUSD"}
