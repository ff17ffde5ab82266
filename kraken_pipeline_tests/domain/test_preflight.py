from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.clock import OffsetEstimate
from kraken_pipeline.domain.keys import USEFUL, KeyInfo, Role
from kraken_pipeline.domain.preflight import (
    ADVICE,
    LASTS,
    RULES,
    Cleared,
    Grounded,
    LiveCase,
    preflight,
)
from kraken_pipeline_tests.domain.test_keys import NOW, info


def off_by(milliseconds: int) -> OffsetEstimate:
    most = timedelta(milliseconds=milliseconds)
    return OffsetEstimate(least=-most / 2, most=most, measured_at=NOW)


GOOD: dict[Role, KeyInfo] = {
    role: replace(info(*USEFUL[role]), ip_allowlist=("192.0.2.1",)) for role in Role
}
READY = LiveCase(
    now=NOW,
    config_hash="h",
    closed_gates=(),
    strategies=("trend_core",),
    allowlist=frozenset({"trend_core"}),
    barred=(),
    keys=GOOD,
    key_ids={role: f"id of {role}" for role in Role},
    system_status="online",
    clock_offset=off_by(milliseconds=120),
    max_skew=timedelta(milliseconds=500),
    used_by="",
)


def with_key(role: Role, **changes: object) -> LiveCase:
    return replace(READY, keys={**GOOD, role: replace(GOOD[role], **changes)})  # type: ignore[arg-type]  # the names of fields are given by each test


def codes(case: LiveCase) -> list[str]:
    said = preflight(case)
    return [each.code for each in said.objections] if isinstance(said, Grounded) else []


def test_what_is_ready_is_cleared_without_a_warning() -> None:
    said = preflight(READY)

    assert isinstance(said, Cleared)
    assert said.warnings == ()


REFUSED = {
    "a gate is closed": (replace(READY, closed_gates=("mode is paper",)), "GATE_CLOSED"),
    "a strategy is not allowed": (
        replace(READY, strategies=("trend_core", "other")),
        "STRATEGY_NOT_ALLOWED",
    ),
    "a role has no key": (
        replace(READY, keys={Role.READER: GOOD[Role.READER], Role.GUARD: GOOD[Role.GUARD]}),
        "KEY_MISSING",
    ),
    "the system is under maintenance": (
        replace(READY, system_status="maintenance"),
        "EXCHANGE_NOT_ONLINE",
    ),
    "only cancels are taken": (replace(READY, system_status="cancel_only"), "EXCHANGE_NOT_ONLINE"),
    "the clock is off": (replace(READY, clock_offset=off_by(milliseconds=501)), "CLOCK_SKEW"),
    "nobody knows how far the clock is off": (replace(READY, clock_offset=None), "CLOCK_SKEW"),
    "another instance has the key": (replace(READY, used_by="another instance"), "KEY_SHARED"),
    **{
        f"{role} can {each}": (
            with_key(role, permissions=USEFUL[role] | {each}),
            "KEY_CAN_WITHDRAW",
        )
        for role in Role
        for each in ("withdraw-funds", "add-withdraw-address", "update-withdraw-address")
    },
    "the trader cannot get a token": (
        with_key(Role.TRADER, permissions=USEFUL[Role.TRADER] - {"create-ws-token"}),
        "KEY_LACKS_PERMISSION",
    ),
    "a key ends this week": (
        with_key(Role.GUARD, valid_until=NOW + timedelta(days=6)),
        "KEY_EXPIRES",
    ),
    "the reader does not see all": (with_key(Role.READER, query_to=NOW), "KEY_HIDES_HISTORY"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_each_thing_that_is_wrong_refuses_by_its_code(why: str) -> None:
    case, code = REFUSED[why]

    assert codes(case) == [code]


def test_every_rule_has_a_case_that_it_refuses() -> None:
    assert len({code for _, code in REFUSED.values()}) == len(RULES)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (replace(READY, key_ids=dict.fromkeys(Role, "one")), "KEY_FOR_SEVERAL_ROLES"),
        (with_key(Role.TRADER, ip_allowlist=()), "KEY_WORKS_ANYWHERE"),
        (with_key(Role.TRADER, ip_allowlist=None), "KEY_WORKS_ANYWHERE"),
        (
            with_key(Role.GUARD, permissions=USEFUL[Role.GUARD] | {"modify-trades"}),
            "KEY_CAN_DO_MORE",
        ),
        (replace(READY, barred=("trend_core opens nothing: stage=paper",)), "LIFECYCLE"),
    ],
)
def test_what_is_only_unwise_is_said_and_cleared(case: LiveCase, code: str) -> None:
    said = preflight(case)

    assert isinstance(said, Cleared)
    assert [each.code for each in said.warnings] == [code]
    assert len(ADVICE) == 4


def test_one_key_for_all_roles_may_do_what_any_of_them_needs() -> None:
    whole = replace(GOOD[Role.READER], permissions=frozenset().union(*USEFUL.values()))
    said = preflight(
        replace(READY, keys=dict.fromkeys(Role, whole), key_ids=dict.fromkeys(Role, "one"))
    )

    assert [each.code for each in said.warnings] == ["KEY_FOR_SEVERAL_ROLES"]


def test_a_clearance_covers_its_own_keys_for_a_day() -> None:
    said = preflight(READY)
    assert isinstance(said, Cleared)

    assert said.covers(Role.TRADER, "id of trader", NOW + LASTS - timedelta(seconds=1))
    assert not said.covers(Role.TRADER, "id of trader", NOW + LASTS)
    assert not said.covers(Role.TRADER, "id of trader", NOW - timedelta(seconds=1))
    assert not said.covers(Role.TRADER, "id of reader", NOW)
