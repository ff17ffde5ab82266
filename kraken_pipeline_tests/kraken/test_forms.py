"""What is written is read back here by another hand, the way Kraken's documents describe it."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.kraken.forms import add_request, amend_request, batch_fields, price_text
from kraken_pipeline.kraken.http import body_of
from kraken_pipeline.kraken.terms import (
    Close,
    FeeCurrency,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    SelfTrade,
    TimeInForce,
)
from kraken_pipeline.kraken.tickets import Ticket
from kraken_pipeline_tests.builders import NOW
from kraken_pipeline_tests.kraken.wanted import AMOUNTS, terms, tickets

NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
PRICE = re.compile(r"(?P<sign>[+-]?)(?P<digits>[0-9]+(\.[0-9]+)?)(?P<percent>%?)")
PROTECTED = frozenset({"expiretm", "starttm"})
DEADLINE = NOW


def number(text: str) -> Decimal:
    assert NUMBER.fullmatch(text), text
    return Decimal(text)


def price(text: str | None) -> PriceTerm | None:
    if text is None:
        return None
    found = PRICE.fullmatch(text)
    assert found, text
    amount = Decimal(found["sign"] + found["digits"])
    if not found["sign"]:
        return PriceTerm(amount=amount)
    return PriceTerm(amount=amount, kind=PriceKind.PERCENT if found["percent"] else PriceKind.QUOTE)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromtimestamp(int(text), UTC)


def prices(form: Mapping[str, Any]) -> dict[str, Any]:
    """Kraken's first price is the trigger of whatever has one, else the limit."""
    triggered = form["ordertype"] not in {"market", "limit", "iceberg"}
    first, second = price(form.get("price")), price(form.get("price2"))
    return {"trigger": first, "limit": second} if triggered else {"limit": first}


def close(form: Mapping[str, Any] | None) -> Close | None:
    if form is None:
        return None
    return Close(order_type=OrderType(form["ordertype"]), **prices(form))


def read_back(form: Mapping[str, Any], *, pair: str) -> Ticket:
    flags = form["oflags"].split(",")
    assert ("fciq" in flags) is not ("fcib" in flags)
    in_cash = "viqc" in flags
    volume = number(form["volume"])
    return Ticket(
        pair=pair,
        side=Side(form["type"]),
        order_type=OrderType(form["ordertype"]),
        qty=None if in_cash else Qty(volume),
        cash=volume if in_cash else None,
        display_qty=Qty(number(form["displayvol"])) if "displayvol" in form else None,
        **prices(form),
        reference=Reference(form["trigger"]) if "trigger" in form else None,
        time_in_force=TimeInForce(form["timeinforce"]) if "timeinforce" in form else None,
        starts_at=instant(form.get("starttm")),
        expires_at=instant(form.get("expiretm")),
        post_only="post" in flags,
        fee_currency=FeeCurrency.BASE if "fcib" in flags else FeeCurrency.QUOTE,
        self_trade=SelfTrade(form.get("stptype", "cancel-newest")),
        close=close(form.get("close")),
        cl_ord_id=form.get("cl_ord_id"),
        userref=int(form["userref"]) if "userref" in form else None,
    )


def unnested(form: Mapping[str, str]) -> dict[str, Any]:
    """Gather `close[price]` and its like."""
    inner = {
        name.removeprefix("close[").removesuffix("]"): value
        for name, value in form.items()
        if name.startswith("close[")
    }
    outer = {name: value for name, value in form.items() if not name.startswith("close[")}
    return {**outer, "close": inner} if inner else outer


@given(ticket=tickets(), nonce=st.integers(1, 2**64 - 1))
def test_a_ticket_comes_back_from_its_form_as_it_was(ticket: Ticket, nonce: int) -> None:
    content_type, body = body_of(add_request(ticket, deadline=DEADLINE), nonce)
    form = dict(parse_qsl(body.decode(), strict_parsing=True))

    assert "urlencoded" in content_type
    assert b"+" not in body
    assert form["nonce"] == str(nonce)
    assert form["deadline"] == "2026-11-02T12:00:30.000Z"
    assert read_back(unnested(form), pair=form["pair"]) == ticket


@given(several=st.lists(tickets(), min_size=2, max_size=3))
def test_a_ticket_comes_back_from_a_batch_as_it_was(several: list[Ticket]) -> None:
    rows = [batch_fields(each) for each in several]
    content_type, body = body_of({"pair": "XBTUSD", "orders": rows}, 7)
    told = json.loads(body)

    assert "json" in content_type
    assert [read_back(each, pair=told["pair"]) for each in told["orders"]] == several


@given(term=terms())
def test_a_price_comes_back_from_its_text_as_it_was(term: PriceTerm) -> None:
    assert price(price_text(term)) == term


@given(ticket=tickets())
def test_every_field_of_a_form_is_text_without_an_exponent_and_in_no_capital(
    ticket: Ticket,
) -> None:
    form = add_request(ticket, deadline=DEADLINE)

    assert set(map(type, form.values())) == {str}
    assert not {"True", "False", "None", ""} & set(form.values())
    for name in PROTECTED & form.keys():
        assert form[name].isdecimal()


@given(
    qty=st.none() | AMOUNTS.map(Qty),
    limit_price=st.none() | AMOUNTS.map(Price),
    trigger_price=AMOUNTS.map(Price),
    post_only=st.booleans(),
)
def test_an_amendment_comes_back_from_its_form_as_it_was(
    *, qty: Qty | None, limit_price: Price | None, trigger_price: Price, post_only: bool
) -> None:
    amendment = Amendment(
        qty=qty, limit_price=limit_price, trigger_price=trigger_price, post_only=post_only
    )
    _, body = body_of(amend_request("OABC", amendment, deadline=DEADLINE), 1)
    form = dict(parse_qsl(body.decode(), strict_parsing=True))

    def told(name: str) -> Decimal | None:
        return number(form[name]) if name in form else None

    assert form["txid"] == "OABC"
    assert (told("order_qty"), told("limit_price")) == (qty, limit_price)
    assert told("trigger_price") == trigger_price
    assert form.get("post_only") == ("true" if post_only else None)
