"""PF-2: each entry has exactly one cause, in whatever order entries come."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, row, trade

BOUGHT = trade("T1", Side.BUY, "0.1", "5000.00001", "13")
WHOLE = (
    row("L1", "trade/tradespot", "0.1", "XXBT", refid="T1"),
    row("L2", "trade/tradespot", "-5000", refid="T1", fee="13"),
)
CREDITED = "credited: an airdrop, a fork or a settlement"
UNLISTED = "MOON came or went, and the exchange lists no such asset"
KINDS = (
    "trade",
    "spend",
    "receive",
    "deposit",
    "adjustment",
    "transfer/spottostaking",
    "transfer/stakingfromspot",
    "earn/allocation",
    "transfer",
    "conversion",
    "what",
)
ROWS = st.builds(
    row,
    st.integers(0, 10**6).map(lambda number: f"L{number}"),
    st.sampled_from(KINDS),
    st.sampled_from(["1", "-1", "2", "-2", "0"]),
    st.sampled_from(["ZUSD", "ADA", "ADA.S", "ADA.Q", "MOON"]),
    refid=st.sampled_from(["T1", "R1", "R2", "R3", "", "Unknown"]),
    hours=st.sampled_from(["0", "1", "2"]),
)


def causes(entries: Iterable[LedgerEntry], *fills: Fill) -> list[Cause]:
    return [each.cause for each in told(entries, *fills)]


def told(entries: Iterable[LedgerEntry], *fills: Fill) -> tuple[Explained, ...]:
    return explain(entries, {each.trade_id: each for each in fills}, LOOKUP)


@given(st.lists(ROWS, max_size=12, unique_by=lambda each: each.entry_id), st.randoms())
def test_each_entry_has_one_cause_whatever_the_order(
    entries: list[LedgerEntry], chance: object
) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random

    found = told(entries, BOUGHT)

    assert sorted(each.entry.entry_id for each in found) == sorted(e.entry_id for e in entries)
    assert told(shuffled, BOUGHT) == found
    assert all(each.why for each in found)


def test_the_rows_of_a_trade_are_told_by_its_fill() -> None:
    found = told(WHOLE, BOUGHT)

    assert {(each.cause, each.event_id, each.lacks) for each in found} == {
        (Cause.FILL, "T1", Lack.NOTHING)
    }
    assert found[0].why == "buy 0.1 XBTUSD for 5000.00001"


def test_a_trade_whose_fill_is_not_read_yet_says_so() -> None:
    assert {(each.cause, each.lacks) for each in told(WHOLE)} == {(Cause.FILL, Lack.FILL)}


@pytest.mark.parametrize(("left", "missing"), [(0, "quote"), (1, "base")])
def test_a_side_of_a_trade_that_has_no_row_is_named(left: int, missing: str) -> None:
    [found] = told([WHOLE[left]], BOUGHT)

    assert found.cause is Cause.FILL
    assert found.why.endswith(f"the {missing} side has no row: nothing, or late")


def test_fee_credits_of_a_trade_belong_to_it() -> None:
    paid = row("L3", "trade/tradespot", "0", "KFEE", refid="T1", fee="120")

    assert causes([*WHOLE, paid], BOUGHT) == [Cause.FILL] * 3


def test_what_is_given_and_had_under_one_refid_is_a_conversion() -> None:
    found = told(
        [
            row("L1", "spend", "-90", refid="R1", fee="1"),
            row("L2", "receive", "200", "ADA", refid="R1"),
        ]
    )

    assert {(each.cause, each.why) for each in found} == {
        (Cause.CONVERSION, "90 ZUSD became 200 ADA")
    }


@pytest.mark.parametrize(
    ("told_as", "amount", "asset", "cause"),
    [
        ("spend", "-0.00001", "ADA", Cause.CONVERSION),
        ("spend", "-90", "ZUSD", Cause.UNKNOWN),
        ("spend", "-0.00001", "XETH", Cause.UNKNOWN),
        ("spend/dustsweeping", "-0.5", "XETH", Cause.CONVERSION),
        ("receive", "200", "ADA", Cause.UNKNOWN),
    ],
)
def test_one_side_alone_is_explained_only_where_the_other_can_be_nothing(
    told_as: str, amount: str, asset: str, cause: Cause
) -> None:
    [found] = told([row("L1", told_as, amount, asset)])

    assert found.cause is cause
    assert (found.lacks is Lack.SIDE) is (cause is Cause.UNKNOWN)


@pytest.mark.parametrize(
    ("second", "cause"),
    [
        (row("L2", "adjustment", "5000", "ADA", refid="R1"), Cause.CONVERSION),
        (row("L2", "adjustment", "5", "ZUSD", refid="R1"), Cause.ADJUSTMENT),
        (row("L2", "adjustment", "-5", "ADA", refid="R1"), Cause.ADJUSTMENT),
        (row("L2", "adjustment", "5000", "ADA", refid="R2"), Cause.ADJUSTMENT),
    ],
)
def test_two_corrections_of_one_event_turn_an_asset_into_another(
    second: LedgerEntry, cause: Cause
) -> None:
    first = row("L1", "adjustment", "-5", "ZUSD", refid="R1")

    assert causes([first, second]) == [cause, cause]


@pytest.mark.parametrize(
    ("entry", "cause", "why"),
    [
        (row("L1", "deposit", "5"), Cause.FLOW, "deposit"),
        (row("L1", "deposit", "-5"), Cause.FLOW, "a deposit that was taken back"),
        (row("L1", "withdrawal", "-5", fee="1"), Cause.FLOW, "withdrawal"),
        (row("L1", "withdrawal", "5", fee="-1"), Cause.FLOW, "a withdrawal that was taken back"),
        (row("L1", "earn/reward", "5", "ADA.F"), Cause.REWARD, "reward of Earn"),
        (row("L1", "rollover", "0", fee="1"), Cause.FEE, "fee of a margin position"),
        (row("L1", "margin", "3"), Cause.UNKNOWN, "margin trades are not booked here"),
        (row("L1", "transfer", "7", "ADA"), Cause.FLOW, CREDITED),
        (row("L1", "transfer", "7", "MOON"), Cause.UNKNOWN, UNLISTED),
    ],
)  # fmt: skip
def test_a_row_that_stands_alone_says_what_it_is(
    entry: LedgerEntry, cause: Cause, why: str
) -> None:
    [found] = told([entry])

    assert (found.cause, found.why, found.lacks) == (cause, why, Lack.NOTHING)


def test_entries_without_a_refid_have_nothing_to_do_with_each_other() -> None:
    found = told([row("L1", "staking", "1", "ADA", refid="Unknown"),
                  row("L2", "staking", "2", "ADA", refid="Unknown")])  # fmt: skip

    assert [each.event_id for each in found] == ["L1", "L2"]


def test_what_a_withdrawal_took_and_brought_back_is_one_event() -> None:
    out = row("L1", "withdrawal", "-30", refid="FT1", fee="4")
    back = row("L2", "withdrawal", "30", refid="FT1", fee="-4", hours="5")

    found = told([back, out])

    assert [(each.cause, each.event_id) for each in found] == [(Cause.FLOW, "FT1")] * 2
    assert sum((each.entry.net for each in found), Decimal(0)) == 0
