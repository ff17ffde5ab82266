"""How much of each cap is used, by the newest snapshot and the orders that may still fill."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.exposure import COUNTS_FROM
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.risk import Limits

HUNDRED: Final = Decimal(100)
CENT: Final = Decimal("0.01")


def caps_used(
    snapshot: Snapshot, reserving: Iterable[Order], limits: Limits, base_currency: str
) -> dict[str, str]:
    """Return each cap by name, as `used of most`.

    Risk asks the exchange before it approves; this is what the books say, for a person.

    Args:
        snapshot: the newest.
        reserving: orders that may still fill; buys count in full at their worst price.
        limits: the configured bounds.
        base_currency: holding it is no exposure.
    """
    worth = {
        each.asset: each.value
        for each in snapshot.valuations
        if each.asset != base_currency and each.value is not None
    }
    ordered = [each for each in reserving if each.side is Side.BUY]
    by_pair: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for order in ordered:
        by_pair[order.pair] += order.open_notional
    held, asked = sum(worth.values(), ZERO), sum(by_pair.values(), ZERO)
    return {
        "gross_exposure": _share(held + asked, snapshot.equity, limits.max_gross_exposure_pct),
        "largest_asset": _share(
            max(worth.values(), default=ZERO), snapshot.equity, limits.max_per_asset_pct
        ),
        "positions": f"{sum(each >= COUNTS_FROM for each in worth.values())} of "
        f"{limits.max_open_positions}",
        "open_buys": _amount(asked, limits.max_total_notional),
        "largest_pair_buys": _amount(max(by_pair.values(), default=ZERO), limits.max_pair_notional),
    }


def _amount(used: Decimal, most: Decimal | None) -> str:
    said = "no cap" if most is None else f"of {plain(most)}"
    return f"{used.quantize(CENT)} {said}"


def _share(worth: Decimal, equity: Decimal, most: Decimal) -> str:
    if equity <= 0:
        return f"unknown: equity is {equity}"
    return f"{(worth / equity * HUNDRED).quantize(CENT)} of {most} %"
