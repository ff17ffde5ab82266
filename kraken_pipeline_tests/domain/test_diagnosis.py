from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.diagnosis import diagnose
from kraken_pipeline.domain.keys import USEFUL, KeyInfo, Role
from kraken_pipeline_tests.domain.test_keys import NOW, info

ALL = frozenset(Role)
WHOLE = replace(info(*frozenset().union(*USEFUL.values())), ip_allowlist=("192.0.2.1",))


@pytest.mark.parametrize("role", Role)
def test_a_key_that_is_right_is_said_to_be(role: Role) -> None:
    right = replace(WHOLE, permissions=USEFUL[role])

    said = diagnose(frozenset({role}), right, NOW)

    assert said.sentence == f"the key for {role} has what it needs and nothing more"


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (
            replace(WHOLE, permissions=WHOLE.permissions | {"withdraw-funds"}),
            "it can take money away (withdraw-funds)",
        ),
        (
            replace(WHOLE, permissions=WHOLE.permissions - {"create-ws-token"}),
            "as trader it lacks create-ws-token",
        ),
        (replace(WHOLE, valid_until=NOW), "it ended at 2026-11-01 00:00 UTC"),
        (replace(WHOLE, valid_until=NOW + timedelta(days=1)), "it ends at 2026-11-02 00:00 UTC"),
        (replace(WHOLE, query_from=NOW), "its query window hides history"),
    ],
)
def test_each_fault_is_named_in_one_sentence(found: KeyInfo, fault: str) -> None:
    said = diagnose(ALL, found, NOW)

    assert len(said.faults) == 1
    assert fault in said.sentence
    assert said.sentence.startswith("the key for reader and trader and guard is refused for live")


def test_what_would_be_safer_is_advice_and_refuses_nothing() -> None:
    loose = replace(WHOLE, permissions=WHOLE.permissions | {"add-funds"}, ip_allowlist=())

    said = diagnose(ALL, loose, NOW)

    assert said.faults == ()
    assert said.sentence == (
        "the key for reader and trader and guard works, but it need not be able to add-funds; "
        "it works from any address, so bind it to yours; a key for each role would be safer"
    )


def test_a_query_window_is_no_fault_of_a_key_that_reads_no_history() -> None:
    guard = replace(WHOLE, permissions=USEFUL[Role.GUARD], query_from=NOW)

    assert diagnose(frozenset({Role.GUARD}), guard, NOW).faults == ()
