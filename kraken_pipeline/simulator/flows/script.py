"""What a script of a flow says, read and checked.

Assets are given by any of their names or as buckets (XBT.F); amounts are positive unless a flow
says otherwise.
"""

from collections.abc import Callable
from decimal import Decimal

from kraken_pipeline.simulator import buckets, treasury
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.treasury import Draft

Story = tuple[list[Draft], list[Event]]
"""The ledger rows that a flow writes, and what else happens with them."""
Flow = Callable[[Exchange, Params], Story]


class FlowError(RefusedError):
    """A script is wrong; the message says what to give instead."""


def bucket_of(exchange: Exchange, params: Params, name: str = "asset") -> str:
    """Return the id of the bucket that a script names.

    Raises:
        FlowError: it names none.
    """
    if name not in params:
        raise FlowError(f"give {name}, an asset or a bucket as XBT.F")
    return buckets.bucket_id(exchange.market.listing, params.text(name))


def amount_of(params: Params, name: str = "amount") -> Decimal:
    """Return an amount above zero.

    Raises:
        FlowError: it is not above zero.
        RefusedError: it is no number.
    """
    value = params.number(name)
    if value <= NOTHING:
        raise FlowError(f"{name} is {value}; give a number above 0")
    return value


def fee_of(params: Params) -> Decimal:
    """Return the fee, 0 if a script names none."""
    return params.number("fee") if "fee" in params else NOTHING


def refid_of(exchange: Exchange, params: Params, *parts: object) -> str:
    """Return the refid that a script names, or a new one."""
    return params.text("refid") or treasury.reference(exchange, *parts)


def check_funds(exchange: Exchange, bucket: str, wanted: Decimal) -> None:
    """See that so much of a bucket is free.

    Raises:
        FlowError: it is not.
    """
    has = treasury.spendable(exchange, bucket)
    if wanted > has:
        raise FlowError(f"{wanted} {bucket} are asked for and {has} are free; give less")
