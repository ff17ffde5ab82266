"""The trading methods: what each asks of the engine, and how its answer looks here.

They go through the same functions as REST, so rules, limits and errors are the same.

Source: kraken/ws_v2.md §6.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from kraken_pipeline.simulator.api.methods import PRIVATE
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.params import Params, RefusedError, invalid
from kraken_pipeline.simulator.stream import forms, frames
from kraken_pipeline.simulator.stream.forms import Form
from kraken_pipeline.simulator.stream.requests import Fields, Request, objects

Json = Any  # what REST answers has as many shapes as there are methods
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
SMALLEST_CANCEL: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of REST's that a request comes down to, and how its result is told."""

    method: str
    form: Form
    shape: Callable[[Json], dict[str, str]]
    """Returns the answer's fields besides `method` and `success`, as JSON."""

    def answered(self, exchange: Exchange) -> dict[str, str]:
        """Do it and return the answer's fields.

        Raises:
            RefusedError: the engine refuses.
        """
        return self.shape(json.loads(PRIVATE[self.method].answer(exchange, Params(self.form))))


Calls = Callable[[Exchange, Request], Iterator[Call]]


def _result(fields: Mapping[str, object]) -> dict[str, str]:
    return {"result": frames.text(fields)}


def _pair(exchange: Exchange, fields: Fields) -> Pair:
    """Return the pair that a request names as the stream spells it: BTC/USD.

    Raises:
        RefusedError: there is none of that name.
    """
    name = fields.text("symbol")
    pair = exchange.market.listing.pair(name)
    if pair is None or pair.display != name:
        raise RefusedError(UNKNOWN_PAIR)
    return pair


def _given(fields: Fields) -> dict[str, object]:
    """Return the name that the caller gave an order, as it is echoed."""
    if "cl_ord_id" in fields:
        return {"cl_ord_id": fields.text("cl_ord_id")}
    return {"order_userref": fields.integer("order_userref")} if "order_userref" in fields else {}


def _add(exchange: Exchange, request: Request) -> Iterator[Call]:
    fields = request.params
    pair = _pair(exchange, fields)
    form = forms.order(fields, pair) | _common(request, pair)
    given = _given(fields)

    def shape(result: Json) -> dict[str, str]:
        identity = {"order_id": result["txid"][0]} if "txid" in result else {}
        return _result(identity | given)

    yield Call(method="AddOrder", form=form, shape=shape)


def _common(request: Request, pair: Pair) -> Form:
    form: Form = {
        "pair": pair.display,
        "deadline": forms.deadline(request.params, request.received),
    }
    if request.params.flag("validate"):
        form["validate"] = "true"
    return form


def _add_batch(exchange: Exchange, request: Request) -> Iterator[Call]:
    pair = _pair(exchange, request.params)
    asked = [objects("orders", each) for each in request.params.items("orders")]
    given = [_given(each) for each in asked]
    orders = [forms.order(each, pair) for each in asked]

    def shape(result: Json) -> dict[str, str]:
        rows = [
            {"error": each["error"]} | named
            if "error" in each
            else ({"order_id": each["txid"]} if "txid" in each else {}) | named
            for each, named in zip(result["orders"], given, strict=True)
        ]
        return {"result": frames.text(rows)}

    form = _common(request, pair) | {"orders": orders}
    yield Call(method="AddOrderBatch", form=form, shape=shape)


def _order_named(fields: Fields) -> tuple[Form, dict[str, object]]:
    """Return how REST names the order of a request, and how it is echoed."""
    if "cl_ord_id" in fields:
        name = fields.text("cl_ord_id")
        return {"cl_ord_id": name}, {"cl_ord_id": name}
    identity = fields.text("order_id")
    return {"txid": identity}, {"order_id": identity}


def _amend(exchange: Exchange, request: Request) -> Iterator[Call]:
    fields = request.params
    name, echo = _order_named(fields)
    form = name | forms.amendment(fields)
    form["deadline"] = forms.deadline(fields, request.received)
    yield Call(
        method="AmendOrder",
        form=form,
        shape=lambda result: _result({"amend_id": result["amend_id"]} | echo),
    )


def _edit(exchange: Exchange, request: Request) -> Iterator[Call]:
    fields = request.params
    pair, old = _pair(exchange, fields), fields.text("order_id")
    form = {"txid": old} | _common(request, pair) | forms.edit(fields)

    def shape(result: Json) -> dict[str, str]:
        identity = {"order_id": result["txid"]} if "txid" in result else {}
        return _result(identity | {"original_order_id": old})

    yield Call(method="EditOrder", form=form, shape=shape)


def _cancel(exchange: Exchange, request: Request) -> Iterator[Call]:
    fields = request.params
    named: list[tuple[Form, dict[str, object]]] = [
        ({"txid": each}, {"order_id": each}) for each in fields.texts("order_id")
    ]
    named += [({"cl_ord_id": each}, {"cl_ord_id": each}) for each in fields.texts("cl_ord_id")]
    named += [
        ({"txid": str(each)}, {"order_userref": each}) for each in fields.items("order_userref")
    ]
    if not named:
        raise invalid("order_id")
    for form, echo in named:
        yield Call(method="CancelOrder", form=form, shape=_echoing(echo))


def _echoing(fields: Mapping[str, object]) -> Callable[[Json], dict[str, str]]:
    return lambda _: _result(fields)


def _cancel_all(exchange: Exchange, request: Request) -> Iterator[Call]:
    yield Call(method="CancelAll", form={}, shape=_result)


def _cancel_after(exchange: Exchange, request: Request) -> Iterator[Call]:
    form: Form = {"timeout": str(request.params.integer("timeout"))}
    yield Call(method="CancelAllOrdersAfter", form=form, shape=_result)


def _cancel_batch(exchange: Exchange, request: Request) -> Iterator[Call]:
    orders, clients = request.params.texts("orders"), request.params.texts("cl_ord_id")
    if len(orders) + len(clients) < SMALLEST_CANCEL:
        raise invalid("orders")

    def shape(result: Json) -> dict[str, str]:
        # one form is documented, the other was captured; whoever reads either is served
        return _result({"count": result["count"]}) | {"orders_cancelled": str(result["count"])}

    form: Form = {"orders": orders, "cl_ord_ids": clients}
    yield Call(method="CancelOrderBatch", form=form, shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A trading method."""

    calls: Calls
    permissions: frozenset[str]
    """Any one of them is enough."""


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        name: Method(calls=calls, permissions=PRIVATE[rest].permissions)
        for name, rest, calls in (
            ("add_order", "AddOrder", _add),
            ("amend_order", "AmendOrder", _amend),
            ("edit_order", "EditOrder", _edit),
            ("cancel_order", "CancelOrder", _cancel),
            ("cancel_all", "CancelAll", _cancel_all),
            ("cancel_all_orders_after", "CancelAllOrdersAfter", _cancel_after),
            ("batch_add", "AddOrderBatch", _add_batch),
            ("batch_cancel", "CancelOrderBatch", _cancel_batch),
        )
    }
)
