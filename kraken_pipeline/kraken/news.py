"""What answers say of our orders, for the counters: which there are, and how old. Pure.

Nothing here decides about an order. What cannot be read is left out, and costs only precision.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.kraken.engine import Engine, Known, members
from kraken_pipeline.kraken.limits import Params

RESTS_NEVER: Final = frozenset({"market", "IOC", "FOK"})
"""Order types and times in force."""
ONE_ONLY: Final = ("cl_ord_id", "userref")
"""Filters with which OpenOrders does not list all."""
GONE: Final = "EOrder:Unknown order"
NAMING: Final = frozenset({"CancelOrder", "AmendOrder", "EditOrder"})


def learn(
    engine: Engine, method: str, params: Params, result: object, *, now: float, asked_at: float
) -> None:
    """Take in the answer to a call that was done.

    Args:
        engine: is changed.
        method: that was called.
        params: of the call.
        result: what Kraken answered.
        now: seconds.
        asked_at: when the call left, on the same clock.
    """
    if method == "OpenOrders" and not any(name in params for name in ONE_ONLY):
        _listed(engine, _rows(result, "open"), now=now, asked_at=asked_at)
    elif method == "CancelAll":
        # another call may have added an order since, and been heard of before this one
        for kraken_order_id in [key for key, each in engine.orders.items() if each.seen < asked_at]:
            del engine.orders[kraken_order_id]
    elif method in LEARN:
        LEARN[method](engine, params, result, now)


def learn_refusal(engine: Engine, method: str, params: Params, errors: Iterable[str]) -> None:
    """Take in that an order is not open any more."""
    named = engine.named(params)
    if method in NAMING and named is not None and any(each.startswith(GONE) for each in errors):
        del engine.orders[named]


def _rows(result: object, name: str) -> Mapping[str, object]:
    rows = result.get(name) if isinstance(result, Mapping) else None
    return rows if isinstance(rows, Mapping) else {}


def _listed(engine: Engine, rows: Mapping[str, object], *, now: float, asked_at: float) -> None:
    for kraken_order_id, each in list(engine.orders.items()):
        if kraken_order_id not in rows and each.seen < asked_at:
            del engine.orders[kraken_order_id]
    for kraken_order_id, row in rows.items():
        if kraken_order_id in engine.orders:
            engine.orders[kraken_order_id].seen = now
        elif pair := str(_rows(row, "descr").get("pair", "")):
            ours = row.get("cl_ord_id") if isinstance(row, Mapping) else None
            engine.orders[kraken_order_id] = Known(
                pair=pair, touched=now, seen=now, cl_ord_id=str(ours or "")
            )


def _added(engine: Engine, params: Params, result: object, now: float) -> None:
    ids = result.get("txid") if isinstance(result, Mapping) else None
    for kraken_order_id in ids if isinstance(ids, list) else [ids]:
        _remember(engine, kraken_order_id, params, now, pair=str(params.get("pair", "")))


def _added_all(engine: Engine, params: Params, result: object, now: float) -> None:
    rows = result.get("orders") if isinstance(result, Mapping) else None
    sent = members(params, "orders")
    for row, order in zip(rows if isinstance(rows, list) else [], sent, strict=False):
        said = order if isinstance(order, Mapping) else {}
        given = row.get("txid") if isinstance(row, Mapping) else None
        _remember(engine, given, said, now, pair=str(params.get("pair", "")))


def _remember(engine: Engine, given: object, said: Params, now: float, *, pair: str) -> None:
    rests = RESTS_NEVER.isdisjoint({str(said.get("ordertype")), str(said.get("timeinforce"))})
    if isinstance(given, str) and rests:
        engine.orders[given] = Known(
            pair=pair, touched=now, seen=now, cl_ord_id=str(said.get("cl_ord_id", ""))
        )


def _amended(engine: Engine, params: Params, result: object, now: float) -> None:
    named = engine.named(params)
    if named is not None:
        engine.orders[named].touched = engine.orders[named].seen = now


def _edited(engine: Engine, params: Params, result: object, now: float) -> None:
    _canceled(engine, params, result, now)
    _added(engine, params, result, now)


def _canceled(engine: Engine, params: Params, result: object, now: float) -> None:
    named = engine.named(params)
    if named is not None:
        del engine.orders[named]


def _canceled_some(engine: Engine, params: Params, result: object, now: float) -> None:
    for each in [*members(params, "orders"), *members(params, "cl_ord_ids")]:
        _canceled(engine, {"txid": each, "cl_ord_id": each}, result, now)


LEARN: Final[Mapping[str, Callable[[Engine, Params, object, float], None]]] = MappingProxyType(
    {
        "AddOrder": _added,
        "AddOrderBatch": _added_all,
        "AmendOrder": _amended,
        "EditOrder": _edited,
        "CancelOrder": _canceled,
        "CancelOrderBatch": _canceled_some,
    }
)
