import socket
import ssl

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
    ExchangeError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.kraken.failures import (
    MEANINGS,
    Call,
    garbled,
    lost,
    may_have_arrived,
    meaning_of,
    refusal,
    wrong_status,
)

DEFINITE = [
    ("EOrder:Insufficient funds", OrderRefusedError),
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
    ("EGeneral:Temporary lockout", AuthError),
    ("EGeneral:Unknown method", OrderRefusedError),
    ("EQuery:Unknown asset pair", OrderRefusedError),
    ("EAPI:Invalid key", AuthError),
    ("EAPI:Invalid signature", AuthError),
    ("EAPI:Invalid nonce", UnreachableError),
    ("EAPI:Rate limit exceeded", RateLimitedError),
    ("EAPI:Bad request", OrderRefusedError),
    ("EAccount:Invalid permissions:USDT trading restricted for AT.", OrderRefusedError),
    ("EService:Market in cancel_only mode", OrderRefusedError),
    ("EService:Market in post_only mode", OrderRefusedError),
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


def test_a_longer_beginning_stands_before_a_shorter_one() -> None:
    starts = [start for start, _ in MEANINGS]

    assert not [
        (a, b) for index, a in enumerate(starts) for b in starts[index + 1 :] if b.startswith(a)
    ]


@given(said=st.lists(st.text(max_size=30), min_size=1, max_size=3), call=st.sampled_from(Call))
def test_whatever_is_said_becomes_an_error_of_ours(said: list[str], call: Call) -> None:
    error = refusal(said, call=call, method="X")

    assert isinstance(error, ExchangeError)
    known = {meaning_of(each) for each in said} != {meaning_of("unheard of")}
    assert known or isinstance(error, OutcomeUnknownError | UnreachableError)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 502, 503, 504, 520, 524, 525, 302, 201])
def test_a_status_that_is_not_krakens_own_leaves_a_write_unknown(status: int) -> None:
    error = wrong_status(status, b"<html>", call=Call.WRITE, method="AddOrder")

    assert type(error) is OutcomeUnknownError
    assert str(status) in str(error)


def test_too_many_requests_slow_a_read_down() -> None:
    assert type(wrong_status(429, b"", call=Call.READ, method="OHLC")) is RateLimitedError
    assert type(wrong_status(502, b"", call=Call.READ, method="OHLC")) is UnreachableError


def test_a_page_that_is_no_json_leaves_a_write_unknown() -> None:
    assert type(garbled(b"<html>", call=Call.WRITE, method="AddOrder")) is OutcomeUnknownError


def test_a_message_repeats_only_the_beginning_of_a_long_page() -> None:
    assert len(str(garbled(b"x" * 10_000, call=Call.READ, method="OHLC"))) < 500


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
