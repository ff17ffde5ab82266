"""Fees that are far beyond what the account pays: shown, never clamped (U-FEE-2)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.reconciliations import Finding, Kind
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.services.ports.exchange import Account

LOOKED_BACK: Final = timedelta(days=1)
"""How old a fill may be that is looked at: rates of long ago were others."""
TIMES: Final = 2
"""A fee may be so many times what the account pays now: its tier may have changed in between."""


def odd_fees(account: Account, listing: Listing, fills: Sequence[Fill]) -> Iterator[Finding]:
    """Yield the fills whose fee is beyond twice the account's higher rate, and a rounding.

    Raises:
        ExchangeError: the exchange did not say what the account pays.
    """
    names = sorted({each.pair for each in fills} & listing.pairs.keys())
    rates = account.fee_rates([listing.pairs[name] for name in names]) if names else {}
    for fill in fills:
        if fill.pair not in rates:
            continue
        places = listing.pairs[fill.pair].cost_decimals
        step = ZERO if places is None else Decimal(1).scaleb(-places)
        most = TIMES * rates[fill.pair].worst_share * fill.cost + step
        if fill.fee > most:
            said = f"fee={plain(fill.fee)}, most={plain(most)} of {plain(fill.cost)} {fill.pair}"
            yield Finding(kind=Kind.FEE_ODD, subject=fill.trade_id, said=said)
