from decimal import Decimal

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import Qty


def test_an_amendment_that_changes_nothing_can_not_be_made() -> None:
    with pytest.raises(InvalidValueError, match="changes nothing"):
        Amendment(post_only=True)


@pytest.mark.parametrize("qty", [Decimal(0), Decimal(-1), Decimal("NaN")])
def test_an_amendment_to_no_amount_can_not_be_made(qty: Decimal) -> None:
    with pytest.raises(InvalidValueError):
        Amendment(qty=Qty(qty))
