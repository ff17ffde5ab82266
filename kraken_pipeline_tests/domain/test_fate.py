"""An order of unknown fate is absent only when every proof is there."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kraken_pipeline.domain.fate import (
    CLEAN_READS_NEEDED,
    DOUBTFUL_LOOKS,
    EVER_OTHER,
    LONGEST_LAG,
    PROOFS,
    UNHEARD,
    UNRESOLVED_AFTER,
    Read,
    Search,
    doubts,
    is_unresolved,
    missing_proofs,
)
from kraken_pipeline_tests.builders import NOW

FILL = "OGA8U4"
HOLD = "5 USD held, 0 needed"
BALANCE = "XXBT: ledger says 1, balance is 2"


def reads(*at: datetime, doubts: Collection[str] = ()) -> tuple[Read, ...]:
    return tuple(Read(at=each, doubts=frozenset(doubts)) for each in at)


PROVEN = Search(
    exchange_now=NOW + timedelta(seconds=36),
    deadline=NOW + timedelta(seconds=5),
    settle=timedelta(seconds=30),
    reads=reads(*[NOW + timedelta(seconds=36)] * 3),
    stream_explained=True,
    stray_fills=(),
    stray_hold="",
    stray_balances=(),
)


def test_with_every_proof_nothing_stands_against_absence() -> None:
    assert missing_proofs(PROVEN) == ()


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"exchange_now": NOW + timedelta(seconds=35)}, "TOO_EARLY"),
        ({"reads": PROVEN.reads[:2]}, "FEW_READS"),
        ({"stray_fills": (FILL,)}, "STRAY_FILLS"),
        ({"stray_hold": HOLD}, "STRAY_HOLD"),
        ({"stray_balances": (BALANCE,)}, "STRAY_BALANCE"),
        ({"stream_explained": False}, "STREAM_GAP"),
    ],
)
def test_one_proof_that_is_missing_is_enough_to_keep_looking(
    lacking: dict[str, object], code: str
) -> None:
    missing = missing_proofs(replace(PROVEN, **lacking))  # type: ignore[arg-type]  # see the rows

    assert [each.code for each in missing] == [code]


def test_every_proof_that_is_missing_is_named() -> None:
    nothing = replace(
        PROVEN,
        exchange_now=NOW,
        reads=(),
        stream_explained=False,
        stray_fills=(FILL,),
        stray_hold=HOLD,
        stray_balances=(BALANCE,),
    )

    assert len(missing_proofs(nothing)) == len(PROOFS)


LATE = PROVEN.deadline + UNRESOLVED_AFTER
LOOKED = CLEAN_READS_NEEDED + DOUBTFUL_LOOKS - 1
"""Reads of a search in which enough looks found something against the proof."""
EARLY = LATE - timedelta(minutes=14)
DOUBTED = replace(
    PROVEN, exchange_now=LATE, stray_hold=HOLD, reads=reads(*[EARLY] * LOOKED, doubts=[HOLD])
)


@pytest.mark.parametrize(
    ("found", "is_left"),
    [
        ({}, True),
        ({"stray_hold": ""}, False),
        ({"reads": DOUBTED.reads[:2]}, False),
        ({"reads": reads(*[LATE] * LOOKED, doubts=[HOLD])}, False),
        ({"exchange_now": LATE - timedelta(seconds=1)}, False),
    ],
)
def test_a_person_must_look_once_a_proof_is_missing_for_a_quarter_of_an_hour(
    found: dict[str, object], *, is_left: bool
) -> None:
    looked = replace(DOUBTED, **found)  # type: ignore[arg-type]  # see the rows

    assert is_unresolved(looked) is is_left


def test_a_part_that_is_read_late_has_time_to_come() -> None:
    within = LATE - LONGEST_LAG + timedelta(seconds=1)
    soon = replace(DOUBTED, reads=reads(EARLY, EARLY, within, within, doubts=[HOLD]))
    once = replace(DOUBTED, reads=DOUBTED.reads[1:])

    assert not is_unresolved(soon)
    assert not is_unresolved(once)


@pytest.mark.parametrize(
    ("now", "standing", "since", "is_left"),
    [
        (LATE, [HOLD], EARLY, True),
        (LATE, [HOLD, FILL], EARLY, True),
        (LATE, [FILL], EARLY, False),
        (LATE, [], EARLY, False),
        (LATE, [HOLD], LATE - LONGEST_LAG, True),
        (LATE, [HOLD], LATE - LONGEST_LAG + timedelta(seconds=1), False),
        (EARLY + EVER_OTHER, [FILL], EARLY, True),
        (EARLY + EVER_OTHER - timedelta(seconds=1), [FILL], EARLY, False),
    ],
)
def test_what_stands_against_it_must_stay_the_same_for_a_while(
    now: datetime, standing: list[str], since: datetime, *, is_left: bool
) -> None:
    before = reads(*[EARLY] * CLEAN_READS_NEEDED, doubts=[BALANCE])
    looked = replace(DOUBTED, exchange_now=now, reads=before + reads(since, doubts=standing))

    assert is_unresolved(looked) is is_left


def test_what_went_and_came_again_counts_from_when_it_came_again() -> None:
    gone = (*reads(EARLY, EARLY, doubts=[HOLD]), *reads(EARLY, doubts=[FILL]))
    again = reads(LATE - timedelta(minutes=1), doubts=[HOLD])

    assert not is_unresolved(replace(DOUBTED, reads=gone + again))


def test_each_thing_that_stands_against_it_is_told_by_itself() -> None:
    looked = replace(DOUBTED, stream_explained=False, stray_fills=(FILL, "O2"))

    assert doubts(looked) == {HOLD, FILL, "O2", UNHEARD}
    assert doubts(PROVEN) == frozenset()
