"""HTTP, as liberal as Kraken is and no more."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from kraken_pipeline_tests.simulator.conftest import Client, api_sign

FORM = "application/x-www-form-urlencoded"
BALANCE = "/0/private/Balance"


@pytest.fixture
def line(client: Client) -> http.client.HTTPConnection:
    """Return a bare connection, which adds nothing of its own."""
    return http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=5)


def test_a_connection_serves_many_calls(line: http.client.HTTPConnection) -> None:
    line.connect()
    connected = line.sock
    for _ in range(3):
        line.request("GET", "/0/public/Time")
        line.getresponse().read()

    assert line.sock is connected
    line.close()


@pytest.mark.parametrize("names", [("API-Key", "API-Sign"), ("api-key", "api-sign")])
def test_header_names_are_of_any_case(
    line: http.client.HTTPConnection, names: tuple[str, str]
) -> None:
    headers = dict(zip(names, ("SIMULATOR", api_sign(BALANCE, "nonce=1", 1)), strict=True))
    line.request("POST", BALANCE, "nonce=1", {**headers, "content-type": FORM})

    assert json.loads(line.getresponse().read())["error"] == []
    line.close()


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/0/public/Nope"),
        ("GET", "/0/private/Balance"),
        ("POST", "/0/private/Nope"),
        ("POST", "/0/private/balance"),
        ("GET", "/1/public/Time"),
        ("PUT", "/0/public/Time"),
        ("GET", "/"),
    ],
)
def test_what_is_not_there_is_an_unknown_method(client: Client, verb: str, path: str) -> None:
    reply = client.session.request(verb, client.url + path, timeout=5)

    assert (reply.status_code, reply.json()) == (404, {"error": ["EGeneral:Unknown method"]})


def test_a_public_method_is_posted_as_well(client: Client) -> None:
    where = f"{client.url}/0/public/OHLC"
    form = client.session.post(where, data={"pair": "XBTUSD", "interval": 60}, timeout=5).json()
    as_json = client.session.post(where, json={"pair": "XBTUSD", "interval": 60}, timeout=5).json()

    assert form == as_json == client.public("OHLC", pair="XBTUSD", interval=60)


@pytest.mark.parametrize("body", ["[", "[1]", '"a"', "[" * 100_000, '{"pair": ' + "9" * 5000 + "}"])
def test_a_broken_body_is_a_wrong_argument(client: Client, body: str) -> None:
    headers = {"content-type": "application/json"}
    reply = client.session.post(
        f"{client.url}/0/public/Ticker", data=body, headers=headers, timeout=5
    )

    assert reply.json() == {"error": ["EGeneral:Invalid arguments"]}


def test_a_broken_body_of_an_unknown_key_is_an_invalid_key(client: Client) -> None:
    answer = client.sent("Balance", "[", 1, "application/json", **{"API-Key": "other"})

    assert answer == {"error": ["EAPI:Invalid key"]}


def test_a_signature_of_other_letters_is_wrong_and_no_crash(client: Client) -> None:
    answer = client.sent("Balance", "nonce=1", 1, FORM, **{"API-Sign": "ü"})

    assert answer == {"error": ["EAPI:Invalid signature"]}


def test_bytes_that_are_no_text_are_a_wrong_argument(client: Client) -> None:
    reply = client.session.post(
        f"{client.url}{BALANCE}", data=b"\xff\xfe", headers={"API-Key": "SIMULATOR"}, timeout=5
    )

    assert reply.json() == {"error": ["EGeneral:Invalid arguments"]}


@pytest.mark.parametrize("volume", ["1e999999999", "-1e-999999999", "NaN", "Infinity", "9" * 100])
def test_a_number_beyond_all_use_is_refused_at_once(client: Client, volume: str) -> None:
    assert client.order(volume=volume)["error"][0].startswith("EGeneral:Invalid arguments")
    assert client.order(price=volume)["error"][0].startswith("E")


@pytest.mark.parametrize("yes", ["true", "True", "TRUE", "1"])
def test_a_yes_is_spelled_in_many_ways_and_what_is_unknown_is_left_alone(
    client: Client, yes: str
) -> None:
    answer = client.order(validate=yes, reduce_only="False", ascending="False", starttm="0")

    assert answer["error"] == []
    assert "txid" not in answer["result"]


def test_depth_may_be_kept_for_two_seconds(client: Client) -> None:
    reply = client.session.get(f"{client.url}/0/public/Depth?pair=XBTUSD&count=1", timeout=5)

    assert reply.headers["cache-control"] == "public, max-age=2"
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
