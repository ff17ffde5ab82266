"""PF-11: every type of Kraken's is in the table, and what is not is looked at by a person."""

import pytest

from kraken_pipeline.domain.accounting.kinds import BY_SUBTYPE, BY_TYPE, LEG_TYPES, Kind, rule_of
from kraken_pipeline_tests.domain.accounting.rows import row

TYPES = frozenset({
    "trade", "deposit", "withdrawal", "transfer", "margin", "adjustment", "rollover", "spend",
    "receive", "settled", "credit", "staking", "reward", "dividend", "sale", "conversion",
    "nfttrade", "nftcreatorfee", "nftrebate", "custodytransfer", "earn", "none",
})  # fmt: skip
"""Of Kraken's OpenAPI file, and `earn` from its exports."""


def test_every_type_of_krakens_is_in_the_table() -> None:
    assert set(BY_TYPE) | {name for name, _ in BY_SUBTYPE} >= TYPES


def test_no_type_is_in_both_tables() -> None:
    assert not set(BY_TYPE) & {name for name, _ in BY_SUBTYPE}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("trade/tradespot", Kind.TRADE),
        ("spend/dustsweeping", Kind.SWAP),
        ("deposit", Kind.FLOW),
        ("transfer", Kind.CREDIT),
        ("transfer/spottofutures", Kind.FLOW),
        ("transfer/spottostaking", Kind.LEG),
        ("staking", Kind.REWARD),
        ("earn/reward", Kind.REWARD),
        ("earn/autoallocation", Kind.LEG),
        ("earn/something new", Kind.REVIEW),
        ("transfer/something new", Kind.REVIEW),
        ("something new", Kind.REVIEW),
    ],
)
def test_type_and_subtype_say_what_sort_of_event_it_is(told: str, kind: Kind) -> None:
    assert rule_of(row("L1", told, "1")).kind is kind


def test_what_is_new_is_named() -> None:
    assert rule_of(row("L1", "earn/lent", "1")).said == "'earn lent' is no type of entry known"


def test_credits_that_pay_fees_are_no_flow() -> None:
    assert rule_of(row("L1", "transfer", "100", "KFEE")).kind is Kind.FEE


def test_moves_come_as_transfers_and_as_earn() -> None:
    assert LEG_TYPES == ("earn", "transfer")
