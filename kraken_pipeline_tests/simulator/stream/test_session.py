"""Envelopes: greeting, ping, acknowledgements, and every way to be refused."""

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.stream.connection import MOST_MESSAGES
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Json, Line, connected


@pytest.mark.parametrize("path", ["/v2", "/v2/public", "/v2/private"])
def test_a_client_is_greeted_with_the_status(standing: Served, path: str) -> None:
    with connected(standing, path=path) as line:
        frame = line.next()

    [row] = frame["data"]
    assert (frame["channel"], frame["type"]) == ("status", "update")
    assert (row["system"], row["api_version"]) == ("online", "v2")
    assert row["connection_id"] > 2**53


def test_a_ping_is_answered_without_success_or_result(stranger: Line) -> None:
    pong = stranger.ask("ping")

    assert list(pong) == ["method", "req_id", "time_in", "time_out"]
    assert (pong["method"], pong["req_id"]) == ("pong", 1)


def test_a_ping_with_params_is_refused(stranger: Line) -> None:
    answer = stranger.ask("ping", channel="book")

    assert answer["error"] == "Unsupported field: 'params' for the given msg type: ping"
    assert not answer["success"]


def test_an_answer_without_a_number_has_none(stranger: Line) -> None:
    stranger.send({"method": "ping"})

    assert "req_id" not in stranger.next()


def test_every_symbol_is_acknowledged_by_itself(stranger: Line) -> None:
    frames = stranger.subscribe("ticker", symbol=["BTC/USD", "ETH/USD", "XBT/USD"])

    answers = [frame for frame in frames if frame.get("method") == "subscribe"]
    assert [frame["success"] for frame in answers] == [True, True, False]
    assert answers[0]["result"] == {
        "channel": "ticker",
        "event_trigger": "trades",
        "snapshot": True,
        "symbol": "BTC/USD",
    }
    assert answers[2]["error"] == "Currency pair not supported XBT/USD"
    assert answers[2]["symbol"] == "XBT/USD"
    assert "result" not in answers[2]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{nonsense", "Malformed request"),
        ("[1, 2]", "Malformed request"),
        ('{"req_id": 1}', "Event(s) not found"),
        ('{"method": "sell_all"}', "Unsupported event"),
        ('{"method": "ping", "req_id": "1"}', "Req_id field must be a number_integer"),
        ('{"method": "subscribe", "params": []}', "Params field must be an object"),
        ('{"method": "subscribe", "params": {"channel": "news"}}', "Unsupported event"),
        ('{"method": "subscribe", "params": {"channel": 1}}', "Channel field must be a string"),
    ],
)
def test_what_is_no_request_is_refused(stranger: Line, message: str, error: str) -> None:
    stranger.send(message)

    answer = stranger.next()
    assert (answer["error"], answer["success"]) == (error, False)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"channel": "book", "depth": 11}, "Subscription depth not supported"),
        ({"channel": "book", "depth": "10"}, "Depth field must be a number_integer"),
        ({"channel": "ohlc", "interval": 2}, "Subscription ohlc interval not supported"),
        ({"channel": "ticker", "event_trigger": "x"}, "Subscription event_trigger not supported"),
        ({"channel": "trade", "snapshot": "yes"}, "Snapshot field must be a boolean"),
        ({"channel": "trade", "symbol": "BTC/USD"}, "Symbol field must be an array"),
        ({"channel": "trade", "symbol": []}, "Symbol(s) not found"),
        ({"channel": "trade", "symbol": ["WWW/USD"]}, "Currency pair not supported WWW/USD"),
    ],
)
def test_a_wrong_subscription_is_refused(
    stranger: Line, params: dict[str, object], error: str
) -> None:
    answer = stranger.ask("subscribe", **{"symbol": ["BTC/USD"], **params})

    assert answer["error"] == error


def test_what_is_subscribed_can_not_be_subscribed_again_but_after_its_end(stranger: Line) -> None:
    wanted: dict[str, object] = {"channel": "book", "symbol": ["BTC/USD"], "depth": 10}
    stranger.ask("subscribe", **wanted)

    assert stranger.ask("subscribe", **wanted)["error"] == "Already subscribed"
    assert stranger.ask("unsubscribe", **wanted)["result"]["depth"] == 10
    assert stranger.ask("unsubscribe", **wanted)["error"] == "Subscription Not Found"
    assert stranger.ask("subscribe", **wanted)["success"]


def test_what_was_unsubscribed_is_told_no_more(client: Client, line: Line) -> None:
    wanted: dict[str, object] = {"channel": "trade", "symbol": ["BTC/USD"]}
    line.ask("subscribe", **wanted)
    line.ask("unsubscribe", **wanted)
    line.settled()
    client.control("clock", advance_seconds=10)

    assert line.settled() == []


@pytest.mark.parametrize("channel", ["heartbeat", "status"])
def test_what_everyone_gets_may_be_subscribed(stranger: Line, channel: str) -> None:
    assert stranger.ask("subscribe", channel=channel)["result"] == {"channel": channel}


def private(line: Line, **params: object) -> Json:
    return line.ask("subscribe", channel="executions", **params)


def test_a_private_channel_needs_a_good_token(line: Line) -> None:
    assert private(line)["error"] == "Token(s) not found"
    refused = private(line, token="stolen")

    assert refused["error"] == "ESession:Invalid session"
    assert refused["status"] == "error"
    assert line.ask("cancel_all", token="stolen")["error"] == "ESession:Invalid session"


def test_a_token_is_good_for_a_quarter_of_an_hour_or_as_long_as_it_is_held(
    served: Served, client: Client, line: Line
) -> None:
    line.listen("executions")
    client.control("clock", advance_seconds=1000)

    with connected(served, line.token) as other:
        assert private(other, token=line.token)["success"]
        assert line.ask("unsubscribe", channel="executions", token=line.token)["success"]
        assert other.trade("cancel_all")["success"]
        other.ask("unsubscribe", channel="executions", token=line.token)

        assert other.trade("cancel_all")["error"] == "ESession:Invalid session"


def test_what_a_key_may_not_do_its_token_may_not_either(client: Client, line: Line) -> None:
    client.control("keys", name="SIMULATOR", permissions=["create-ws-token", "query-funds"])

    assert line.trade("cancel_all")["error"] == "EGeneral:Permission denied"
    assert private(line, token=line.token)["error"] == "EGeneral:Permission denied"
    assert line.ask("subscribe", channel="balances", token=line.token)["success"]


def test_a_flood_of_messages_is_refused(stranger: Line) -> None:
    for _ in range(MOST_MESSAGES + 20):
        stranger.send('{"method": "ping"}')
    answers = [stranger.next() for _ in range(MOST_MESSAGES + 20)]

    assert {"Error": "Exceeded msg rate"} in answers


def test_a_quiet_subscriber_gets_a_heartbeat_about_once_a_second(stranger: Line) -> None:
    stranger.subscribe("trade", symbol=["BTC/USD"])

    assert [stranger.next(2), stranger.next(2)] == [{"channel": "heartbeat"}] * 2
