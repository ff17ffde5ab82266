"""Reading what clients ask: exact numbers, and no leniency where Kraken has none."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.stream.requests import Fields, MessageError, read

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10))
def test_a_number_is_read_exactly(value: Decimal) -> None:
    request = read(f'{{"method":"x","params":{{"price":{value:f}}}}}', NOW)

    assert request.params.number("price") == value


@pytest.mark.parametrize("value", ["1", True, None, [1], {}, 1.5])
def test_only_a_json_number_is_a_number(value: object) -> None:
    with pytest.raises(MessageError, match="Limit_price field must be a number_float"):
        Fields({"limit_price": value}).number("limit_price")


@given(st.text())
def test_any_text_is_a_request_or_refused(text: str) -> None:
    with suppress(MessageError):
        assert isinstance(read(text, NOW).method, str)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"method":"x","params":{"a":NaN', "9" * 5000])
def test_what_no_parser_takes_is_malformed(text: str) -> None:
    with pytest.raises(MessageError, match="Malformed request"):
        read(text, NOW)


def test_a_refused_message_keeps_its_number() -> None:
    with pytest.raises(MessageError) as refused:
        read('{"req_id": 5}', NOW)

    assert refused.value.more == {"req_id": "5"}
