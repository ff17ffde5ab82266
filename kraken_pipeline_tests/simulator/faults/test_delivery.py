"""What a caller of REST gets when a fault strikes, and what the exchange did."""

import time

import pytest
import requests

from kraken_pipeline.simulator.faults.delivery import REFUSALS
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import SECRET, Client

FORM = "application/x-www-form-urlencoded"
AMBIGUOUS = (
    Kind.UNAVAILABLE,
    Kind.BUSY,
    Kind.TIMEOUT,
    Kind.INTERNAL_ERROR,
    Kind.DEADLINE_ELAPSED,
)


def fault(client: Client, kind: str, method: str = "AddOrder", **more: object) -> None:
    answer = client.control("faults", kind=kind, method=method, **more)
    assert "error" not in answer


def orders(served: Served) -> int:
    return len(served.exchange.account.open)


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_an_answer_that_leaves_it_open_comes_with_and_without_effect(
    client: Client,
    served: Served,
    kind: Kind,
    effect: bool,  # noqa: FBT001 one of two forms
) -> None:
    fault(client, kind, effect=effect)

    assert client.order() == {"error": [REFUSALS[kind]]}
    assert orders(served) == int(effect)
    assert client.order()["error"] == []


@pytest.mark.parametrize("kind", [Kind.INVALID_NONCE, Kind.RATE_LIMIT])
def test_a_refusal_has_no_effect_and_spends_no_nonce(
    client: Client, served: Served, kind: Kind
) -> None:
    fault(client, kind, "Balance")

    first = client.sent("Balance", "nonce=7", 7, FORM)
    again = client.sent("Balance", "nonce=7", 7, FORM)

    assert (first["error"], again["error"]) == ([REFUSALS[kind]], [])


def test_a_cancel_that_nobody_hears_is_answered_and_cancels_nothing(
    client: Client, served: Served
) -> None:
    txid = client.placed()
    fault(client, "deaf_cancel", "CancelOrder")

    assert client.did("CancelOrder", txid=txid) == {"count": 1}
    assert orders(served) == 1
    assert client.did("CancelOrder", txid=txid) == {"count": 1}
    assert orders(served) == 0


def test_a_throttle_says_until_when(client: Client) -> None:
    fault(client, "throttled", seconds=7)

    assert client.order()["error"] == ["EService: Throttled: 1790812807"]


@pytest.mark.parametrize("effect", [False, True])
def test_the_edge_answers_with_a_page(
    client: Client,
    served: Served,
    effect: bool,  # noqa: FBT001 one of two forms
) -> None:
    fault(client, "http_error", status=520, effect=effect)

    with pytest.raises(requests.JSONDecodeError):
        client.order()
    fault(client, "http_error", "Time", status=520)
    reply = client.session.get(f"{client.url}/0/public/Time", timeout=5)

    assert orders(served) == int(effect)
    assert (reply.status_code, reply.headers["content-type"]) == (520, "text/html; charset=UTF-8")
    assert "Error code 520" in reply.text


@pytest.mark.parametrize(("kind", "placed"), [("lost_request", 0), ("lost_reply", 1), ("reset", 1)])
def test_a_connection_is_cut_before_or_after_the_effect(
    client: Client, served: Served, kind: str, placed: int
) -> None:
    client.public("Time")
    fault(client, kind)

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.order()

    assert orders(served) == placed
    assert client.did("Balance") == {"ZUSD": "10000.0000"}


@pytest.mark.parametrize("kind", ["empty_body", "truncated_body"])
def test_a_body_is_spoilt_after_the_effect(client: Client, served: Served, kind: str) -> None:
    fault(client, kind)

    with pytest.raises(requests.JSONDecodeError):
        client.order()

    assert orders(served) == 1


@pytest.mark.parametrize(("kind", "placed"), [("late_reply", 1), ("late_request", 0)])
def test_what_is_late_takes_its_effect_early_or_late(
    client: Client, served: Served, kind: str, placed: int
) -> None:
    fault(client, kind, seconds=0.3)

    with pytest.raises(requests.ReadTimeout):
        client.session.post(f"{client.url}/0/private/AddOrder", **client.signed(), timeout=0.1)
    early = orders(served)
    time.sleep(0.4)

    assert (early, orders(served)) == (placed, 1)


