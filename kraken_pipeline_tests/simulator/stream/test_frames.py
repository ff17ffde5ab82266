"""How numbers, times and envelopes are written."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.stream import frames

AT = datetime(2024, 5, 17, 11, 21, 16, 318303, tzinfo=UTC)


@given(units=st.integers(-(10**18), 10**18), decimals=st.integers(0, 12))
def test_a_number_keeps_all_its_decimals(units: int, decimals: int) -> None:
    text = frames.fixed(units, decimals)

    assert Decimal(text) == Decimal(units).scaleb(-decimals)
    assert len(text.partition(".")[2]) == decimals


def test_times_have_six_decimals_or_nine() -> None:
    assert frames.micros(AT) == '"2024-05-17T11:21:16.318303Z"'
    assert frames.nanos(AT) == '"2024-05-17T11:21:16.318303000Z"'
    assert frames.micros(AT.replace(microsecond=0)) == '"2024-05-17T11:21:16.000000Z"'


@pytest.mark.parametrize("req_id", [None, 0, 7])
def test_an_answer_echoes_the_number_it_was_asked_with(req_id: int | None) -> None:
    answer = json.loads(frames.answer({"method": '"pong"'}, req_id, AT, AT))

    assert answer.get("req_id") == req_id
    assert answer["time_in"] == answer["time_out"] == "2024-05-17T11:21:16.318303Z"


def test_a_status_without_a_connection_has_no_id() -> None:
    [row] = json.loads(frames.status("maintenance", None))["data"]

    assert row == {"api_version": "v2", "system": "maintenance", "version": frames.VERSION}
