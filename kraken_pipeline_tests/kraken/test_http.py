import gzip
import json
import socket
import threading
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from traceback import TracebackException

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    ExchangeError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.kraken import connections
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import Answer, PublicLine, result_of
from kraken_pipeline_tests.kraken.lines import (
    CREDENTIAL,
    QUICK,
    SECRET,
    Counting,
    line_to,
    nonces_in,
)
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    closes,
    in_turn,
    ok,
    page,
    raw,
    refuses,
    resets,
    scripted,
    stays_silent,
)

HTML = b"<html><head><title>520: Web server returns an unknown error</title></head></html>"
HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"error":[],"result":{"txid":["O'
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"error":[],'
LOST: list[Reply] = [
    closes,
    resets,
    stays_silent,
    raw(b""),
    raw(HALF),
    raw(CHUNKED),
    raw(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"error":[],"resu'),
    raw(b"\x00\x01 rubbish \xff\r\n\r\n"),
    raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"),
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    page(HTML, status="502 Bad Gateway"),
    page(HTML, status="503 Service Unavailable", headers="Retry-After: 0\r\n"),
    page(HTML, status="520 Unknown"),
    page(HTML, status="307 Temporary Redirect", headers="Location: /0/private/AddOrder\r\n"),
    page(HTML),
    page(b""),
    page(b"not gzip", headers="Content-Encoding: gzip\r\n"),
    page(b'{"error":[],"result":' + b"[" * 100_000),
    page(b'{"error":[],"result":NaN}'),
    page(b'{"error":[],"result":1e999999999999999999999}'),
    page(b'{"error":[],"result":' + b"1" * 5000 + b"}"),
    page(b'{"error":[],"result":{"txid":["\\uD800"]}}'),
    page(b'{"error":[],"result":{"txid":["\xed\xa0\x80"]}}'),
    page('{"error":[],"result":{"txid":["O"]}}'.encode("utf-16")),
    refuses("EService:Unavailable"),
]


def add(url: str) -> object:
    return line_to(url).call("AddOrder", {"volume": "1"}, call=Call.WRITE)


@pytest.mark.parametrize("reply", LOST)
def test_an_order_whose_answer_is_lost_has_an_unknown_fate_and_is_sent_once(reply: Reply) -> None:
    with scripted(always(reply)) as server:
        with pytest.raises(OutcomeUnknownError):
            add(server.url)

        assert [each.path for each in server.heard] == ["/0/private/AddOrder"]


@pytest.mark.parametrize("reply", LOST)
def test_a_read_whose_answer_is_lost_may_be_asked_again_and_is_asked_once(reply: Reply) -> None:
    with scripted(always(reply)) as server:
        with pytest.raises(UnreachableError):
            PublicLine(server.url, timeouts=QUICK).ask("Time")

        assert len(server.heard) == 1


def test_an_order_that_no_one_listens_to_does_not_exist() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(UnreachableError):
        add(f"http://127.0.0.1:{port}")


def test_an_order_for_a_name_that_does_not_resolve_does_not_exist() -> None:
    with pytest.raises(UnreachableError):
        add("https://kraken.invalid")


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"error":"x"}', b'{"error":[1],"result":1}', b'{"error":[]}', b"null"]
)
def test_json_that_is_no_envelope_is_not_read(body: bytes) -> None:
    with scripted(always(page(body))) as server, pytest.raises(UnexpectedReplyError):
        add(server.url)


@given(
    body=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "result", "x"]), inner, max_size=3)
        ),
    ).map(lambda value: json.dumps(value).encode()),
    status=st.sampled_from([200, 404, 500]),
)
def test_no_body_does_more_than_give_a_result_or_an_error_of_ours(body: bytes, status: int) -> None:
    with suppress(ExchangeError):
        result_of(Answer(status, body), call=Call.WRITE, method="AddOrder")
        assert status == 200


def test_numbers_with_a_point_keep_the_digits_that_were_written() -> None:
    body = b'{"error":[],"result":[0.10,1756934300.6246812,"0.1",7]}'

    result = result_of(Answer(200, body), call=Call.READ, method="X")

    assert result == [Decimal("0.10"), Decimal("1756934300.6246812"), "0.1", 7]
    assert [str(each) for each in result] == ["0.10", "1756934300.6246812", "0.1", "7"]


def test_a_warning_beside_a_result_does_not_hide_the_result() -> None:
    body = b'{"error":["WGeneral:Danger"],"result":5}'

    assert result_of(Answer(200, body), call=Call.READ, method="X") == 5


def test_an_error_beside_a_result_counts() -> None:
    body = b'{"error":["EOrder:Insufficient funds"],"result":{}}'

    with pytest.raises(OrderRefusedError):
        result_of(Answer(200, body), call=Call.WRITE, method="AddOrder")


def test_an_unknown_method_is_refused_although_its_status_is_404() -> None:
    body = b'{"error":["EGeneral:Unknown method"]}'

    with pytest.raises(OrderRefusedError, match="Unknown method"):
        result_of(Answer(404, body), call=Call.WRITE, method="Nonsense")


def test_the_bytes_that_are_signed_are_the_bytes_that_are_sent() -> None:
    odd = {"a": "+5 %&=#", "b": "ä", "c": "[x]"}
    with scripted(always(ok(1))) as server:
        line_to(server.url).call("X", odd, call=Call.READ)

        [heard] = server.heard
        assert heard.form == {"nonce": "1", **odd}
        assert heard.headers["api-key"] == CREDENTIAL.key
        assert heard.headers["api-sign"] == CREDENTIAL.sign(
            path="/0/private/X", nonce=1, body=heard.body
        )
        assert heard.headers["content-length"] == str(len(heard.body))


