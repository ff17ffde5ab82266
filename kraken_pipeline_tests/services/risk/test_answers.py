"""INV-8: what risk answers stays what it was, to the byte, however it is worked out."""

import hashlib
import json
from decimal import Decimal
from random import Random

import pytest

from kraken_pipeline.domain.risk import Measure
from kraken_pipeline.domain.risk.caps import CAP_RULES
from kraken_pipeline.services.risk.verdicts import verdict_of
from kraken_pipeline_tests.builders import case
from kraken_pipeline_tests.services.worlds import life

LIVES = 60
ANSWERED = "b48a0b1f6e781ae82d44905486223e6bbe0753cfb5f8df2061ee9aba48c325a7"
"""Of their verdicts with every figure, and of the orders. Another value is another decision: it
changes only where a rule, a figure or the made-up lives do, and then what is replayed does too."""


def test_inv_8_the_answers_to_random_lives_are_the_bytes_that_they_were() -> None:
    told = hashlib.sha256()
    for seed in range(LIVES):
        plan, orders = life(Random(seed)).answered()  # noqa: S311 - repeatable, not secret
        told.update(repr((plan.verdicts, orders, plan.conflicts)).encode())

    assert told.hexdigest() == ANSWERED


@pytest.mark.parametrize(
    ("after", "most", "said"),
    [
        ("0.10", "1E+3", "0.10 of 1000"),
        ("0E-9", "7", "0.000000000 of 7"),
        ("-0.00000001", "12.5", "-0.00000001 of 12.5"),
    ],
)
def test_a_cap_is_written_without_an_exponent(after: str, most: str, said: str) -> None:
    measured = Measure(CAP_RULES[0], Decimal(after), Decimal(most))

    verdict = verdict_of(case(), (), (), [measured])

    assert json.loads(verdict.figures)["caps"] == {CAP_RULES[0].code: said}
