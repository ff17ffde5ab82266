import socket
import ssl
from datetime import UTC, datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from kraken_pipeline.domain.errors import (
    AuthError,
    BlockedError,
    ExchangeError,
    FundsRefusedError,
    LockedOutError,
    ModeRefusedError,
    NonceRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.kraken.failures import (
    ERRORS,
    Call,
    lost,
    may_have_arrived,
    no_json,
    refusal,
    strange_status,
)
from kraken_pipeline.kraken.kinds import Kind, kind_of

DEFINITE = [
    ("EOrder:Insufficient funds", FundsRefusedError),
    ("EOrder:Order minimum not met", OrderRefusedError),
    ("EOrder:Post only order", OrderRefusedError),
    (
        "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
        OrderRefusedError,
    ),
    ("EOrder:Unknown order", OrderRefusedError),
    ("EOrder:Something new", OrderRefusedError),
    ("EOrder:Rate limit exceeded", RateLimitedError),
    ("EOrder:Domain rate limit exceeded", RateLimitedError),
    ("EOrder:Orders limit exceeded", OrderRefusedError),
    ("EGeneral:Invalid arguments", OrderRefusedError),
    ("EGeneral:Invalid arguments:volume minimum not met", OrderRefusedError),
    ("EGeneral:Invalid arguments:cl_ord_id", OrderRefusedError),
    ("EGeneral:Permission denied", AuthError),
    ("EGeneral:Temporary lockout", LockedOutError),
    ("EGeneral:Unknown method", OrderRefusedError),
    ("EQuery:Unknown asset pair", OrderRefusedError),
    ("EAPI:Invalid key", AuthError),
    ("EAPI:Invalid signature", AuthError),
    ("EAPI:Invalid nonce", NonceRefusedError),
    ("EAPI:Rate limit exceeded", RateLimitedError),
    ("EAPI:Bad request", OrderRefusedError),
    ("EAccount:Invalid permissions:USDT trading restricted for AT.", OrderRefusedError),
    ("EService:Market in cancel_only mode", ModeRefusedError),
    ("EService:Market in post_only mode", ModeRefusedError),
    ("EService: Throttled: 1793620800", RateLimitedError),
]
UNCLEAR = [
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EService:Deadline elapsed",
    "EGeneral:Internal error",
    "EGeneral:Internal error:7a",
    "EDatabase:Internal error",
    "EGeneral:Invalid arguments:cl_ord_id not unique",
    "ETrade:Locked",
    "ENew:never heard",
    "",
    "no prefix at all",
]


@pytest.mark.parametrize(("said", "error"), DEFINITE)
def test_a_definite_answer_to_an_order_says_that_it_does_not_exist(
    said: str, error: type[ExchangeError]
) -> None:
    assert type(refusal([said], call=Call.WRITE, method="AddOrder")) is error


@pytest.mark.parametrize("said", UNCLEAR)
def test_an_answer_that_is_not_definite_leaves_an_orders_fate_unknown(said: str) -> None:
    assert type(refusal([said], call=Call.WRITE, method="AddOrder")) is OutcomeUnknownError


@pytest.mark.parametrize("said", UNCLEAR)
@pytest.mark.parametrize("call", [Call.READ, Call.REHEARSAL])
def test_what_changes_nothing_may_be_asked_again_when_the_answer_is_unclear(
    said: str, call: Call
) -> None:
    assert type(refusal([said], call=call, method="OpenOrders")) is UnreachableError


def test_a_question_that_is_refused_is_not_to_be_asked_again() -> None:
    error = refusal(["EQuery:Unknown asset pair"], call=Call.READ, method="OHLC")

    assert type(error) is UnexpectedReplyError
    assert "EQuery:Unknown asset pair" in str(error)


def test_of_several_errors_the_unclear_one_counts() -> None:
    said = ["EOrder:Insufficient funds", "EService:Busy"]

    assert type(refusal(said, call=Call.WRITE, method="AddOrder")) is OutcomeUnknownError


@given(said=st.lists(st.text(max_size=30), min_size=1, max_size=3), call=st.sampled_from(Call))
def test_whatever_is_said_becomes_an_error_of_ours(said: list[str], call: Call) -> None:
    error = refusal(said, call=call, method="X")

    assert isinstance(error, ExchangeError)
    known = {kind_of(each) for each in said} != {Kind.UNKNOWN}
    assert known or isinstance(error, OutcomeUnknownError | UnreachableError)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 502, 503, 504, 520, 524, 525, 302, 201])
