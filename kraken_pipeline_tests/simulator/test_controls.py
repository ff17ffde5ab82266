"""Controls that no other test turns."""

import pytest

from kraken_pipeline_tests.simulator.conftest import Client


def test_the_exchange_and_its_pairs_are_given_a_status(client: Client) -> None:
    client.control("status", pair="XBTUSD", status="post_only")
    answer = client.control("status", system="cancel_only")
    seen = client.session.get(f"{client.url}/_sim/status", timeout=5).json()

    assert answer == seen == {"system": "cancel_only", "pairs": {"XXBTZUSD": "post_only"}}
    assert client.public("SystemStatus")["result"]["status"] == "cancel_only"
    assert client.order()["error"] == ["EService:Market in cancel_only mode"]
    client.control("status", system="online")
    assert client.control("status", pair="XBTUSD") == {"system": "online", "pairs": {}}
    assert client.order()["error"] == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "give one of"),
        ({"system": "asleep"}, "give one of"),
        ({"pair": "NOPE", "status": "online"}, "there is no pair 'NOPE'"),
        ({"pair": "XBTUSD", "status": "asleep"}, "give one of"),
    ],
)
def test_a_status_that_is_none_is_refused(
    client: Client, told: dict[str, object], said: str
) -> None:
    assert said in client.control("status", **told)["error"]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("restart", {}),
        ("restart", {"seconds": "soon"}),
        ("restart", {"seconds": 1e9}),
        ("clock", {"skew_seconds": "much"}),
        ("latency", {"method": "Balance", "seconds": "1e999"}),
    ],
)
def test_seconds_that_are_none_are_refused(
    client: Client, what: str, told: dict[str, object]
) -> None:
    assert "a number from" in client.control(what, **told)["error"]


def test_what_is_no_object_is_refused(client: Client) -> None:
    reply = client.session.post(f"{client.url}/_sim/faults", data="[1]", timeout=5)

    assert (reply.status_code, reply.json()) == (400, {"error": "EGeneral:Invalid arguments"})
