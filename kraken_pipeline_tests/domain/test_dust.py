from decimal import Decimal

import pytest

from kraken_pipeline.domain.dust import is_strategys, smallest_sale
from kraken_pipeline.domain.lots import DUST, MANUAL, Position
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline_tests.builders import pair, ticker


def test_the_smallest_sale_meets_both_minimums_of_the_exchange() -> None:
    listed = pair(min_qty=Decimal("0.00005"), min_cost=Decimal(5), lot=Decimal("0.00000001"))

    smallest = smallest_sale(listed, ticker(bid=Decimal(50_000)))

    assert smallest == Decimal("0.0001")


def test_nothing_is_too_small_to_be_sold_while_nobody_bids() -> None:
    assert smallest_sale(pair(), None) is None
    assert smallest_sale(pair(), ticker(bid=ZERO)) is None


@pytest.mark.parametrize(
    ("book", "qty", "is_its"),
    [
        ("trend@1h", "0.1", True),
        ("trend@1h", "0", False),
        (DUST, "0.1", False),
        (MANUAL, "1", False),
    ],
)
def test_only_what_a_strategy_holds_is_a_strategys(book: str, qty: str, is_its: bool) -> None:  # noqa: FBT001 - a parameter of the test
    holding = Position(book=book, pair="XBTUSD", qty=Qty(Decimal(qty)))

    assert is_strategys(holding) is is_its