def test_a_status_that_is_not_krakens_own_leaves_a_write_unknown(status: int) -> None:
    error = strange_status(status, b"<html>", call=Call.WRITE).error(
        call=Call.WRITE, method="AddOrder"
    )

    assert type(error) is OutcomeUnknownError
    assert str(status) in str(error)


def test_every_kind_becomes_an_error_of_ours_for_every_call() -> None:
    handled = {*ERRORS, *((Kind.TEMPORARY, call) for call in Call)}

    assert handled == {(kind, call) for kind in Kind for call in Call}


@pytest.mark.parametrize("status", [403, 429])
def test_whoever_the_edge_keeps_out_is_told_to_stay_away_for_long(status: int) -> None:
    captcha = b"<html><title>Attention Required! | Cloudflare</title>"

    failure = strange_status(status, captcha, call=Call.READ)

    assert type(failure.error(call=Call.READ, method="OHLC")) is BlockedError


def test_a_throttling_names_when_to_ask_again() -> None:
    error = refusal(["EService: Throttled: 1793620800"], call=Call.READ, method="Balance")

    assert isinstance(error, RateLimitedError)
    assert error.retry_at == datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("named", ["", " soon", " -5", " 1" + "0" * 30])
def test_a_throttling_that_names_no_instant_still_slows_down(named: str) -> None:
    error = refusal([f"EService: Throttled:{named}"], call=Call.READ, method="Balance")

    assert isinstance(error, RateLimitedError)
    assert error.retry_at is None


def test_another_answer_of_the_network_slows_nothing_down() -> None:
    failure = strange_status(502, b"", call=Call.READ)

    assert type(failure.error(call=Call.READ, method="OHLC")) is UnreachableError


def test_a_page_that_is_no_json_leaves_a_write_unknown() -> None:
    error = no_json(b"<html>").error(call=Call.WRITE, method="AddOrder")

    assert type(error) is OutcomeUnknownError


def test_a_message_repeats_only_the_beginning_of_a_long_page() -> None:
    error = no_json(b"x" * 10_000).error(call=Call.READ, method="OHLC")

    assert len(str(error)) < 500


def connection() -> HTTPConnection:
    return HTTPConnection("kraken.invalid")


def pool() -> HTTPConnectionPool:
    return HTTPConnectionPool("kraken.invalid")


def through_retries(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(pool(), "/0/private/AddOrder", reason))


@pytest.mark.parametrize(
    "failure",
    [
        through_retries(NewConnectionError(connection(), "refused")),
        through_retries(
            NameResolutionError("kraken.invalid", connection(), socket.gaierror("no name"))
        ),
        requests.ConnectTimeout(MaxRetryError(pool(), "/", ConnectTimeoutError(pool(), "late"))),
        requests.exceptions.SSLError(
            MaxRetryError(pool(), "/", SSLError(ssl.SSLCertVerificationError("wrong host")))
        ),
    ],
)
def test_what_failed_before_a_connection_stood_has_not_arrived(failure: Exception) -> None:
    assert not may_have_arrived(failure)
    assert type(lost(failure, call=Call.WRITE, method="AddOrder")) is UnreachableError


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError(ProtocolError("aborted", ConnectionResetError())),
        requests.ReadTimeout(ReadTimeoutError(pool(), "/", "late")),
        requests.exceptions.SSLError(MaxRetryError(pool(), "/", SSLError(ssl.SSLEOFError("cut")))),
        requests.exceptions.ChunkedEncodingError(ProtocolError("half")),
        requests.RequestException(),
        OSError("new to us"),
        ValueError("new to us"),
    ],
)
def test_whatever_else_failed_may_have_arrived(failure: Exception) -> None:
    assert may_have_arrived(failure)
    assert type(lost(failure, call=Call.WRITE, method="AddOrder")) is OutcomeUnknownError
    assert type(lost(failure, call=Call.READ, method="OpenOrders")) is UnreachableError


def test_a_message_says_what_failed_and_never_speaks_of_retries() -> None:
    told = str(
        lost(
            through_retries(NewConnectionError(connection(), "refused")),
            call=Call.READ,
            method="Time",
        )
    )

    assert "refused" in told
    assert "retries" not in told
