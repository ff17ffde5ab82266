"""Keys, signatures and nonces."""

import json
from urllib.parse import urlencode

import pytest

from kraken_pipeline.simulator.auth import secret_of, signature
from kraken_pipeline_tests.simulator.conftest import Client

FORM = "application/x-www-form-urlencoded"


def test_the_signature_is_that_of_the_published_example() -> None:
    secret = secret_of(
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    )
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"

    signed = signature(secret, "/0/private/AddOrder", "1616492376594", body)

    assert signed == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


@pytest.mark.parametrize("text", ["", "no base64"])
def test_a_secret_must_be_base64(text: str) -> None:
    with pytest.raises(ValueError, match="the API secret"):
        secret_of(text)


def test_an_unknown_key_comes_before_everything_else(client: Client) -> None:
    answer = client.sent("AddOrder", "junk", 1, FORM, **{"API-Key": "other"})

    assert answer == {"error": ["EAPI:Invalid key"]}


def test_a_wrong_signature_spends_no_nonce(client: Client) -> None:
    assert client.sent("Balance", "nonce=5", 6, FORM) == {"error": ["EAPI:Invalid signature"]}
    assert client.sent("Balance", "nonce=5", 5, FORM)["error"] == []


@pytest.mark.parametrize("nonce", [7, 6, 0])
def test_a_nonce_must_rise(client: Client, nonce: int) -> None:
    client.sent("Balance", "nonce=7", 7, FORM)

    answer = client.sent("Balance", f"nonce={nonce}", nonce, FORM)

    assert answer == {"error": ["EAPI:Invalid nonce"]}


@pytest.mark.parametrize("nonce", ["", "-1", "1.5", "18446744073709551616", "x"])
def test_a_nonce_is_a_whole_number_of_64_bits(client: Client, nonce: str) -> None:
    answer = client.sent("Balance", urlencode({"nonce": nonce}), nonce, FORM)

    assert answer == {"error": ["EAPI:Invalid nonce"]}


def test_a_refused_call_has_spent_its_nonce(client: Client) -> None:
    body = "nonce=3&txid=OAAAAA-BBBBB-CCCCCC"

    first = client.sent("CancelOrder", body, 3, FORM)
    again = client.sent("CancelOrder", body, 3, FORM)

    assert (first["error"], again["error"]) == (["EOrder:Invalid order"], ["EAPI:Invalid nonce"])


@pytest.mark.parametrize(
    "body",
    ['{"nonce": 12}', '{ "nonce" : "12" }', '{"asset":"ZUSD","nonce":12}'],
)
def test_a_json_body_is_signed_as_it_was_sent(client: Client, body: str) -> None:
    assert (
        client.sent("Balance", body, json.loads(body)["nonce"], "application/json")["error"] == []
    )


def test_the_nonce_may_stand_anywhere_in_a_form(client: Client) -> None:
    assert client.sent("Ledgers", "asset=all&nonce=4&ofs=0", 4, FORM)["error"] == []


def test_a_broken_body_is_a_wrong_argument(client: Client) -> None:
    answer = client.sent("Balance", "{nonce", 1, "application/json")

    assert answer == {"error": ["EGeneral:Invalid arguments"]}


def test_the_key_tells_of_itself(client: Client) -> None:
    info = client.did("GetApiKeyInfo")

    assert (info["apiKey"], info["nonce"]) == ("SIMULATOR", "1")
    assert "modify-trades" in info["permissions"]
    assert "withdraw-funds" not in info["permissions"]
