import itertools
import math

from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.topics import REFUSED_SECONDS, Request, State, Topic, Topics


class Asking:
    """Topics with the requests that they led to."""

    def __init__(self) -> None:
        self.topics = Topics(Patience())
        self.ids = itertools.count(1)

    def want(self, *symbols: str, channel: str = "ticker") -> list[Topic]:
        wanted = [Topic(channel=channel, symbol=symbol) for symbol in symbols]
        for topic in wanted:
            self.topics.want(topic, 0.0, most=300)
        return wanted

    def due(self, at: float) -> list[tuple[int, Request]]:
        return self.topics.requests(at, ids=self.ids, is_ready=lambda _: True)

    def state(self, topic: Topic) -> State:
        return self.topics.states[topic].state


def test_symbols_of_a_channel_are_asked_for_together_and_fifty_at_most() -> None:
    asking = Asking()
    asking.want(*(f"C{number}/USD" for number in range(120)))

    assert [len(request.topics) for _, request in asking.due(0.0)] == [50, 50, 20]
    assert asking.due(1.0) == []


def test_a_request_names_its_symbols_and_words() -> None:
    topic = Topic(channel="book", symbol="BTC/USD", options=(("depth", 10),))

    assert Request(method="subscribe", topics=(topic,)).params == {
        "channel": "book",
        "symbol": ["BTC/USD"],
        "depth": 10,
    }


def test_answers_may_come_in_any_order_and_each_is_for_one_symbol() -> None:
    asking = Asking()
    first, second = asking.want("A/USD", "B/USD")
    [(req_id, _)] = asking.due(0.0)
    asking.topics.answered(req_id, symbol="B/USD", error=None)

    assert (asking.state(first), asking.state(second)) == (State.ASKED, State.LIVE)


def test_a_refusal_is_of_its_symbol_and_waits_for_a_reconnect() -> None:
    asking = Asking()
    known, unknown = asking.want("A/USD", "WWW/USD")
    [(req_id, _)] = asking.due(0.0)
    asking.topics.answered(req_id, symbol="A/USD", error=None)

    assert asking.topics.answered(req_id, symbol="WWW/USD", error="not supported") == unknown
    assert asking.due(100.0) == []
    asking.topics.begin(200.0)
    assert len(asking.due(200.0)) == 1
    assert asking.state(known) is State.ASKED


def test_a_refusal_without_a_symbol_is_of_all_that_were_asked_for() -> None:
    asking = Asking()
    wanted = asking.want("A/USD", "B/USD")
    [(req_id, _)] = asking.due(0.0)
    asking.topics.answered(req_id, symbol="", error="Event(s) not found")

    assert {asking.state(topic) for topic in wanted} == {State.REFUSED}


def test_already_subscribed_is_as_good_as_yes() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    [(req_id, _)] = asking.due(0.0)
    asking.topics.answered(req_id, symbol="A/USD", error="Already subscribed")

    assert asking.state(topic) is State.LIVE


def test_what_is_not_answered_is_asked_for_again_after_ten_seconds() -> None:
    asking = Asking()
    asking.want("A/USD")
    asking.due(0.0)

    assert asking.due(10.0) == []
    assert len(asking.due(10.1)) == 1


def test_renewing_drops_and_asks_once_the_pause_is_over() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    [(req_id, _)] = asking.due(0.0)
    asking.topics.answered(req_id, symbol="A/USD", error=None)
    asking.topics.renew(topic, not_before=60.0)

    assert [request.method for _, request in asking.due(1.0)] == ["unsubscribe"]
    assert [request.method for _, request in asking.due(60.0)] == ["subscribe"]


def test_what_is_not_ready_is_not_asked_for() -> None:
    asking = Asking()
    asking.want("A/USD")

    assert asking.topics.requests(0.0, ids=asking.ids, is_ready=lambda _: False) == []


def test_only_what_is_live_can_be_silent() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    [(req_id, _)] = asking.due(0.0)
    assert asking.topics.silent(100.0) == []
    asking.topics.answered(req_id, symbol="A/USD", error=None)

    assert asking.topics.silent(100.0) == [topic]


def test_an_answer_to_nothing_that_we_asked_changes_nothing() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    asking.topics.answered(99, symbol="A/USD", error=None)
    asking.topics.answered(None, symbol="", error="Unsupported event")

    assert asking.state(topic) is State.WANTED


def test_a_topic_that_is_wanted_twice_is_one() -> None:
    topics = Topics(Patience())
    topic = Topic(channel="ticker", symbol="A/USD")

    assert topics.want(topic, 0.0, most=1) is topics.want(topic, 5.0, most=math.inf)


def test_what_is_agreed_to_after_a_refusal_is_not_refused_any_more() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    [(first, _)] = asking.due(0.0)
    asking.topics.answered(first, symbol="A/USD", error="EService:Unavailable")
    asking.topics.begin(1.0)
    [(second, _)] = asking.due(1.0)

    asking.topics.answered(second, symbol="A/USD", error=None)

    assert (asking.state(topic), asking.topics.states[topic].why) == (State.LIVE, "")


def test_what_is_refused_is_asked_for_again_after_a_pause() -> None:
    asking = Asking()
    [topic] = asking.want("A/USD")
    [(first, _)] = asking.due(0.0)
    asking.topics.answered(first, symbol="A/USD", error="EService:Unavailable")

    assert asking.due(REFUSED_SECONDS) == []
    [(_, request)] = asking.due(REFUSED_SECONDS + 1)
    assert request.topics == (topic,)
    assert asking.topics.states[topic].why == "EService:Unavailable"
