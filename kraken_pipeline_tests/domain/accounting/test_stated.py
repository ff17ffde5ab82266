"""What a person says that an arrival had cost."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.stated import StatedCost, require_arrival
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline_tests.domain.accounting.lives import START, entry, explained


def test_a_cost_below_zero_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="-1 of L1"):
        StatedCost(entry_id="L1", cost=Decimal(-1), at=START, by="me", reason="typed")


def test_what_came_from_outside_may_have_a_cost() -> None:
    [arrival] = explained(Cause.FLOW, entry("XXBT", "1"))

    require_arrival(arrival)


@pytest.mark.parametrize(
    ("cause", "amount", "said"),
    [
        (Cause.FLOW, "-1", "brought nothing"),
        (Cause.FILL, "1", "cost what was given for it"),
        (Cause.CONVERSION, "1", "cost what was given for it"),
    ],
)
def test_what_left_or_was_paid_for_has_no_cost_to_state(
    cause: Cause, amount: str, said: str
) -> None:
    [told] = explained(cause, entry("XXBT", amount))

    with pytest.raises(InvalidValueError, match=said):
        require_arrival(told)
