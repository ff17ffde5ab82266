"""The stream's trading requests as the parameters of REST: one engine reads both.

Source: kraken/ws_v2.md §6 beside kraken/rest.md §6.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import KINDS
from kraken_pipeline.simulator.params import RefusedError, instant, invalid
from kraken_pipeline.simulator.stream.requests import Fields

DEADLINE: Final = timedelta(seconds=5)
"""Within which the engine must have seen a request that names none."""
TRAILING: Final = "trailing-stop"
NO_MPP: Final = "no_mpp order option is only available when ordertype = market"
_STATIC: Final = "static"
_TYPES: Final = frozenset({_STATIC, "pct", "quote"})
_FEES: Final[Mapping[str, str]] = MappingProxyType({"base": "fcib", "quote": "fciq"})

Form = dict[str, object]


def deadline(fields: Fields, received: datetime) -> str:
    """Return by when the engine must have seen a request, as text."""
    return fields.text("deadline") or (received + DEADLINE).isoformat()


def plain(value: Decimal) -> str:
    """Return a number without an exponent."""
    return f"{value:f}"


def order(fields: Fields, pair: Pair) -> Form:
    """Return the form of a new order, without its pair and deadline.

    Raises:
        MessageError: a field is of the wrong type.
        RefusedError: a field has no such value.
    """
    kind = fields.text("order_type")
    form: Form = {
        "ordertype": kind,
        "type": fields.text("side"),
        "timeinforce": fields.text("time_in_force").upper(),
        "oflags": ",".join(_flags(fields, kind)),
        **_volume(fields),
        **_prices(fields, kind),
        **_times(fields),
        **_names(fields),
        **_margin(fields, pair),
        **_close(fields.nested("conditional")),
    }
    if "stp_type" in fields:
        form["stptype"] = fields.text("stp_type").replace("_", "-")
    return {name: value for name, value in form.items() if value != ""}


def _volume(fields: Fields) -> Form:
    form: Form = {}
    if "order_qty" in fields:
        form["volume"] = plain(fields.number("order_qty"))
    if "cash_order_qty" in fields:
        form["volume"] = plain(fields.number("cash_order_qty"))
    if "display_qty" in fields:
        form["displayvol"] = plain(fields.number("display_qty"))
    return form


def _flags(fields: Fields, kind: str) -> list[str]:
    found = ["post"] if fields.flag("post_only") else []
    if fields.flag("no_mpp"):
        if kind != "market":
            raise invalid(NO_MPP)
        found.append("nompp")
    if "cash_order_qty" in fields:
        found.append("viqc")
    if "fee_preference" in fields:
        preference = fields.text("fee_preference")
        if preference not in _FEES:
            raise invalid("fee_preference")
        found.append(_FEES[preference])
    return found


def price(fields: Fields, name: str, *, default: str = _STATIC, kind: str = "") -> str:
    """Return a price as REST spells it: 30000, +1.5%, -20.

    Args:
        fields: of the request.
        name: of the price.
        default: its type, if none is said.
        kind: the name of its type, if that is not the price's with `_type` behind it.

    Raises:
        MessageError: it is no number.
        RefusedError: it is of an unknown type.
    """
    value = fields.number(name)
    of_type = fields.text(kind or f"{name}_type", default)
    if of_type not in _TYPES:
        raise invalid(kind or f"{name}_type")
    if of_type == _STATIC:
        return plain(value)
    return f"{value:+f}%" if of_type == "pct" else f"{value:+f}"


def _prices(fields: Fields, kind: str) -> Form:
    known = KINDS.get(kind)
    form: Form = {}
    triggered = known is not None and bool(known.fired)
    if "limit_price" in fields:
        default = "quote" if kind.startswith(TRAILING) else _STATIC
        form["price2" if triggered else "price"] = price(fields, "limit_price", default=default)
    trigger = fields.nested("triggers")
    if "price" in trigger:
        trails = kind.startswith(TRAILING)
        spelled = price(trigger, "price", default="quote" if trails else _STATIC, kind="price_type")
        form["price"] = f"+{spelled.lstrip('+')}" if trails else spelled
    if "reference" in trigger:
        form["trigger"] = trigger.text("reference")
    return form


def _times(fields: Fields) -> Form:
    names = {"effective_time": "starttm", "expire_time": "expiretm"}
    return {
        rest: plain(Decimal(str(instant(fields.text(ours), ours).timestamp())))
        for ours, rest in names.items()
        if ours in fields
    }


def _names(fields: Fields) -> Form:
    form: Form = {}
    if "cl_ord_id" in fields:
        form["cl_ord_id"] = fields.text("cl_ord_id")
    if "order_userref" in fields:
        form["userref"] = str(fields.integer("order_userref"))
    return form


def _margin(fields: Fields, pair: Pair) -> Form:
    form: Form = {"reduce_only": "true"} if fields.flag("reduce_only") else {}
    if fields.flag("margin"):
        if not pair.leverage:
            raise RefusedError("EOrder:Invalid leverage")
        form["leverage"] = str(max(pair.leverage))
    return form


def _close(fields: Fields) -> Form:
    if "order_type" not in fields:
        return {}
    form: Form = {"ordertype": fields.text("order_type")}
    triggered = "trigger_price" in fields
    if triggered:
        form["price"] = price(fields, "trigger_price")
    if "limit_price" in fields:
        form["price2" if triggered else "price"] = price(fields, "limit_price")
    return {"close": form}


def amendment(fields: Fields) -> Form:
    """Return the form of an amend, without its order and deadline.

    Raises:
        MessageError: a field is of the wrong type.
        RefusedError: a field has no such value.
    """
    form: Form = {}
    for name in ("order_qty", "display_qty"):
        if name in fields:
            form[name] = plain(fields.number(name))
    for name in ("limit_price", "trigger_price"):
        if name in fields:
            form[name] = price(fields, name)
    if fields.flag("post_only"):
        form["post_only"] = "true"
    return form


def edit(fields: Fields) -> Form:
    """Return the form of an edit, without its order, pair and deadline.

    Raises:
        MessageError: a field is of the wrong type.
        RefusedError: a field has no such value.
    """
    form = _volume(fields)
    trigger = fields.nested("triggers")
    if "price" in trigger:
        form["price"] = price(trigger, "price", kind="price_type")
    if "limit_price" in fields:
        form["price2" if "price" in trigger else "price"] = price(fields, "limit_price")
    if "order_userref" in fields:
        form["userref"] = str(fields.integer("order_userref"))
    if fields.flag("post_only"):
        form["oflags"] = "post"
    return form
