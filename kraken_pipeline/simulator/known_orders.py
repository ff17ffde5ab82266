"""Finding the orders that a caller names."""

from typing import Final

from kraken_pipeline.simulator import ids
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

UNKNOWN: Final = "EOrder:Unknown order"
NEVER_ISSUED: Final = "EOrder:Invalid order"


def named(account: Account, params: Params) -> list[Order]:
    """Return the open orders that a call means by `txid` (an id or a userref) or `cl_ord_id`.

    Raises:
        RefusedError: none is open; an id that never was is told from one that has ended.
    """
    known = _known(account, params)
    if not known:
        raise RefusedError(NEVER_ISSUED)
    alive = [order for order in known if order.id in account.open]
    if not alive:
        raise RefusedError(UNKNOWN)
    return alive


def _known(account: Account, params: Params) -> list[Order]:
    text = params.text("txid")
    if "cl_ord_id" in params:
        mine = params.text("cl_ord_id")
        return [order for order in account.orders.values() if order.cl_ord_id == mine]
    if not text:
        raise invalid("txid")
    if ids.SHAPE.fullmatch(text):
        return [account.orders[text]] if text in account.orders else []
    userref = _userref(text)
    return [order for order in account.orders.values() if order.userref == userref]


def _userref(text: str) -> int:
    try:
        return int(text)
    except ValueError as wrong:
        raise RefusedError(NEVER_ISSUED) from wrong
