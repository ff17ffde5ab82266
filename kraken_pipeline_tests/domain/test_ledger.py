"""The ledger adds up to the balances, and every entry means something."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.ledger import (
    EVER_OTHER,
    Drift,
    DriftLook,
    LedgerEntry,
    drift_seen_since,
    drifts,
    replay,
)
from kraken_pipeline_tests.builders import NOW, entry

AMOUNTS = st.decimals(min_value="-1e15", max_value="1e15", places=10)
FEES = st.decimals(min_value=0, max_value="1e6", places=10)
ENTRIES = st.lists(
    st.builds(entry, asset=st.sampled_from(["XXBT", "ZUSD", "XBT.F"]), amount=AMOUNTS, fee=FEES),
    max_size=20,
)


@given(ENTRIES)
def test_a_replay_is_the_exact_sum_of_amounts_less_fees(entries: list[LedgerEntry]) -> None:
    replayed = replay(entries)

    for asset in {each.asset for each in entries}:
        units = sum(
            int((each.amount - each.fee) * 10**10) for each in entries if each.asset == asset
        )
        assert replayed[asset] * 10**10 == units


@given(entries=ENTRIES, at=st.integers(0, 20))
def test_a_replay_may_be_cut_anywhere(entries: list[LedgerEntry], at: int) -> None:
    first, rest = replay(entries[:at]), replay(entries[at:])
    joined = {
        each: first.get(each, Decimal(0)) + rest.get(each, Decimal(0)) for each in first | rest
    }

    assert joined == replay(entries)


def test_a_balance_of_thirty_digits_keeps_its_last_unit() -> None:
    large, small = Decimal("1e20"), Decimal("1e-10")

    [balance] = replay([entry(amount=large), entry(amount=small)]).values()

    assert str(balance) == "100000000000000000000.0000000001"


def test_the_same_on_both_sides_is_no_drift() -> None:
    assert drifts({"XXBT": Decimal("1.0")}, {"XXBT": Decimal(1), "ZUSD": Decimal(0)}) == ()


def test_one_unit_in_the_last_place_is_drift() -> None:
    found = drifts({"XXBT": Decimal("1.0000000001")}, {"XXBT": Decimal(1)})

    assert found == (Drift(asset="XXBT", replayed=Decimal("1.0000000001"), at_exchange=Decimal(1)),)


def test_a_bucket_that_only_one_side_knows_is_drift() -> None:
    found = drifts({"XXBT": Decimal(1)}, {"ZUSD": Decimal(5)})

    assert [each.asset for each in found] == ["XXBT", "ZUSD"]


def look(minute: float, **more: str) -> DriftLook:
    """Return a look that showed by how much buckets drifted; an empty amount was not kept."""
    return DriftLook(
        at=NOW + timedelta(minutes=minute),
        buckets=frozenset(more),
        more={bucket: Decimal(each) for bucket, each in more.items() if each},
    )


LONG = EVER_OTHER / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("looks", "since"),
    [
        ([], None),
        ([look(0, XXBT="1"), look(1)], None),
        ([look(0, XXBT="1")], 0),
        ([look(0, XXBT="1"), look(1, XXBT="1.0")], 0),
        ([look(0, XXBT="1"), look(1), look(2, XXBT="1")], 2),
        ([look(0, XXBT="1"), look(1, ZUSD="1")], 1),
        ([look(0, XXBT="1"), look(1, XXBT="2")], 1),
        ([look(0, XXBT="1"), look(1, XXBT="2"), look(2, XXBT="1")], 0),
        ([look(0, XXBT="1", ZUSD="4"), look(1, XXBT="2", ZUSD="4")], 0),
        ([look(0, XXBT="1", ZUSD="4"), look(1, ZUSD="5"), look(2, XXBT="1", ZUSD="5")], 1),
        ([look(0, XXBT=""), look(1, XXBT="1"), look(2, XXBT="1")], 1),
        ([look(0, XXBT=""), look(1, XXBT="")], 1),
        ([look(0, XXBT="1"), look(1, XXBT="2"), look(1 + LONG, XXBT="3")], 0),
        ([look(0, XXBT="1"), look(1, XXBT="2"), look(LONG, XXBT="3")], 0),
        ([look(0, XXBT="1"), look(1, XXBT="2"), look(LONG - 1, XXBT="3")], LONG - 1),
        ([look(0, XXBT="1"), look(1), look(LONG, XXBT="3")], LONG),
    ],
)
def test_a_drift_is_as_old_as_the_difference_that_it_shows_now(
    looks: list[DriftLook], since: float | None
) -> None:
    """Two lags of one bucket differ by two amounts: the second is as young as it is."""
    expected = None if since is None else NOW + timedelta(minutes=since)

    assert drift_seen_since(reversed(looks)) == expected
