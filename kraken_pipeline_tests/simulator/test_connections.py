"""A server that goes down and comes back."""

import time

import pytest
import requests

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client


def until_it_answers(url: str) -> float:
    """Return how long it took, seconds."""
    begun = time.monotonic()
    while time.monotonic() < begun + 5:
        try:
            requests.get(f"{url}/_sim/health", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.01)
        else:
            return time.monotonic() - begun
    raise TimeoutError


def test_a_restart_refuses_connections_and_remembers_orders(client: Client) -> None:
    order = client.placed()
    client.control("restart", seconds=0.3)
    time.sleep(0.05)

    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(f"{client.url}/0/public/Time", timeout=1)

    assert until_it_answers(client.url) > 0.1
    assert list(client.did("OpenOrders")["open"]) == [order]


def test_a_restart_forgets_tokens(client: Client, served: Served) -> None:
    token = client.did("GetWebSocketsToken")["token"]
    served.service.restart(0)
    until_it_answers(client.url)

    assert served.service.tokens.owner(token, served.exchange.clock.now()) is None


def test_an_order_outlives_a_restart_that_swallowed_its_reply(client: Client) -> None:
    client.control("faults", kind="restart", method="AddOrder", seconds=0.1, effect=True)

    with pytest.raises(requests.ConnectionError):
        client.order()
    until_it_answers(client.url)

    assert len(client.did("OpenOrders")["open"]) == 1


def test_it_can_go_down_again_and_be_stopped_while_it_is_down(client: Client) -> None:
    for _ in range(2):
        client.control("restart", seconds=0.01)
        time.sleep(0.02)
        until_it_answers(client.url)

    client.control("restart", seconds=600)
    time.sleep(0.05)

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{client.url}/0/public/Time", timeout=1)
