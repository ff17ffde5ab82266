from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, NOON

MADE = Adjustment(
    bucket="XBT.F",
    replayed=Decimal("1.00000001"),
    at_exchange=Decimal(1),
    at=NOON,
    by="ann",
    reason="a row that support says was never written",
)


def test_the_entry_is_all_that_the_ledger_lacks() -> None:
    entry = MADE.explained.entry

    assert (entry.asset, entry.net) == ("XBT.F", Decimal("-0.00000001"))
    assert MADE.replayed + entry.net == entry.balance == MADE.at_exchange


def test_the_rules_explain_the_entry_as_it_explains_itself() -> None:
    told = MADE.explained

    assert told.cause is Cause.ADJUSTMENT
    assert explain([told.entry], {}, LOOKUP) == (told,)


def test_the_same_adjustment_has_the_same_id_whoever_gives_which_reason() -> None:
    again = replace(MADE, by="bob", reason="another")

    assert again.entry_id == MADE.entry_id
    assert replace(MADE, at_exchange=Decimal(2)).entry_id != MADE.entry_id


def test_an_adjustment_needs_a_reason() -> None:
    with pytest.raises(InvalidValueError, match="needs its reason"):
        replace(MADE, reason=" ")


def test_what_agrees_is_not_adjusted() -> None:
    with pytest.raises(InvalidValueError, match=r"the ledger of XBT\.F is what the exchange has"):
        replace(MADE, at_exchange=MADE.replayed)
