"""PF-11: a move between buckets is neither flow nor profit, also while one end is on its way."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, NOON, row


def left(name: str = "L1", qty: str = "-50", **more: str) -> LedgerEntry:
    return row(name, "transfer/spottostaking", qty, more.pop("asset", "ADA"), **more)


def came(name: str = "L2", qty: str = "50", **more: str) -> LedgerEntry:
    return row(name, "transfer/stakingfromspot", qty, more.pop("asset", "ADA.S"), **more)


def told(*entries: LedgerEntry) -> dict[str, Explained]:
    return {each.entry.entry_id: each for each in explain(entries, {}, LOOKUP)}


@pytest.mark.parametrize("refids", [("R1", "R1"), ("R1", "R2"), ("Unknown", "Unknown")])
def test_two_ends_are_a_move_under_one_refid_or_two(refids: tuple[str, str]) -> None:
    found = told(left(refid=refids[0]), came(refid=refids[1], hours="30"))

    assert {(each.cause, each.lacks) for each in found.values()} == {(Cause.INTERNAL, Lack.NOTHING)}
    assert len({each.event_id for each in found.values()}) == 1


def test_an_end_alone_is_in_flight() -> None:
    [found] = told(left()).values()

    assert (found.cause, found.lacks) == (Cause.INTERNAL, Lack.LEG)
    assert found.why == "to staking: 50 left ADA; its other end has not come"


@pytest.mark.parametrize(
    "other", [came(qty="49"), came(asset="XBT.S"), left("L2"), came(qty="49", refid="R-L1")]
)
def test_ends_that_differ_are_no_move(other: LedgerEntry) -> None:
    assert {each.lacks for each in told(left(), other).values()} == {Lack.LEG}


def test_the_first_that_left_is_the_first_that_came() -> None:
    found = told(left("L1"), left("L2", hours="1"), came("L3", hours="2"))

    assert found["L1"].event_id == found["L3"].event_id == "R-L1"
    assert found["L2"].lacks is Lack.LEG


def test_ends_of_one_refid_belong_together_although_another_came_before() -> None:
    found = told(left("L1"), left("L2", hours="1", refid="R2"), came("L3", hours="2", refid="R2"))

    assert found["L2"].event_id == found["L3"].event_id == "R2"
    assert found["L1"].lacks is Lack.LEG


def test_a_bucket_of_another_name_is_still_the_same_asset() -> None:
    found = told(
        row("L1", "earn/migration", "-0.2", "XBT.F", refid="R"),
        row("L2", "earn/migration", "0.2", "XXBT", refid="R"),
    )

    assert {each.cause for each in found.values()} == {Cause.INTERNAL}


def test_a_bucket_that_nobody_lists_leaves_the_whole_move_unknown() -> None:
    found = told(left(refid="R"), came(asset="ADA.Q", refid="R"))

    assert {each.cause for each in found.values()} == {Cause.UNKNOWN}
    assert found["L2"].why.endswith("a bucket there is of no listed asset")


def test_what_is_in_flight_is_still_the_accounts_and_overdue_after_a_day() -> None:
    flying = InFlight(entry=left())

    assert flying.qty == Decimal(50)
    assert not flying.is_overdue(NOON + timedelta(hours=24, microseconds=-1))
    assert flying.is_overdue(NOON + timedelta(hours=24))
