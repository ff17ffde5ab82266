from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline_tests.services.backtest.runs import BEGUN, asked, scripted


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"until": BEGUN - timedelta(days=1)}, "has no bar"),
        ({"since": BEGUN.replace(tzinfo=None)}, "UTC"),
        ({"cash": Decimal(0)}, "cash"),
        ({"strategies": ()}, "strategy"),
    ],
)
def test_a_run_that_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        asked(scripted({}), **wrong)


def test_what_is_needed_is_the_most_that_any_strategy_needs() -> None:
    assert dict(asked(scripted({})).needed) == {"1h": 1}
