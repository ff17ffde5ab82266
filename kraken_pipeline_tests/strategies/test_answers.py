"""Every pair is answered exactly once, by the question that is for it."""

import numpy as np

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.strategies.answers import Answer, answered, short_of
from kraken_pipeline.strategies.base import Wish
from kraken_pipeline_tests.strategies.markets import panel, shown, walk

SEEN = shown(
    {"15m": panel("15m", walk(2, 4, seed=1))},
    held=["P1USD", "P3USD"],
    untradable=["P2USD", "P3USD"],
    parameters={},
)


def leave(at: int, pair: str) -> Answer:
    return Wish(pair=pair, action=Action.EXIT, confidence=1.0, stop_distance=0.0, reason=str(at))


def test_what_is_held_is_asked_about_leaving_and_the_rest_about_entering() -> None:
    said = answered(SEEN, of_held=leave, of_free=lambda at, pair: f"column {at}")

    assert [(each.pair, each.reason) for each in said.wishes] == [("P1USD", "1"), ("P3USD", "3")]
    assert said.no_signals == {"P0USD": "column 0", "P2USD": "not tradable"}


def test_what_is_to_be_kept_is_kept() -> None:
    said = answered(SEEN, of_held=leave, of_free=leave, state={"step": "1"})

    assert said.state == {"step": "1"}


def test_of_what_a_pair_is_short_the_first_is_said() -> None:
    bars, hours = np.array([0, 2, 0]), np.array([0, 3, 1])

    said = [short_of(at, ("bars", bars), ("1h bars", hours)) for at in range(3)]

    assert said == ["", "no bars: 2 missing", "no 1h bars: 1 missing"]
