import json
from urllib.parse import quote

import pytest

from kraken_pipeline.domain.errors import ExchangeError
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.scrub import without
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, Counting, line_to
from kraken_pipeline_tests.kraken.scripted import Heard, Reply, page, scripted

SIGN = CREDENTIAL.sign(path="/0/private/AddOrder", nonce=1, body=b"nonce=1")


@pytest.mark.parametrize(
    "spelled", [SIGN, quote(SIGN, safe=""), json.dumps(SIGN).replace("/", "\\/")]
)
def test_what_was_sent_is_taken_out_however_it_is_spelled(spelled: str) -> None:
    assert without([SIGN], f"<b>{spelled}</b>".encode()).strip(b'<b>"/') == b"***"


def test_what_holds_nothing_of_it_stays_as_it_is() -> None:
    assert without([SIGN, "made-up-key"], b'{"error":[]}') == b'{"error":[]}'


@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway", "403 Forbidden"])
@pytest.mark.parametrize("call", Call)
def test_an_edge_that_repeats_the_request_does_not_get_the_key_into_a_message(
    status: str, call: Call
) -> None:
    heard: list[Heard] = []

    def repeats(request: Heard) -> Reply:
        heard.append(request)
        sent = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return page(f"<html>{sent}</html>".encode(), status=status)

    with scripted(repeats) as server:
        line: PrivateLine = line_to(server.url, Counting())
        with pytest.raises(ExchangeError) as failed:
            line.call("AddOrder", {"pair": "XBTUSD"}, call=call)
        line.close()

    sent = {name.lower(): value for name, value in heard[0].headers.items()}
    assert sent["api-key"] not in str(failed.value)
    assert sent["api-sign"] not in str(failed.value)
    assert "html" in str(failed.value)
