"""How faults are told, and what is refused."""

from collections.abc import Mapping

import pytest

from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.faults.rules import FaultError, Rule, rule_of, seed_of


def test_every_kind_has_its_traits() -> None:
    assert set(TRAITS) == set(Kind)


def test_what_is_left_out_is_the_kinds_own() -> None:
    assert rule_of({"kind": "late_reply"}) == Rule(kind=Kind.LATE_REPLY, effect=True, seconds=5)
    assert rule_of({"kind": "http_error", "status": 520}).status == 520


@pytest.mark.parametrize(
    ("kind", "effect"),
    [("lost_reply", True), ("cut_before_ack", True), ("lost_request", False), ("busy", False)],
)
def test_a_rule_that_is_listed_says_whether_there_was_an_effect(
    kind: str,
    effect: bool,  # noqa: FBT001 what is listed
) -> None:
    listed = rule_of({"kind": kind}).script()

    assert listed["effect"] is effect


@pytest.mark.parametrize(("effect", "point"), [(False, Point.REQUEST), (True, Point.REPLY)])
def test_a_kind_with_two_forms_strikes_before_or_after_the_effect(
    effect: bool,  # noqa: FBT001 one of two forms
    point: Point,
) -> None:
    assert rule_of({"kind": "unavailable", "effect": effect}).point is point


@pytest.mark.parametrize("kind", Kind)
def test_a_rule_says_of_itself_what_it_was_told(kind: Kind) -> None:
    rule = rule_of({"kind": kind.value, "times": None, "after": 3})

    assert rule_of(rule.script()) == rule


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "there is no fault None; give one of late_request"),
        ({"kind": "earthquake"}, "there is no fault 'earthquake'"),
        ({"kind": "reset", "often": 2}, "there is no field 'often'"),
        ({"kind": "reset", "times": 0}, "times is 0"),
        ({"kind": "reset", "times": True}, "times is True"),
        ({"kind": "reset", "after": -1}, "after is -1"),
        ({"kind": "reset", "effect": "yes"}, "effect is 'yes'"),
        ({"kind": "lost_request", "effect": True}, "never has an effect"),
        ({"kind": "late_reply", "seconds": "long"}, "seconds is 'long'"),
        ({"kind": "late_reply", "seconds": 1e9}, "seconds is 1000000000.0"),
        ({"kind": "http_error", "status": 200}, "status is 200"),
        ({"kind": "reset", "status": 502}, "status is 502"),
        ({"kind": "bad_checksum", "channel": "ticker"}, "can't strike 'ticker'; give book"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_remedy(told: Mapping[str, object], said: str) -> None:
    with pytest.raises(FaultError) as refusal:
        rule_of(told)

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"seed": 1}, "give rates"),
        ({"seed": -1, "rates": {"reset": 0.1}}, "seed is -1"),
        ({"seed": 1, "rates": {"reset": 2}}, "the rate of reset is 2"),
        ({"seed": 1, "rates": {"reset": "nan"}}, "the rate of reset is 'nan'"),
        ({"seed": 1, "rates": {"nope": 0.1}}, "there is no fault 'nope'"),
        ({"seed": 1, "rates": {"reset": 1}, "methods": "AddOrder"}, "methods is 'AddOrder'"),
    ],
)
def test_wrong_rates_are_refused_with_their_remedy(told: Mapping[str, object], said: str) -> None:
    with pytest.raises(FaultError) as refusal:
        seed_of(told)

    assert said in str(refusal.value)
