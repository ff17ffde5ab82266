"""Reading an order that a caller wants, and the rules that it must keep before the engine sees it.

Market and limit orders are understood; the triggered, iceberg and settling types are refused with
`EGeneral:Invalid arguments:ordertype`, and so are conditional closes with `...:close`.

Source: kraken/rest.md §6 and the live wording there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.params import Params, RefusedError, instant, invalid, number

TYPES: Final = frozenset({"market", "limit"})
FLAGS: Final = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
TIMES_IN_FORCE: Final = frozenset({"GTC", "IOC", "GTD", "FOK"})
LATEST_DEADLINE: Final = timedelta(seconds=60)
LONGEST_LIFE: Final = timedelta(days=31)
SHORTEST_LIFE: Final = timedelta(seconds=4)
"""Kraken says 5 s; a second is left for the way."""
INT32: Final = 2**31
CL_ORD_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}"
)
_RELATIVE: Final = re.compile(r"(?P<sign>[+\-#])(?P<number>[0-9.]+)(?P<percent>%?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order that a caller wants, its arguments found right."""

    pair: Pair
    side: Side
    ordertype: str
    volume: Decimal
    price: Decimal | None
    oflags: tuple[str, ...]
    timeinforce: str
    expires: datetime | None
    cl_ord_id: str | None
    userref: int

    @property
    def in_quote(self) -> bool:
        """Whether the volume counts the quote."""
        return "viqc" in self.oflags

    @property
    def post_only(self) -> bool:
        """Whether it may not take."""
        return "post" in self.oflags


def check_deadline(params: Params, now: datetime) -> None:
    """Refuse a call whose deadline has passed.

    Raises:
        RefusedError: the deadline has passed, lies too far ahead, or is no time.
    """
    if "deadline" not in params:
        return
    deadline = instant(params.text("deadline"), "deadline")
    if deadline <= now:
        raise RefusedError("EService:Deadline elapsed")
    if deadline > now + LATEST_DEADLINE:
        raise invalid("deadline")


def wanted(params: Params, pair: Pair, last: Decimal, now: datetime) -> Wanted:
    """Read an order and hold it against every rule that needs no account.

    Args:
        params: of AddOrder, or of one order of a batch.
        pair: the pair that was asked for.
        last: the pair's last price, quote per base.
        now: the exchange's time.

    Raises:
        RefusedError: the first rule that is broken.
    """
    order = _read(params, pair, last, now)
    for check in CHECKS:
        problem = check(order, last)
        if problem is not None:
            raise RefusedError(problem)
    return order


def _read(params: Params, pair: Pair, last: Decimal, now: datetime) -> Wanted:
    if params.text("type") not in {"buy", "sell"}:
        raise invalid("type")
    ordertype = params.text("ordertype")
    if ordertype not in TYPES:
        raise invalid("ordertype")
    _refuse_what_is_not_offered(params)
    side = Side(params.text("type"))
    expires = _expiry(params, now)
    return Wanted(
        pair=pair,
        side=side,
        ordertype=ordertype,
        volume=params.number("volume"),
        price=None if ordertype == "market" else _price(params, pair, side, last),
        oflags=_oflags(params, ordertype, side),
        timeinforce=_time_in_force(params, expires),
        expires=expires,
        cl_ord_id=_cl_ord_id(params),
        userref=_userref(params),
    )


def _refuse_what_is_not_offered(params: Params) -> None:
    if params.text("leverage").lower() not in {"", "none", "0"}:
        raise RefusedError("EOrder:Invalid leverage")
    if params.flag("reduce_only"):
        raise RefusedError("EOrder:Reduce only:No position exists")
    if params.text("starttm") not in {"", "0"}:
        raise invalid("starttm")
    if "close[ordertype]" in params or "close" in params:
        raise invalid("close")
    if params.text("stptype") not in {"", "cancel-newest"}:
        raise invalid("stptype")