@pytest.mark.parametrize(
    "reply", [closes, resets, raw(HALF), page(HTML), refuses("EAPI:Invalid key")]
)
def test_no_secret_stands_in_an_error_whatever_fails(reply: Reply) -> None:
    with scripted(always(reply)) as server, pytest.raises(ExchangeError) as failed:
        add(server.url)

    told = TracebackException.from_exception(failed.value, capture_locals=True)
    assert SECRET not in "".join(told.format())
    assert CREDENTIAL.key not in str(failed.value)


def test_a_connection_is_kept_for_the_next_call() -> None:
    with scripted(always(ok(1))) as server:
        line = PublicLine(server.url, timeouts=QUICK)
        for _ in range(5):
            line.ask("Time")

        assert server.connections == 1
        line.close()


@pytest.mark.parametrize(
    "status", ["103 Early Hints", "408 Request Timeout", "504 Gateway Timeout"]
)
def test_what_comes_after_a_strange_answer_is_not_the_answer_to_the_next_request(
    status: str,
) -> None:
    def answers_twice(connection: socket.socket, heard: Heard) -> bool:
        page(b"", status=status)(connection, heard)
        late.wait(5)
        with suppress(OSError):
            ok("the answer to the first")(connection, heard)
        return True

    def answers_late(connection: socket.socket, heard: Heard) -> bool:
        late.set()
        time.sleep(0.1)
        return ok("the answer to the second")(connection, heard)

    late = threading.Event()
    with scripted(in_turn(answers_twice, answers_late)) as server:
        line = line_to(server.url)
        with pytest.raises(OutcomeUnknownError):
            line.call("AddOrder", {}, call=Call.WRITE)

        assert line.call("AddOrder", {}, call=Call.WRITE) == "the answer to the second"
        line.close()


def test_a_connection_that_was_long_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LONGEST_IDLE_SECONDS", -1)
    with scripted(always(ok(1))) as server:
        line = PublicLine(server.url, timeouts=QUICK)
        for _ in range(3):
            line.ask("Time")

        assert server.connections == 3


def test_after_a_failure_the_next_call_works_over_a_new_connection() -> None:
    with scripted(in_turn(stays_silent, ok("later"))) as server:
        line = PublicLine(server.url, timeouts=QUICK)
        with pytest.raises(UnreachableError):
            line.ask("Time")

        assert line.ask("Time") == "later"


def test_threads_share_a_public_line_and_each_hears_its_own_answer() -> None:
    def echo(heard: Heard) -> Reply:
        return ok(heard.path.rpartition("=")[2])

    answers: dict[int, object] = {}
    with scripted(echo) as server:
        line = PublicLine(server.url, timeouts=QUICK)

        def ask(number: int) -> None:
            answers.update({n: line.ask("X", {"n": str(n)}) for n in range(number, 400, 8)})

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        line.close()

        assert answers == {n: str(n) for n in range(400)}
        assert server.connections <= 8


def test_private_calls_of_many_threads_arrive_in_the_order_of_their_nonces(tmp_path: Path) -> None:
    with scripted(always(ok(1))) as server:
        line = line_to(server.url, nonces_in(tmp_path, lambda: 1))

        def send() -> None:
            for _ in range(25):
                line.call("Balance", {}, call=Call.READ)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        arrived = [int(each.form["nonce"]) for each in server.heard]
        assert arrived == sorted(set(arrived))
        assert len(arrived) == 100


def test_a_refused_nonce_renews_the_mark_and_can_be_sent_anew() -> None:
    nonces = Counting()
    with scripted(in_turn(refuses("EAPI:Invalid nonce"), ok(1))) as server:
        line = line_to(server.url, nonces)
        with pytest.raises(UnreachableError) as refused:
            line.call("AddOrder", {}, call=Call.WRITE)

        assert not isinstance(refused.value, RateLimitedError)
        assert nonces.renewals == 1
        assert line.call("Balance", {}, call=Call.READ) == 1


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(b'{"error":[],"result":7}')
    with scripted(always(page(body, headers="Content-Encoding: gzip\r\n"))) as server:
        assert PublicLine(server.url, timeouts=QUICK).ask("X") == 7


def test_cookies_of_the_network_are_not_sent_back() -> None:
    with scripted(
        always(page(b'{"error":[],"result":1}', headers="Set-Cookie: a=b\r\n"))
    ) as server:
        line = PublicLine(server.url, timeouts=QUICK)
        line.ask("X")
        line.ask("X")

        assert "cookie" not in server.heard[1].headers


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with scripted(always(ok(1))) as server:
        assert PublicLine(server.url, timeouts=QUICK).ask("X") == 1


def test_a_key_is_never_sent_in_the_clear() -> None:
    with pytest.raises(ConfigurationError):
        line_to("http://api.example:80")


def test_what_has_parts_goes_as_json_and_is_signed_as_it_stands() -> None:
    with scripted(always(ok({}))) as server:
        orders = [{"price": "+5%"}, {"price": "1"}]
        line_to(server.url).call("AddOrderBatch", {"orders": orders}, call=Call.WRITE)

        [heard] = server.heard
        assert json.loads(heard.body) == {"nonce": 1, "orders": orders}
        assert heard.headers["content-type"].startswith("application/json")
        assert heard.headers["api-sign"] == CREDENTIAL.sign(
            path=heard.path, nonce=1, body=heard.body
        )
