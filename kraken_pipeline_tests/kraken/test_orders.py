import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import (
    AuthError,
    FundsRefusedError,
    InvalidValueError,
    NonceRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.kraken.forms import request_of
from kraken_pipeline.kraken.http import form_of
from kraken_pipeline.kraken.orders import Recorder, Trader, Validator
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, line_to
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    closes,
    ok,
    page,
    refuses,
    scripted,
    stays_silent,
)

DEADLINE = datetime(2026, 11, 2, 12, 0, 35, 250_000, tzinfo=UTC)
PLACED = ok({"txid": ["OABC"], "descr": {"order": "buy 0.00200000 XBTUSD @ limit 50250.0"}})
CHECKED = ok({"descr": {"order": "buy 0.00200000 XBTUSD @ limit 50250.0"}})
CHEAPER = Amendment(limit_price=Price(Decimal(49000)))
SEVERAL = [order(cl_ord_id="own-1"), order(cl_ord_id="own-2")]
AMOUNTS = st.decimals(
    min_value=Decimal("1E-12"), max_value=Decimal("1E12"), allow_nan=False, allow_infinity=False
)


def test_an_order_is_asked_for_in_full() -> None:
    request = request_of(order(post_only=True, time_in_force="GTC"), deadline=DEADLINE)

    assert request == {
        "ordertype": "limit",
        "type": "buy",
        "volume": "0.002",
        "pair": "XBTUSD",
        "price": "50250",
        "oflags": "post,fciq",
        "timeinforce": "GTC",
        "cl_ord_id": order().cl_ord_id,
        "deadline": "2026-11-02T12:00:35.250Z",
    }


def test_a_market_order_names_no_price_and_never_rests() -> None:
    request = request_of(order(order_type="market", post_only=False), deadline=DEADLINE)

    assert "price" not in request
    assert "timeinforce" not in request
    assert request["oflags"] == "fciq"


def test_the_flag_that_says_where_the_fee_is_paid_is_always_there() -> None:
    assert request_of(order(post_only=False), deadline=DEADLINE)["oflags"] == "fciq"


@given(qty=AMOUNTS, price=AMOUNTS, side=st.sampled_from(Side), nonce=st.integers(1, 2**64 - 1))
def test_a_request_comes_back_from_its_bytes_as_it_was(
    qty: Decimal, price: Decimal, side: Side, nonce: int
) -> None:
    wanted = order(qty=qty, limit_price=price, side=side)
    form = dict(parse_qsl(form_of(request_of(wanted, deadline=DEADLINE), nonce).decode()))

    assert form.pop("nonce") == str(nonce)
    assert form == request_of(wanted, deadline=DEADLINE)
    assert (Decimal(form["volume"]), Decimal(form["price"])) == (qty, price)
    assert not set("eE+") & set(form["volume"] + form["price"])
    assert form["type"] == side.value


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": "stop-loss"},
        {"time_in_force": "GT"},
        {"time_in_force": ""},
        {"time_in_force": "IOC", "post_only": True},
        {"order_type": "market", "post_only": True},
        {"qty": Decimal(0)},
        {"qty": Decimal(-1)},
        {"limit_price": Decimal(0)},
    ],
)
def test_what_kraken_would_not_take_is_refused_before_it_is_sent(
    changes: dict[str, object],
) -> None:
    with scripted(always(PLACED)) as server:
        with pytest.raises(InvalidValueError, match=order().local_id):
            Trader(line_to(server.url)).add(order(**changes), deadline=DEADLINE)

        assert server.heard == []


def test_a_deadline_in_another_zone_is_refused() -> None:
    elsewhere = DEADLINE.astimezone(timezone(timedelta(hours=2)))

    with pytest.raises(InvalidValueError, match="UTC"):
        request_of(order(), deadline=elsewhere)


