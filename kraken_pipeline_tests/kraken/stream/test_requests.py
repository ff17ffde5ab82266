import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.kraken.stream.requests import (
    batched_params,
    milliseconds,
    order_params,
    ping,
    rendered,
    written,
)
from kraken_pipeline.kraken.terms import (
    Close,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    SelfTrade,
    TimeInForce,
)
from kraken_pipeline.kraken.tickets import Ticket

AMOUNTS = st.decimals("1E-12", "1E12", allow_nan=False, allow_infinity=False)
STARTS = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ticket(**changes: object) -> Ticket:
    told: dict[str, object] = {
        "pair": "XBTUSD",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "qty": Qty(Decimal("0.10000000")),
        "limit": PriceTerm.at(Decimal("50000.5")),
        "time_in_force": TimeInForce.GTC,
        "cl_ord_id": "ours",
        **changes,
    }
    # every test says what fits together; the ticket itself refuses what does not
    return Ticket(**told)  # type: ignore[arg-type]


@given(AMOUNTS)
def test_an_amount_is_a_json_number_with_its_own_digits(amount: Decimal) -> None:
    text = written(amount)

    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == amount
    assert not set('eE"+') & set(text)


@given(st.recursive(st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_everything_else_is_written_as_json_is(value: object) -> None:
    assert json.loads(written({"told": value})) == {"told": value}


@pytest.mark.parametrize("value", [0.1, None, b"x", Decimal("NaN")])
def test_what_has_no_exact_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        written({"qty": value})


def test_a_request_is_one_object_with_its_id() -> None:
    text = rendered("subscribe", {"channel": "book", "symbol": ["BTC/USD"], "depth": 10}, 7)

    assert json.loads(text) == {
        "method": "subscribe",
        "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 10},
        "req_id": 7,
    }
    assert json.loads(ping(8)) == {"method": "ping", "req_id": 8}


def test_an_order_says_all_that_its_ticket_does() -> None:
    wanted = ticket(
        time_in_force=TimeInForce.GTD,
        starts_at=STARTS,
        expires_at=STARTS.replace(hour=13),
        post_only=True,
        self_trade=SelfTrade.CANCEL_BOTH,
        close=Close(
            order_type=OrderType.STOP_LOSS,
            trigger=PriceTerm(amount=Decimal(-5), kind=PriceKind.PERCENT),
        ),
    )

    assert order_params(wanted, symbol="BTC/USD") == {
        "symbol": "BTC/USD",
        "order_type": "limit",
        "side": "buy",
        "order_qty": Decimal("0.10000000"),
        "limit_price": Decimal("50000.5"),
        "time_in_force": "gtd",
        "effective_time": "2026-11-23T12:00:00Z",
        "expire_time": "2026-11-23T13:00:00Z",
        "post_only": True,
        "fee_preference": "quote",
        "stp_type": "cancel_both",
        "conditional": {
            "order_type": "stop-loss",
            "trigger_price": Decimal(-5),
            "trigger_price_type": "pct",
        },
        "cl_ord_id": "ours",
    }


def test_a_trigger_stands_in_an_object_of_its_own() -> None:
    wanted = ticket(
        order_type=OrderType.STOP_LOSS,
        limit=None,
        trigger=PriceTerm.at(Decimal(40_000)),
        reference=Reference.INDEX,
    )

    assert batched_params(wanted)["triggers"] == {
        "price": Decimal(40_000),
        "price_type": "static",
        "reference": "index",
    }


def test_a_buy_in_cash_names_no_qty() -> None:
    told = batched_params(
        ticket(
            order_type=OrderType.MARKET,
            qty=None,
            cash=Decimal(100),
            limit=None,
            time_in_force=None,
        )
    )

    assert told["cash_order_qty"] == 100
    assert "order_qty" not in told


def test_a_deadline_is_told_to_the_millisecond() -> None:
    assert milliseconds(STARTS.replace(microsecond=250_999)) == "2026-11-23T12:00:00.250Z"
