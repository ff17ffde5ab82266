"""Quarantine: so many faults in a row, and what counts as one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.intents import Outcome
from kraken_pipeline.domain.quarantines import due, fault_of
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.store.builders import decision

FAULT = "STRATEGY_FAULT: out of time"


@pytest.mark.parametrize(
    ("outcome", "reason", "no_signals", "fault"),
    [
        (Outcome.SKIPPED, FAULT, {}, FAULT),
        (Outcome.SKIPPED, "DATA_STALE_EVENT: no 1h bar", {}, ""),
        (Outcome.SKIPPED, "QUARANTINED: since", {}, ""),
        (Outcome.SIGNAL, "1 of 2", {"A": "flat", "B": "BAD_INTENT: nan"}, "BAD_INTENT: nan"),
        (Outcome.NO_SIGNAL, "0 of 2", {"A": "flat"}, ""),
    ],
)
def test_a_fault_is_what_the_strategy_itself_did_wrong(
    outcome: Outcome, reason: str, no_signals: dict[str, str], fault: str
) -> None:
    made = replace(decision(), outcome=outcome, reason=reason, no_signals=no_signals)

    assert fault_of(made) == fault


@given(faults=st.lists(st.sampled_from(["", FAULT]), max_size=6), most=st.integers(1, 4))
def test_only_faults_in_a_row_up_to_now_begin_a_quarantine(faults: list[str], most: int) -> None:
    found = due("trend", faults, most=most, at=NOW)

    in_a_row = next((at for at, each in enumerate(faults) if not each), len(faults))
    assert (found is not None) is (in_a_row >= most)


def test_a_quarantine_says_why_and_what_ends_it() -> None:
    found = due("trend", [FAULT] * 3, most=3, at=NOW)

    assert str(found) == (
        "trend since 2026-11-02 12:00: 3 faults in a row, the last STRATEGY_FAULT: out of time; "
        "`kraken-pipeline strategy release trend --reason ...` lets it decide"
    )