def test_what_is_written_down_first_is_what_is_sent() -> None:
    with scripted(always(PLACED)) as server:
        trader = Trader(line_to(server.url))
        written = trader.request_of(order(), deadline=DEADLINE)
        placed = trader.add(order(), deadline=DEADLINE)

        [heard] = server.heard
        assert placed.kraken_order_id == "OABC"
        assert heard.path == "/0/private/AddOrder"
        assert {**written, "nonce": "1"} == heard.form
        assert heard.headers["api-sign"] == CREDENTIAL.sign(
            path=heard.path, nonce=1, body=heard.body
        )


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses("EOrder:Insufficient funds"), FundsRefusedError),
        (refuses("EAPI:Rate limit exceeded"), RateLimitedError),
        (refuses("EAPI:Invalid nonce"), NonceRefusedError),
        (refuses("EAPI:Invalid key"), AuthError),
        (refuses("EService:Deadline elapsed"), OutcomeUnknownError),
        (refuses("EGeneral:Invalid arguments:cl_ord_id not unique"), OutcomeUnknownError),
        (page(b"", status="502 Bad Gateway"), OutcomeUnknownError),
        (closes, OutcomeUnknownError),
        (stays_silent, OutcomeUnknownError),
        (ok({"descr": {"order": "x"}}), UnexpectedReplyError),
        (
            ok({"txid": ["OABC"], "descr": {"order": "sell 9 ETHUSD @ market"}}),
            UnexpectedReplyError,
        ),
    ],
)
def test_an_order_that_fails_says_what_may_have_happened(
    reply: Reply, error: type[Exception]
) -> None:
    with scripted(always(reply)) as server:
        with pytest.raises(error) as failed:
            Trader(line_to(server.url)).add(order(), deadline=DEADLINE)

        assert failed.type is error
        assert len(server.heard) == 1


def test_a_cancel_names_the_order_at_kraken() -> None:
    with scripted(always(ok({"count": 1}))) as server:
        Trader(line_to(server.url)).cancel("OABC")

        assert server.heard[0].path == "/0/private/CancelOrder"
        assert server.heard[0].form == {"nonce": "1", "txid": "OABC"}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses("EOrder:Unknown order"), OrderRefusedError),
        (refuses("EOrder:Invalid order"), OrderRefusedError),
        (refuses("EService:Busy"), OutcomeUnknownError),
        (closes, OutcomeUnknownError),
    ],
)
def test_a_cancel_that_fails_says_what_may_have_happened(
    reply: Reply, error: type[Exception]
) -> None:
    with scripted(always(reply)) as server, pytest.raises(error):
        Trader(line_to(server.url)).cancel("OABC")


@given(
    qty=AMOUNTS,
    order_type=st.sampled_from(["limit", "market"]),
    time_in_force=st.sampled_from(["GTC", "IOC", "FOK", "gtc"]),
)
def test_a_validator_always_asks_only_to_validate(
    qty: Decimal, order_type: str, time_in_force: str
) -> None:
    line = line_to("http://127.0.0.1:1")
    wanted = order(qty=qty, order_type=order_type, time_in_force=time_in_force, post_only=False)

    assert Validator(line).request_of(wanted, deadline=DEADLINE)["validate"] == "true"


def test_a_validator_sends_what_it_says_and_places_nothing() -> None:
    with scripted(always(CHECKED)) as server:
        checked = Validator(line_to(server.url)).add(order(), deadline=DEADLINE)

        assert checked.description.startswith("buy 0.00200000 XBTUSD")
        assert server.heard[0].form["validate"] == "true"


def test_a_validator_that_is_told_of_a_placed_order_raises_the_alarm() -> None:
    with scripted(always(PLACED)) as server, pytest.raises(UnexpectedReplyError, match="OABC"):
        Validator(line_to(server.url)).add(order(), deadline=DEADLINE)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses("EOrder:Insufficient funds"), OrderRefusedError),
        (refuses("EService:Busy"), UnreachableError),
        (closes, UnreachableError),
    ],
)
def test_a_check_that_fails_leaves_nothing_unknown(reply: Reply, error: type[Exception]) -> None:
    with scripted(always(reply)) as server, pytest.raises(error):
        Validator(line_to(server.url)).add(order(), deadline=DEADLINE)


def test_a_recorder_says_what_it_would_send_and_has_no_connection() -> None:
    recorder = Recorder()

    rehearsed = recorder.add(order(), deadline=DEADLINE)

    assert rehearsed.description == "buy 0.002 XBTUSD @ limit 50250 (dry run: not sent)"
    assert recorder.request_of(order(), deadline=DEADLINE) == request_of(order(), deadline=DEADLINE)
    assert not vars(recorder)


