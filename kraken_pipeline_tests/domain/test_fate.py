"""An order of unknown fate is absent only when every proof is there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.fate import (
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


@pytest.mark.parametrize(
    ("found", "is_left"),
    [
        ({"exchange_now": LATE}, False),
        ({"exchange_now": LATE, "clean_reads": 2, "holds_explained": False}, False),
        ({"exchange_now": LATE, "holds_explained": False}, True),
        ({"exchange_now": LATE, "looked_since": LATE, "holds_explained": False}, False),
        ({"exchange_now": LATE - timedelta(seconds=1), "holds_explained": False}, False),
    ],
)
def test_a_person_must_look_once_a_proof_is_missing_for_a_quarter_of_an_hour(
    found: dict[str, object], *, is_left: bool
) -> None:
    looked = replace(PROVEN, **found)  # type: ignore[arg-type]  # see the rows

    assert is_unresolved(looked) is is_left
