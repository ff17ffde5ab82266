"""The terms of an order that are not its price: flags, times, ids.

Source: kraken/rest.md §6.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.params import Params, RefusedError, instant, invalid, number

FLAGS: Final = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
TIMES_IN_FORCE: Final = frozenset({"GTC", "IOC", "GTD", "FOK"})
STPS: Final = frozenset({"cancel-newest", "cancel-oldest", "cancel-both"})
LATEST_DEADLINE: Final = timedelta(seconds=60)
LONGEST_LIFE: Final = timedelta(days=31)
SHORTEST_LIFE: Final = timedelta(seconds=4)
"""Kraken says 5 s; a second is left for the way."""
INT32: Final = 2**31
CL_ORD_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}"
)


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


def oflags(params: Params, ordertype: str, side: Side) -> tuple[str, ...]:
    """Return the flags that are kept, the fee's always among them.

    Raises:
        RefusedError: a flag is unknown, goes against another, or does not suit the order.
    """
    flags = params.names("oflags")
    wrong = (
        not FLAGS.issuperset(flags)
        or {"fcib", "fciq"}.issubset(flags)
        or ("post" in flags and ordertype != "limit")
    )
    if wrong:
        raise invalid("oflags")
    if "nompp" in flags and ordertype != "market":
        raise invalid("no_mpp order option is only available when ordertype = market")
    if "viqc" in flags and (ordertype, side) != ("market", Side.BUY):
        raise invalid("viqc")
    kept = [flag for flag in ("post", "fcib", "fciq", "viqc") if flag in flags]
    return tuple(kept if "fcib" in kept or "fciq" in kept else [*kept, "fciq"])


def start(params: Params, now: datetime) -> datetime | None:
    """Return when an order is to begin; None for at once.

    Raises:
        RefusedError: it is no time, has passed, or lies too far ahead.
    """
    starts = _moment(params, "starttm", now)
    if starts is not None and not now < starts <= now + LONGEST_LIFE:
        raise invalid("starttm")
    return starts


def expiry(params: Params, now: datetime, begin: datetime) -> datetime | None:
    """Return when an order is to end; None for never.

    Args:
        params: of the order.
        now: the exchange's time, from which `+n` counts.
        begin: when the order begins.

    Raises:
        RefusedError: it is no time, too soon, or too far ahead.
    """
    expires = _moment(params, "expiretm", now)
    if expires is not None and not SHORTEST_LIFE <= expires - begin <= LONGEST_LIFE:
        raise invalid("expiretm")
    return expires


def _moment(params: Params, name: str, now: datetime) -> datetime | None:
    text = params.text(name)
    if text in {"", "0"}:
        return None
    seconds = number(text.removeprefix("+"), name)
    if not 0 < seconds < 2**36:
        raise invalid(name)
    begin = now if text.startswith("+") else datetime.fromtimestamp(0, UTC)
    return begin + timedelta(microseconds=int(seconds * 1_000_000))


def time_in_force(params: Params, expires: datetime | None) -> str:
    """Return how long an order stays.

    Raises:
        RefusedError: there is no such word, or it does not go with the time of its end.
    """
    text = params.text("timeinforce").upper() or ("GTD" if expires else "GTC")
    if text not in TIMES_IN_FORCE or (text == "GTD") != (expires is not None):
        raise invalid("timeinforce")
    return text


def stp(params: Params) -> str:
    """Return which order goes if it meets one of its own account.

    Raises:
        RefusedError: there is no such way.
    """
    text = params.text("stptype") or "cancel-newest"
    if text not in STPS:
        raise invalid("stptype")
    return text


def cl_ord_id(params: Params) -> str | None:
    """Return the caller's own id of an order.

    Raises:
        RefusedError: it has not the form of one, or there is a userref beside it.
    """
    if "cl_ord_id" not in params:
        return None
    text = params.text("cl_ord_id")
    if CL_ORD_ID.fullmatch(text) is None or userref(params):
        raise invalid("cl_ord_id")
    return text


def userref(params: Params) -> int:
    """Return the caller's number of a group of orders, 0 for none.

    Raises:
        RefusedError: it is no 32-bit number.
    """
    value = params.integer("userref", default=0)
    if not -INT32 <= value < INT32:
        raise invalid("userref")
    return value