def test_an_amendment_names_the_order_and_what_changes_of_it() -> None:
    with scripted(always(ok({"amend_id": "TAMEND"}))) as server:
        amended = Trader(line_to(server.url)).amend("OABC", CHEAPER, deadline=DEADLINE)

        assert amended == Amended(amend_id="TAMEND", kraken_order_id="OABC")
        assert server.heard[0].path == "/0/private/AmendOrder"
        assert server.heard[0].form == {
            "nonce": "1",
            "txid": "OABC",
            "limit_price": "49000",
            "deadline": "2026-11-02T12:00:35.250Z",
        }


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses("EOrder:Invalid limit price"), OrderRefusedError),
        (refuses("EAPI:Rate limit exceeded"), RateLimitedError),
        (refuses("EService:Unavailable"), OutcomeUnknownError),
        (closes, OutcomeUnknownError),
        (ok({}), UnexpectedReplyError),
    ],
)
def test_an_amendment_that_fails_says_what_may_have_happened(
    reply: Reply, error: type[Exception]
) -> None:
    with scripted(always(reply)) as server:
        with pytest.raises(error):
            Trader(line_to(server.url)).amend("OABC", CHEAPER, deadline=DEADLINE)

        assert len(server.heard) == 1


def test_several_orders_go_in_one_request() -> None:
    said = {"order": "buy 0.00200000 XBTUSD @ limit 50250.0"}
    reply = ok({"orders": [{"txid": "O1", "descr": said}, {"txid": "O2", "descr": said}]})
    with scripted(always(reply)) as server:
        first, second = Trader(line_to(server.url)).add_batch(SEVERAL, deadline=DEADLINE)

        assert isinstance(first, Placed)
        assert isinstance(second, Placed)
        assert (first.kraken_order_id, second.kraken_order_id) == ("O1", "O2")
        assert [each.path for each in server.heard] == ["/0/private/AddOrderBatch"]
        assert "validate" not in json.loads(server.heard[0].body)


def test_several_orders_are_checked_in_one_request_that_only_validates() -> None:
    said = {"order": "buy 0.00200000 XBTUSD @ limit 50250.0"}
    with scripted(always(ok({"orders": [{"descr": said}, {"descr": said}]}))) as server:
        checked = Validator(line_to(server.url)).add_batch(SEVERAL, deadline=DEADLINE)

        assert len(checked) == 2
        assert json.loads(server.heard[0].body)["validate"] is True


def test_a_recorder_says_what_it_would_send_of_several() -> None:
    assert len(Recorder().add_batch(SEVERAL, deadline=DEADLINE)) == 2

    with pytest.raises(InvalidValueError, match="2 to 15"):
        Recorder().add_batch(SEVERAL[:1], deadline=DEADLINE)


def test_many_cancels_go_in_one_request() -> None:
    with scripted(always(ok({"count": 3}))) as server:
        reached = Trader(line_to(server.url)).cancel_many(["O1", "O2"], cl_ord_ids=["mine"])

        assert reached == 3
        assert server.heard[0].path == "/0/private/CancelOrderBatch"
        assert json.loads(server.heard[0].body) == {
            "nonce": 1,
            "orders": ["O1", "O2"],
            "cl_ord_ids": ["mine"],
        }


@pytest.mark.parametrize("count", [0, 51])
def test_too_few_or_too_many_cancels_are_not_sent(count: int) -> None:
    with scripted(always(PLACED)) as server:
        with pytest.raises(InvalidValueError, match="1 to 50"):
            Trader(line_to(server.url)).cancel_many(["O1"] * count)

        assert server.heard == []


def test_all_open_orders_are_canceled_at_once() -> None:
    with scripted(always(ok({"count": 4}))) as server:
        assert Trader(line_to(server.url)).cancel_all() == 4
        assert server.heard[0].path == "/0/private/CancelAll"


def test_nothing_that_was_only_rehearsed_can_be_canceled_or_amended() -> None:
    def none(heard: Heard) -> Reply:
        return PLACED

    with scripted(none) as server:
        for gateway in (Recorder(), Validator(line_to(server.url))):
            with pytest.raises(RefusedError, match="OABC"):
                gateway.cancel("OABC")
            with pytest.raises(RefusedError, match="OABC"):
                gateway.amend("OABC", CHEAPER, deadline=DEADLINE)
        with pytest.raises(RefusedError, match="`kraken-pipeline panic` cancels everything"):
            Validator(line_to(server.url)).cancel("OABC")

        assert server.heard == []
