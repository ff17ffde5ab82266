"""Sales that a person wrote off and that have not been looked for often enough since (F-SUB-20)."""

from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from kraken_pipeline.domain.fate import CLEAN_READS_NEEDED
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.store.order_rows import ORDERS, orders_found
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.orders import clean_reads, execution_orders

_ORDERS: Final = execution_orders
_READS: Final = clean_reads
_LOOKS_SINCE: Final = (
    select(func.count())
    .select_from(_READS)
    .where(_READS.c.local_id == _ORDERS.c.local_id, _READS.c.at > _ORDERS.c.updated_at)
    .scalar_subquery()
)
_SALES: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.status == State.WRITTEN_OFF.value,
        _ORDERS.c.side == Side.SELL.value,
        _ORDERS.c.namespace == Namespace.TRADE.value,
        bindparam("needed") > _LOOKS_SINCE,
    )
)


def unproven_sales(connection: Connection) -> tuple[Order, ...]:
    """Return the sales that a person wrote off and that too few looks since have missed.

    What they would have sold counts as sold: should the person be wrong, the same coins sold once
    more would be those of another book, or his own (F-MON-9).
    """
    return orders_found(connection, _SALES, {"needed": CLEAN_READS_NEEDED})
