"""`dust list` and `dust sweep`."""

import os
import sys
from collections.abc import Mapping
from typing import Final

from kraken_pipeline.cli.consent import Asked, actor, require_consent
from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.names import pair_named
from kraken_pipeline.cli.orders import row_of
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import FATE_OPEN, Order
from kraken_pipeline.services.orders.dust import Rest
from kraken_pipeline.store import operations
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline, connect

BY_HAND: Final = "no reason given"


def list_dust(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print the dust of each pair."""
    pipeline = connect(environ)
    try:
        rows = [_row(each) for each in pipeline.dust()]
    finally:
        pipeline.close()
    if as_json:
        print_json(rows)
    else:
        print_rows("dust", rows, nothing="no dust")


def sweep_dust(environ: Mapping[str, str], pair: str, asked: Asked) -> int:
    """Sell the dust of a pair and print what became of the sale.

    Returns:
        0 when it is sold, 4 when the exchange did not take it or nobody bought, 5 when its fate is
        open.

    Raises:
        InvalidValueError: there is none, or it is still too small to be sold.
        UnknownNameError: there is no such pair.
        RefusedError: in live, and nobody agreed.
    """
    pipeline = connect(environ)
    try:
        pair = pair_named(pipeline, pair, option="PAIR")
        if pipeline.is_live:
            require_consent([f"sell the dust of {pair}"], asked, word="sweep")
        sold = _swept(pipeline, pair, asked)
    finally:
        pipeline.close()
    if asked.as_json:
        print_json(row_of(sold))
    else:
        sys.stdout.write(f"{sold.local_id}: {sold.filled_qty} of {sold.qty} {pair} sold\n")
    if sold.state in FATE_OPEN:
        return Exit.UNKNOWN
    return Exit.DONE if sold.filled_qty else Exit.REFUSED


def _swept(pipeline: Pipeline, pair: str, asked: Asked) -> Order:
    order = pipeline.plan_sweep(pair, by=actor())
    operation = operations.Operation(
        act="sweep",
        subject=order.local_id,
        actor=actor(),
        reason=asked.reason or BY_HAND,
        before=row_of(order),
    )
    database = pipeline.stores.database
    operations.asked(database, operation, at=system_now())
    pipeline.submit(Namespace.TRADE, owner=f"sweep-{actor()}-{os.getpid()}")
    pipeline.settle()
    pipeline.keep_books()
    sold = pipeline.stores.orders.order(order.local_id)
    operations.done(database, operation, at=system_now(), after=row_of(sold))
    return sold


def _row(rest: Rest) -> dict[str, object]:
    return {
        "pair": rest.pair,
        "qty": rest.qty,
        "cost": rest.cost,
        "smallest_sale": rest.smallest,
    }
