"""The guards that stand around every other test."""

import socket
from decimal import Decimal, FloatOperation
from threading import Thread

import pytest

from kraken_pipeline_tests.conftest import NetworkForbiddenError


@pytest.mark.parametrize("host", ["192.0.2.1", "198.51.100.7", "example.invalid"])
def test_a_connection_past_this_machine_is_refused(host: str) -> None:
    with socket.socket() as outward, pytest.raises(NetworkForbiddenError, match=host):
        outward.connect((host, 443))


def test_a_connection_that_reports_its_error_is_refused_too() -> None:
    with socket.socket() as outward, pytest.raises(NetworkForbiddenError):
        outward.connect_ex(("192.0.2.1", 443))


def test_a_connection_within_this_machine_is_let_through() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            met = client.getpeername()

        assert met == server.getsockname()


def test_a_float_that_meets_a_decimal_raises_in_every_thread() -> None:
    caught: list[type[BaseException]] = []

    def meet() -> None:
        try:
            Decimal(0.1)  # noqa: RUF032 - the very mistake that must be caught
        except FloatOperation as error:
            caught.append(type(error))

    meet()
    thread = Thread(target=meet)
    thread.start()
    thread.join()

    assert caught == [FloatOperation, FloatOperation]
