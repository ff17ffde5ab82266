from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.partings import Parting, Replay, replayed
from kraken_pipeline.domain.ledger import LedgerEntry, replay
from kraken_pipeline_tests.domain.accounting.rows import NOON, row


def told(amounts: Sequence[Decimal], *, apart: Sequence[int]) -> list[LedgerEntry]:
    """Return entries that each tell the balance; how many minutes each came after the last."""
    entries, balance, at = [], Decimal(0), NOON
    for place, (amount, minutes) in enumerate(zip(amounts, apart, strict=True)):
        balance, at = balance + amount, at + timedelta(minutes=minutes)
        entry = row(f"L{place}", "deposit", "0")
        entries.append(replace(entry, amount=amount, balance=balance, at=at))
    return entries


def rows(*amounts: int) -> list[LedgerEntry]:
    return told([Decimal(each) for each in amounts], apart=[1] * len(amounts))


def seen(entries: Sequence[LedgerEntry]) -> Replay:
    return replayed("ZUSD", sorted(entries, key=lambda each: (each.at, each.entry_id)))


def test_a_bucket_without_entries_says_so() -> None:
    assert str(seen([])) == "the ledger has no entry of it"


def test_the_entry_after_the_one_that_is_missing_is_named() -> None:
    whole = rows(10, -3, 5, 1)

    found = seen([*whole[:1], *whole[2:]])

    assert found.sum == 16
    assert found.parting == Parting(entry=whole[2], replayed=Decimal(15))
    assert str(found) == (
        "parts first at L2 (deposit, 2026-11-02 12:03:00): the entries add up to 15, it says 12"
    )


def test_where_the_newest_are_missing_the_last_one_is_named() -> None:
    found = seen(rows(10, -3))

    assert found.parting is None
    assert "came after L1 at 2026-11-02 12:02:00, the newest, which says 7" in str(found)


def test_what_agrees_again_is_past() -> None:
    whole = rows(10, -3, 5, 3, 4)
    late = replace(whole[1], at=whole[3].at + timedelta(seconds=1))

    found = seen([whole[0], *whole[2:4], replace(late, balance=Decimal(15)), whole[4]])

    assert found.parting is None


SMALL = st.decimals(-100, 100, places=8).filter(bool)


@given(st.lists(st.tuples(SMALL, st.integers(0, 1)), min_size=1, max_size=12))
def test_a_whole_ledger_never_parts_in_whatever_order_its_ids_are(
    steps: list[tuple[Decimal, int]],
) -> None:
    entries = told([each for each, _ in steps], apart=[minutes for _, minutes in steps])

    found = seen(entries)

    assert found.sum == replay(entries)["ZUSD"]
    if len({each.balance for each in entries}) == len(entries):
        assert found.parting is None


@given(st.lists(SMALL, min_size=2, max_size=12), st.data())
def test_the_first_entry_after_a_lost_one_parts(
    amounts: list[Decimal], data: st.DataObject
) -> None:
    entries = told(amounts, apart=[1] * len(amounts))
    lost = data.draw(st.integers(0, len(amounts) - 2))

    found = seen([*entries[:lost], *entries[lost + 1 :]])

    assert found.parting is not None
    assert found.parting.entry == entries[lost + 1]


@pytest.mark.parametrize("order", [("L1", "L2"), ("L2", "L1")])
def test_entries_of_one_instant_are_taken_as_they_follow(order: tuple[str, str]) -> None:
    one, two = rows(5, 6)
    first = replace(one, entry_id=order[0])
    second = replace(two, entry_id=order[1], at=one.at)

    assert seen([first, second]).parting is None
