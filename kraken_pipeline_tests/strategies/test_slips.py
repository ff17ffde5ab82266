"""What no answer of a strategy may be."""

from collections.abc import Mapping
from math import inf, nan
from typing import Any

import pytest

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.strategies.base import Wish, Wishes
from kraken_pipeline.strategies.slips import LARGEST_STATE, MOST, slip_in_all, slip_of

WISH: Mapping[str, Any] = {
    "pair": "XBTUSD",
    "action": Action.ENTER,
    "confidence": 1.0,
    "stop_distance": 0.02,
    "reason": "",
}


def answer(**given: Any) -> Wishes:  # noqa: ANN401 - of any kind, as a strategy may say anything
    return Wishes(**{"wishes": (), "no_signals": {}, **given})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"buy": "XBTUSD"}, "it answers with dict, not with Wishes"),
        (None, "it answers with NoneType, not with Wishes"),
        (answer(wishes=("XBTUSD",)), "among its wishes is a str, which is no Wish"),
        (answer(wishes=(Wish(**WISH),) * (MOST + 1)), "501 wishes at once, at most 500 may be"),
        (answer(state=["a"]), "its state is list, not a mapping of text to text"),
        (answer(state={"a": {1}}), "its state has a set: write text, as it is saved as text"),
        (answer(state={1: "a"}), "its state has a int: write text, as it is saved as text"),
        (
            answer(state={"a": "x" * LARGEST_STATE}),
            "its state has 1000001 characters, at most 1000000 may be",
        ),
    ],
    ids=lambda each: each[:20] if isinstance(each, str) else "",
)
def test_an_answer_that_is_none_says_why(said: object, words: str) -> None:
    assert slip_in_all(said) == words


def test_an_answer_with_as_much_as_there_may_be_is_one() -> None:
    assert slip_in_all(answer(wishes=(Wish(**WISH),) * MOST, state={"": "x" * LARGEST_STATE})) == ""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pair": "NOPEUSD"}, "NOPEUSD is none of the pairs"),
        ({"confidence": nan}, "confidence=nan is not within 0..1"),
        ({"confidence": -1.0}, "confidence=-1.0 is not within 0..1"),
        ({"stop_distance": nan}, "stop_distance=nan is not above 0"),
        ({"stop_distance": inf}, "stop_distance=inf is not above 0"),
        ({"stop_distance": -0.5}, "stop_distance=-0.5 is not above 0"),
        ({"action": Action.REDUCE}, "a reduction needs an aim"),
    ],
    ids=str,
)
def test_a_wish_that_makes_no_sense_says_why(changed: Mapping[str, Any], words: str) -> None:
    assert words in slip_of(Wish(**{**WISH, **changed}), frozenset({"XBTUSD"}))
    assert slip_of(Wish(**WISH), frozenset({"XBTUSD"})) == ""
