"""An order of unknown fate is absent only when every proof is there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.fate import (
    CLEAN_READS_NEEDED,
    DOUBTFUL_LOOKS,
    LONGEST_LAG,
    PROOFS,
    UNRESOLVED_AFTER,
    Search,
    is_unresolved,
    missing_proofs,
)
from kraken_pipeline_tests.builders import NOW

PROVEN = Search(
    exchange_now=NOW + timedelta(seconds=36),
    deadline=NOW + timedelta(seconds=5),
    settle=timedelta(seconds=30),
    looked_since=NOW + timedelta(seconds=36),
    clean_reads=3,
    enough_since=NOW + timedelta(seconds=36),
    stream_explained=True,
    unexplained_fills=0,
    holds_explained=True,
    balances_explained=True,
)


def test_with_every_proof_nothing_stands_against_absence() -> None:
    assert missing_proofs(PROVEN) == ()


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"exchange_now": NOW + timedelta(seconds=35)}, "TOO_EARLY"),
        ({"clean_reads": 2}, "FEW_READS"),
        ({"unexplained_fills": 1}, "STRAY_FILLS"),
        ({"holds_explained": False}, "STRAY_HOLD"),
        ({"balances_explained": False}, "STRAY_BALANCE"),
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
        clean_reads=0,
        stream_explained=False,
        unexplained_fills=2,
        holds_explained=False,
        balances_explained=False,
    )

    assert len(missing_proofs(nothing)) == len(PROOFS)


LATE = PROVEN.deadline + UNRESOLVED_AFTER
LOOKED = CLEAN_READS_NEEDED + DOUBTFUL_LOOKS - 1
"""Reads of a search in which enough looks found something against the proof."""
DOUBTED = replace(PROVEN, exchange_now=LATE, clean_reads=LOOKED, holds_explained=False)


@pytest.mark.parametrize(
    ("found", "is_left"),
    [
        ({}, True),
        ({"holds_explained": True}, False),
        ({"clean_reads": 2, "enough_since": None}, False),
        ({"looked_since": LATE}, False),
        ({"exchange_now": LATE - timedelta(seconds=1)}, False),
    ],
)
def test_a_person_must_look_once_a_proof_is_missing_for_a_quarter_of_an_hour(
    found: dict[str, object], *, is_left: bool
) -> None:
    looked = replace(DOUBTED, **found)  # type: ignore[arg-type]  # see the rows

    assert is_unresolved(looked) is is_left


def test_a_part_that_is_read_late_has_time_to_come() -> None:
    soon = replace(DOUBTED, enough_since=LATE - LONGEST_LAG + timedelta(seconds=1))
    once = replace(DOUBTED, clean_reads=LOOKED - 1)

    assert not is_unresolved(soon)
    assert not is_unresolved(once)