def test_a_request_that_arrives_past_its_deadline_is_refused(client: Client) -> None:
    fault(client, "late_request", seconds=0.2)
    later = {"now": "2026-10-01T00:01:00Z"}
    body = client.signed(deadline="2026-10-01T00:00:05Z")

    with pytest.raises(requests.ReadTimeout):
        client.session.post(f"{client.url}/0/private/AddOrder", **body, timeout=0.1)
    client.control("clock", **later)
    time.sleep(0.3)

    assert client.did("OpenOrders") == {"open": {}}


def test_of_a_request_that_arrives_twice_the_second_reply_is_heard(
    client: Client, served: Served
) -> None:
    fault(client, "duplicate_delivery")

    assert client.order()["error"] == ["EAPI:Invalid nonce"]
    assert orders(served) == 1


@pytest.mark.parametrize(("kind", "rows"), [("empty_page", 0), ("partial_page", 3)])
def test_a_page_misses_rows_though_its_count_is_right(client: Client, kind: str, rows: int) -> None:
    placed = [client.placed() for _ in range(6)]
    client.did("CancelAll")
    fault(client, kind, "ClosedOrders")

    page = client.did("ClosedOrders")

    assert (page["count"], len(page["closed"])) == (6, rows)
    assert set(page["closed"]) <= set(placed)
    assert len(client.did("ClosedOrders")["closed"]) == 6


def test_a_clock_is_skewed_from_one_call_on(client: Client) -> None:
    fault(client, "clock_skew", "Time", seconds=-3600)

    assert client.public("Time")["result"]["unixtime"] == 1790812800 - 3600
    assert client.session.get(f"{client.url}/_sim/clock", timeout=5).json()["skew_seconds"] == -3600
    client.session.delete(f"{client.url}/_sim/faults", timeout=5)
    assert client.public("Time")["result"]["unixtime"] == 1790812800


def test_faults_are_listed_logged_and_cleared(client: Client) -> None:
    where = f"{client.url}/_sim/faults"
    told = [{"kind": "busy", "method": "Balance"}, {"kind": "reset", "method": "AddOrder"}]
    client.control("faults", rules=told)
    client.call("Balance")

    seen = client.session.get(where, timeout=5).json()
    after = client.session.delete(where, timeout=5).json()

    assert [rule["kind"] for rule in seen["rules"]] == ["reset"]
    [entry] = seen["log"]
    assert (entry["subject"], entry["rule"]["kind"]) == ("Balance", "busy")
    assert after == {"seed": None, "rules": [], "log": []}
    assert client.call("Balance")["error"] == []


def test_a_seed_strikes_alike_on_the_same_calls(client: Client) -> None:
    def errors() -> list[str]:
        client.session.delete(f"{client.url}/_sim/faults", timeout=5)
        client.control("faults", seed=5, rates={"busy": 0.3}, methods=["Balance"])
        return [str(client.call("Balance")["error"]) for _ in range(30)]

    first = errors()

    assert first == errors()
    assert len(set(first)) == 2
    told = client.session.get(f"{client.url}/_sim/faults", timeout=5).json()["seed"]
    assert told == {"seed": 5, "rates": {"busy": 0.3}, "methods": ["Balance"]}


@pytest.mark.parametrize(
    "told",
    [{"kind": "nope"}, {"rules": [{"kind": "busy"}, {"kind": "nope"}]}, {"rules": "busy"}],
)
def test_what_is_told_wrongly_changes_nothing(client: Client, told: dict[str, object]) -> None:
    assert "give" in client.control("faults", **told)["error"]
    assert client.session.get(f"{client.url}/_sim/faults", timeout=5).json()["rules"] == []


def test_the_secret_is_in_no_log(client: Client) -> None:
    fault(client, "busy")
    client.order()

    assert SECRET not in client.session.get(f"{client.url}/_sim/faults", timeout=5).text
