"""`portfolio cost`: what a person says that an arrival had cost."""

import sys
from collections.abc import Mapping
from dataclasses import asdict

from kraken_pipeline.cli.amounts import amount_typed
from kraken_pipeline.cli.consent import actor
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.accounting.stated import StatedCost
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import connect


def state_cost(
    environ: Mapping[str, str], entry_id: str, amount: str, *, reason: str, as_json: bool
) -> None:
    """Keep what an arrival had cost; the next pass over the books reckons with it.

    Raises:
        InvalidValueError: there is no reason, the amount is no cost, or the entry is of a trade, of
            base currency, or brought nothing: what that cost is known.
        UnknownNameError: there is no such entry.
    """
    if not reason:
        raise InvalidValueError("a stated cost needs its source: give --reason")
    stated = StatedCost(
        entry_id=entry_id,
        cost=amount_typed("AMOUNT", amount),
        at=system_now(),
        by=actor(),
        reason=reason,
    )
    pipeline = connect(environ)
    try:
        base_currency = Asset(pipeline.loaded.settings.portfolio.base_currency)
        pipeline.stores.accounts.state_cost(stated, base_currency)
    finally:
        pipeline.close()
    if as_json:
        print_json(asdict(stated))
    else:
        said = f"{entry_id} had cost {plain(stated.cost)}; the next pass over the books counts it"
        sys.stdout.write(f"{said}\n")
