"""U-AST-2: allocations fill what the balances lack, and never more."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.account_reports import Allocation
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.vaults import (
    Told,
    beside,
    completed,
    hidden_in,
    is_vault,
    vault_of,
)
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.symbols import Asset, is_locked
from kraken_pipeline_tests.domain.accounting.rows import NOON, row

XBT, ETH = Asset("XBT"), Asset("ETH")
QTYS = st.integers(0, 50).map(Decimal)


def whole(bucket: str) -> Asset:
    return XBT if bucket.startswith(("XBT", "XXBT")) else ETH


def allocated(strategy: str, qty: str, asset: str = "XBT") -> Allocation:
    return Allocation(strategy_id=strategy, asset=asset, qty=Decimal(qty), rewarded=Decimal(0))


def leg(entry_id: str, amount: str) -> InFlight:
    return InFlight(entry=row(entry_id, "earn/allocation", amount, "XXBT"))


def told(qty: str, kept: str = "0", rewards: str = "0", *legs: InFlight) -> Told:
    return Told(
        asset=XBT,
        qty=Decimal(qty),
        kept=Decimal(kept),
        is_known=kept != "0",
        unbooked_rewards=Decimal(rewards),
        legs=legs,
    )


def amounts(entries: tuple[LedgerEntry, ...]) -> list[tuple[str, str, str]]:
    return [(each.subtype, str(each.amount), str(each.balance)) for each in entries]


def test_a_vault_has_a_bucket_of_our_own_that_nothing_is_sold_from() -> None:
    assert vault_of(XBT) == "XBT.VAULT"
    assert is_vault("XBT.VAULT")
    assert is_locked("XBT.VAULT")
    assert not is_vault("XBT.B")


def test_what_the_balances_show_as_locked_is_not_hidden() -> None:
    allocations = [allocated("E1", "4"), allocated("E2", "5"), allocated("E3", "1", "ETH")]
    balances = {"XXBT": Decimal(9), "XBT.B": Decimal(4), "ETH.S": Decimal(2)}

    assert hidden_in(allocations, {}, balances, whole) == {XBT: Decimal(5)}


def test_what_earns_where_it_lies_is_not_hidden() -> None:
    allocations = [allocated("E1", "4"), allocated("E2", "5")]

    found = hidden_in(allocations, {"E1": "flex", "E2": "bonded"}, {}, whole)

    assert found == {XBT: Decimal(5)}


def test_a_bucket_that_the_ledger_knows_is_filled_before_a_vault() -> None:
    replayed = {"XXBT": Decimal(1), "XBT.B": Decimal(3), "XBT.VAULT": Decimal(2)}
    hidden = {XBT: Decimal(5)}

    found = beside({"XXBT": Decimal(1)}, replayed, hidden, whole)

    assert found == {"XBT.B": Decimal(3), "XBT.VAULT": Decimal(2)}


def test_without_a_known_vault_nothing_is_added_to_what_the_books_expect() -> None:
    balances = replayed = {"XXBT": Decimal(7)}

    assert beside(balances, replayed, {XBT: Decimal(5)}, whole) == {}


@given(spot=QTYS, bonded=QTYS, lacks=QTYS, allocated=QTYS)
def test_no_asset_ever_has_more_than_the_books_say_while_no_vault_is_known(
    spot: Decimal, bonded: Decimal, lacks: Decimal, allocated: Decimal
) -> None:
    replayed = {"XXBT": spot, "XBT.B": bonded}
    balances = {"XXBT": max(spot - lacks, Decimal(0)), "XBT.B": bonded}

    found = beside(balances, replayed, {XBT: allocated}, whole)

    assert sum(balances.values()) + sum(found.values()) <= spot + bonded


def test_a_move_that_is_done_gets_its_other_end() -> None:
    [entry] = completed(told("4", "0", "0", leg("L1", "-4")), NOON)

    assert (entry.refid, entry.asset, entry.amount) == (
        row("L1", "earn/allocation", "-4").refid, "XBT.VAULT", Decimal(4),
    )  # fmt: skip
    assert completed(told("4", "0", "0", leg("L1", "-4")), NOON)[0].entry_id == entry.entry_id


def test_a_move_that_earn_does_not_tell_yet_waits() -> None:
    legs = leg("L1", "-4"), leg("L2", "-1")

    assert amounts(completed(told("4", "0", "0", *legs), NOON)) == [("allocation", "4", "4")]
    assert completed(told("0", "0", "0", *legs), NOON) == ()


def test_what_came_back_with_a_reward_leaves_nothing() -> None:
    found = completed(told("0", "4", "1", leg("L2", "5")), NOON)

    assert amounts(found) == [("allocation", "-5", "-1"), ("reward", "1", "0")]


def test_a_growth_is_a_reward_only_as_far_as_earn_names_one() -> None:
    assert amounts(completed(told("5", "4", "1"), NOON)) == [("reward", "1", "5")]
    assert completed(told("5", "4", "0.9"), NOON) == ()
    assert completed(told("3", "4", "9"), NOON) == ()


def test_a_vault_that_nothing_went_to_is_not_booked() -> None:
    assert completed(told("5", "0", "9"), NOON) == ()


@given(
    went=st.lists(st.integers(-9, 9).filter(bool), max_size=6),
    kept=st.integers(0, 20),
    reward=st.integers(0, 3),
)
def test_what_is_booked_brings_the_books_to_what_is_there(
    went: list[int], kept: int, reward: int
) -> None:
    legs = [leg(f"L{number}", str(-each)) for number, each in enumerate(went)]
    there = kept + sum(went) + reward

    found = completed(told(str(there), str(kept), str(reward), *legs), NOON)

    if found:
        assert kept + sum(each.amount for each in found) == there
        assert found[-1].balance == there
    else:
        assert there == kept or not kept
