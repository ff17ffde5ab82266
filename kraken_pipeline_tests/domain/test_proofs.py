"""What a strategy lacks before it may touch money, and what counts as shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.lifecycle import SPENDING, Stage
from kraken_pipeline.domain.proofs import (
    NEEDED,
    Proof,
    Shown,
    Subject,
    lacking,
    maker_of,
    newest,
    parameters_hash,
)
from kraken_pipeline_tests.builders import NOW

HOURLY = Subject(
    strategy_id="mine", type="trend_core", version="1", parameters="abc", timeframe="1h"
)
DAILY = replace(HOURLY, timeframe="1d")


def shown(proof: Proof = Proof.LOOK_AHEAD, of: Subject = HOURLY, *, holds: bool = True) -> Shown:
    return Shown(proof=proof, of=of, at=NOW, holds=holds, said=(), report={})


WHOLE = [shown(proof, of) for proof in Proof for of in (HOURLY, DAILY)]


def test_every_stage_that_spends_needs_every_proof() -> None:
    assert NEEDED.keys() == SPENDING
    assert all(set(of) == set(Proof) for of in NEEDED.values())


@pytest.mark.parametrize("stage", sorted(SPENDING))
def test_with_everything_shown_nothing_lacks(stage: Stage) -> None:
    assert lacking(stage, [HOURLY, DAILY], WHOLE) == ()


@given(st.sets(st.sampled_from(range(len(WHOLE)))))
def test_what_is_not_shown_is_what_lacks(there: set[int]) -> None:
    found = lacking(Stage.LIVE, [HOURLY, DAILY], [WHOLE[each] for each in sorted(there)])

    assert len(found) == len(WHOLE) - len(there)


@pytest.mark.parametrize("field", ["strategy_id", "type", "version", "parameters", "timeframe"])
def test_a_proof_of_something_else_is_none(field: str) -> None:
    other = replace(HOURLY, **{field: "another"})

    assert newest([shown(of=other)], Proof.LOOK_AHEAD, HOURLY) is None
    assert lacking(Stage.CANARY, [HOURLY], [shown(proof, other) for proof in Proof])


def test_a_failure_takes_an_earlier_proof_away_and_a_proof_an_earlier_failure() -> None:
    later = timedelta(hours=1)
    failed = replace(shown(holds=False), at=NOW + later)
    mended = replace(shown(), at=NOW + 2 * later)

    assert f"{Proof.LOOK_AHEAD} 1h" in lacking(Stage.LIVE, [HOURLY], [shown(), failed])
    assert f"{Proof.LOOK_AHEAD} 1h" not in lacking(Stage.LIVE, [HOURLY], [failed, mended])


def test_parameters_are_the_same_in_whichever_order_and_others_are_others() -> None:
    one = parameters_hash({"fast": 5, "pairs": ("a", "b")})

    assert one == parameters_hash({"pairs": ("a", "b"), "fast": 5})
    assert one == parameters_hash({"pairs": ["a", "b"], "fast": 5})
    assert one != parameters_hash({"fast": 5.0, "pairs": ("a", "b")})
    assert one != parameters_hash({"fast": 5, "pairs": ("b", "a")})


def test_names_within_a_parameter_are_the_same_in_whichever_order() -> None:
    one = parameters_hash({"weights": {"XBTUSD": 1.0, "ETHUSD": 2.0}})

    assert one == parameters_hash({"weights": {"ETHUSD": 2.0, "XBTUSD": 1.0}})
    assert one != parameters_hash({"weights": {"XBTUSD": 2.0, "ETHUSD": 1.0}})


def test_each_proof_names_the_command_that_makes_it() -> None:
    assert maker_of(Proof.LOOK_AHEAD, "mine") == "kraken-pipeline strategy prove mine --look-ahead"


@pytest.mark.parametrize(
    ("then", "now", "is_other"),
    [("a", "a", False), ("a", "b", True), ("", "b", False), ("a", "", False)],
)
def test_a_proof_of_other_code_is_known_where_both_are(
    then: str, now: str, *, is_other: bool
) -> None:
    assert replace(shown(), code=then).is_of_other_code(now) is is_other