def _price(params: Params, pair: Pair, side: Side, last: Decimal) -> Decimal:
    text = params.text("price")
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        return number(text, "price")
    amount = number(relative["number"], "price")
    if relative["percent"]:
        amount = last * amount / 100
    towards = Side.BUY if relative["sign"] == "-" else Side.SELL
    lower = side is Side.BUY if relative["sign"] == "#" else towards is Side.BUY
    price = last - amount if lower else last + amount
    return price.quantize(pair.tick, rounding=ROUND_HALF_UP)


def _oflags(params: Params, ordertype: str, side: Side) -> tuple[str, ...]:
    flags = params.names("oflags")
    wrong = (
        not FLAGS.issuperset(flags)
        or {"fcib", "fciq"}.issubset(flags)
        or ("post" in flags and ordertype != "limit")
    )
    if wrong:
        raise invalid("oflags")
    if "viqc" in flags and (ordertype, side) != ("market", Side.BUY):
        raise invalid("viqc")
    kept = [flag for flag in ("post", "fcib", "fciq", "viqc") if flag in flags]
    return tuple(kept if "fcib" in kept or "fciq" in kept else [*kept, "fciq"])


def _expiry(params: Params, now: datetime) -> datetime | None:
    text = params.text("expiretm")
    if text in {"", "0"}:
        return None
    seconds = number(text.removeprefix("+"), "expiretm")
    if not 0 < seconds < 2**36:
        raise invalid("expiretm")
    begin = now if text.startswith("+") else datetime.fromtimestamp(0, UTC)
    expires = begin + timedelta(microseconds=int(seconds * 1_000_000))
    if not SHORTEST_LIFE <= expires - now <= LONGEST_LIFE:
        raise invalid("expiretm")
    return expires


def _time_in_force(params: Params, expires: datetime | None) -> str:
    text = params.text("timeinforce").upper() or ("GTD" if expires else "GTC")
    if text not in TIMES_IN_FORCE or (text == "GTD") != (expires is not None):
        raise invalid("timeinforce")
    return text


def _cl_ord_id(params: Params) -> str | None:
    if "cl_ord_id" not in params:
        return None
    text = params.text("cl_ord_id")
    if CL_ORD_ID.fullmatch(text) is None or _userref(params):
        raise invalid("cl_ord_id")
    return text


def _userref(params: Params) -> int:
    value = params.integer("userref", default=0)
    if not -INT32 <= value < INT32:
        raise invalid("userref")
    return value


def _volume_fits(order: Wanted, last: Decimal) -> str | None:
    decimals = order.pair.cost_decimals if order.in_quote else order.pair.lot_decimals
    if order.volume <= 0 or _decimals(order.volume) > decimals:
        return "EGeneral:Invalid arguments:volume"
    volume = order.volume / last if order.in_quote else order.volume
    if volume < order.pair.ordermin:
        return "EGeneral:Invalid arguments:volume minimum not met"
    return None


def _price_fits(order: Wanted, last: Decimal) -> str | None:
    if order.price is None:
        return None
    pair = order.pair
    if order.price <= 0:
        return "EGeneral:Invalid arguments:price"
    if _decimals(order.price) > pair.pair_decimals:
        return (
            f"EOrder:Invalid price:{pair.wsname} price can only be specified"
            f" up to {pair.pair_decimals} decimals."
        )
    return "EOrder:Tick size check failed" if order.price % pair.tick else None


def _cost_fits(order: Wanted, last: Decimal) -> str | None:
    cost = order.volume if order.in_quote else order.volume * (order.price or last)
    return "EOrder:Cost minimum not met" if cost < order.pair.costmin else None


def _status_allows(order: Wanted, last: Decimal) -> str | None:
    status = order.pair.status
    if status == "post_only" and order.post_only:
        return None
    return None if status == "online" else f"EService:Market in {status} mode"


CHECKS: Final[tuple[Callable[[Wanted, Decimal], str | None], ...]] = (
    _volume_fits,
    _price_fits,
    _cost_fits,
    _status_allows,
)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
