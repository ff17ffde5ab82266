"""What the rows of the exchange's ledger add up to by what they are, told apart from the books."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.simulator.entries import Entry

Sums = Mapping[tuple[Cause, Asset], Decimal]
MEANS: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "trade": Cause.FILL,
        "deposit": Cause.FLOW,
        "withdrawal": Cause.FLOW,
        "spend": Cause.CONVERSION,
        "receive": Cause.CONVERSION,
        "conversion": Cause.CONVERSION,
        "staking": Cause.REWARD,
        "reward": Cause.REWARD,
    }
)
"""By type alone; of the others the subtype says it."""


def of_exchange(rows: Iterable[Entry], asset_of: Callable[[str], Asset]) -> Sums:
    """Add up the exchange's rows, fees with them."""
    found: defaultdict[tuple[Cause, Asset], Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        found[_meaning(row), asset_of(row.asset)] += row.amount - row.fee
    return _without_zeros(found)


def of_books(moves: Iterable[AccountMove]) -> Sums:
    """Add up the moves of the account's books."""
    found: defaultdict[tuple[Cause, Asset], Decimal] = defaultdict(lambda: ZERO)
    for each in moves:
        found[each.cause, each.asset] += each.qty
    return _without_zeros(found)


def _meaning(row: Entry) -> Cause:
    if row.type in MEANS:
        return MEANS[row.type]
    if row.subtype == "reward":
        return Cause.REWARD
    if row.subtype:
        return Cause.INTERNAL
    return Cause.FEE if row.asset == "KFEE" else Cause.FLOW


def _without_zeros(found: Sums) -> Sums:
    return {name: qty for name, qty in found.items() if qty}
