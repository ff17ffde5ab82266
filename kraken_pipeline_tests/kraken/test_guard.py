from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import (
    AuthError,
    InvalidValueError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline_tests.kraken.lines import line_to
from kraken_pipeline_tests.kraken.samples import ORDER
from kraken_pipeline_tests.kraken.scripted import always, closes, ok, refuses, scripted


def test_one_call_cancels_all_and_says_how_many() -> None:
    with scripted(always(ok({"count": 4}))) as server:
        assert Guard(line_to(server.url)).cancel_all() == 4
        assert [each.path for each in server.heard] == ["/0/private/CancelAll"]


def test_open_orders_are_named_and_described() -> None:
    with scripted(always(ok({"open": {"O1": {**ORDER, "opentm": 5}}}))) as server:
        assert Guard(line_to(server.url)).open_orders() == {
            "O1": "buy 0.00200000 XBTUSD @ limit 50000.1"
        }


def test_a_cancel_whose_answer_is_lost_is_not_taken_for_done() -> None:
    with scripted(always(closes)) as server, pytest.raises(OutcomeUnknownError):
        Guard(line_to(server.url)).cancel_all()


def test_a_key_that_may_not_list_is_told_apart_from_an_empty_list() -> None:
    with (
        scripted(always(refuses("EGeneral:Permission denied"))) as server,
        pytest.raises(AuthError),
    ):
        Guard(line_to(server.url)).open_orders()


def test_a_list_that_is_none_is_not_taken_for_empty() -> None:
    with scripted(always(ok({}))) as server, pytest.raises(UnexpectedReplyError, match="open"):
        Guard(line_to(server.url)).open_orders()


def test_the_switch_says_when_it_fires_by_the_exchanges_clock() -> None:
    told = {"currentTime": "2026-11-02T12:00:00Z", "triggerTime": "2026-11-02T12:01:00Z"}
    with scripted(always(ok(told))) as server:
        switch = Guard(line_to(server.url)).cancel_all_after(60)

        assert switch.told_at == datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
        assert switch.fires_at == datetime(2026, 11, 2, 12, 1, tzinfo=UTC)
        assert [each.form["timeout"] for each in server.heard] == ["60"]


def test_a_switch_that_is_off_fires_never() -> None:
    told = {"currentTime": "2026-11-02T12:00:00Z", "triggerTime": "0"}
    with scripted(always(ok(told))) as server:
        assert Guard(line_to(server.url)).cancel_all_after(0).fires_at is None


@pytest.mark.parametrize("seconds", [-1, 86_400])
def test_a_switch_that_kraken_would_not_take_is_not_sent(seconds: int) -> None:
    with scripted(always(ok({}))) as server:
        with pytest.raises(InvalidValueError, match=str(seconds)):
            Guard(line_to(server.url)).cancel_all_after(seconds)

        assert server.heard == []
