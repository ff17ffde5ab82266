import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import OutcomeUnknownError, UnreachableError
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.kraken.stream.account import Surroundings
from kraken_pipeline.kraken.stream.hosted import AccountStream, MarketStream
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline_tests.kraken.lines import SYMBOLS
from kraken_pipeline_tests.kraken.stream.scripted import Say, agreed, scripted
from kraken_pipeline_tests.kraken.stream.world import CHANCE, HASTY, AlwaysFree, eventually

BTC = "BTC/USD"
TICKER = (
    '"type":"snapshot","data":[{"symbol":"BTC/USD","bid":1.0,"bid_qty":1.0,"ask":2.0,'
    '"ask_qty":1.0,"last":1.0,"volume":1.0,"vwap":1.0}]'
)


class NothingMissed:
    """An account on which nothing ever happens."""

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        return ()

    def orders(self, kraken_order_ids: Sequence[str]) -> dict[str, OrderReport]:
        return {}


def market(url: str, *, ping_seconds: float = 20) -> MarketStream:
    return MarketStream(
        url,
        Wanted(tickers=(BTC,)),
        connects=AlwaysFree(),
        random=CHANCE,
        terms=replace(HASTY, ping_seconds=ping_seconds),
    )


def account(url: str, fetch_token: Callable[[], str] = lambda: "a-token") -> AccountStream:
    needs = Surroundings(
        fetch_token=fetch_token,
        symbols=lambda: SYMBOLS,
        catch_up=NothingMissed(),
        halt=lambda why: None,
        count=lambda pair, counter: None,
    )
    return AccountStream(
        url,
        needs,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        connects=AlwaysFree(),
        random=CHANCE,
        terms=HASTY,
    )


def adding(*frames: str) -> Say:
    """Agree to everything, and say that beside it."""
    return lambda request: [*agreed(request), *frames]


def test_the_order_of_a_frames_fields_is_free() -> None:
    with scripted(adding(f'{{{TICKER},"channel":"ticker"}}')) as server, market(server.url) as told:
        assert eventually(lambda: told.market.ticker(BTC) is not None)


def test_a_channel_that_is_new_to_us_is_kept_as_it_came() -> None:
    """F-EVT-8: it is kept as bytes, and counted."""
    news = '{"channel":"weather","type":"update","data":[{"rain":0.10}]}'
    with scripted(adding(news)) as server, market(server.url) as told:
        assert eventually(lambda: told.health().unread > 0)

        assert told._line.odd[0] == news.encode()


@pytest.mark.parametrize("channel", ["instrument", "weather"])
def test_what_is_nested_without_end_is_kept_and_closes_nothing(channel: str) -> None:
    endless = f'{{"channel":"{channel}","type":"update","data":{"[" * 100_000}{"]" * 100_000}}}'
    with scripted(adding(endless)) as server, market(server.url) as told:
        assert eventually(lambda: told.health().unread > 0)

        assert server.connections == 1


def test_each_topic_is_asked_for_once() -> None:
    with scripted(agreed) as server, market(server.url):
        assert eventually(lambda: len(server.asked) == 2)

        assert [each["method"] for each in server.asked] == ["subscribe", "subscribe"]


def test_answered_pings_do_not_hide_that_nothing_is_told_any_more() -> None:
    def say(request: dict[str, object]) -> list[str]:
        if request["method"] == "ping":
            return [json.dumps({"method": "pong", "req_id": request["req_id"]})]
        return agreed(request)

    with scripted(say) as server, market(server.url, ping_seconds=0.3) as told:
        assert eventually(lambda: "silent" in told.health().last_loss)

        assert "ping" in {each["method"] for each in server.asked}


def test_a_token_goes_with_every_private_request() -> None:
    with scripted(agreed) as server, account(server.url):
        assert eventually(lambda: len(server.asked) >= 2)

        params = [each["params"] for each in server.asked]
        assert all(isinstance(each, dict) and each["token"] == "a-token" for each in params)


def test_a_request_without_an_answer_may_have_been_done() -> None:
    with scripted(agreed) as server, account(server.url) as told:
        assert eventually(lambda: told.health().is_connected)
        with pytest.raises(OutcomeUnknownError, match="may have been done"):
            told.ask("add_order", {}, timeout_seconds=0.2)

        assert [each["method"] for each in server.asked].count("add_order") == 1


def test_an_answer_to_another_request_is_not_ours() -> None:
    def say(request: dict[str, object]) -> list[str]:
        wrong = json.dumps({"method": "add_order", "req_id": 999, "success": True, "result": {}})
        return [wrong] if request["method"] == "add_order" else agreed(request)

    with scripted(say) as server, account(server.url) as told:
        assert eventually(lambda: told.health().is_connected)
        with pytest.raises(OutcomeUnknownError):
            told.ask("add_order", {}, timeout_seconds=0.2)


def test_without_a_token_nothing_is_connected_and_it_is_tried_again() -> None:
    calls: list[int] = []

    def fetch() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise UnreachableError("no token today")
        return "a-token"

    with scripted(agreed) as server, account(server.url, fetch) as told:
        assert eventually(lambda: told.health().is_connected)

        assert eventually(lambda: server.connections == 1)
        assert len(calls) == 3


def test_after_the_end_nothing_is_sent() -> None:
    with scripted(agreed) as server:
        told = account(server.url).start()
        told.close()
        with pytest.raises(UnreachableError, match="nothing was sent"):
            told.ask("add_order", {}, timeout_seconds=0.2)

    assert "add_order" not in {each["method"] for each in server.asked}


def test_a_missing_number_in_the_sequence_opens_the_line_anew() -> None:
    def say(request: dict[str, object]) -> list[str]:
        params = request["params"]
        if not isinstance(params, dict) or params["channel"] != "executions":
            return agreed(request)
        frames = [
            f'{{"channel":"executions","type":"{kind}","data":[],"sequence":{number}}}'
            for kind, number in (("snapshot", 1), ("update", 2), ("update", 4))
        ]
        return [*agreed(request), *frames]

    with scripted(say) as server, account(server.url) as told:
        assert eventually(lambda: server.connections >= 2)

        assert "a message is missing before 4, after 2" in told.health().last_loss


def test_a_row_that_cannot_be_read_is_read_from_rest_and_closes_nothing() -> None:
    odd = '{"channel":"executions","type":"snapshot","data":[{"order_id":"O1"}],"sequence":1}'
    with scripted(adding(odd)) as server, account(server.url) as told:
        assert eventually(lambda: bool(told.account.odd))
        assert eventually(lambda: told.account.is_caught_up)

        assert server.connections == 1
