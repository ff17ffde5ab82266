"""The fee schedule: what share of the cost a trade pays.

Source: kraken.com/features/fee-schedule of 2026-09-19 and kraken/rest.md §4. The tier is taken from
30-day spot volume alone: this exchange has no futures, and assets on platform are not counted.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator.catalog import FIAT, STABLE
from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.listing import Pair

PERCENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One step of a schedule."""

    volume: Decimal
    """30-day volume from which it holds, USD."""
    maker: Decimal
    """Percent of the cost."""
    taker: Decimal
    """Percent of the cost."""


def _tiers(text: str) -> tuple[Tier, ...]:
    rows = (row.split() for row in text.split(","))
    return tuple(
        Tier(volume=Decimal(volume), maker=Decimal(maker), taker=Decimal(taker))
        for volume, maker, taker in rows
    )


CRYPTO: Final = _tiers(
    "0 0.40 0.80, 2500 0.30 0.60, 10000 0.22 0.38, 25000 0.20 0.35, 50000 0.15 0.30,"
    "100000 0.12 0.25, 250000 0.10 0.22, 500000 0.08 0.20, 1000000 0.06 0.18,"
    "2500000 0.04 0.15, 5000000 0.02 0.12, 10000000 0.00 0.10, 50000000 0.00 0.09,"
    "100000000 0.00 0.08, 250000000 0.00 0.07, 400000000 0.00 0.06, 500000000 0.00 0.05"
)
PEGGED: Final = _tiers(
    "0 0.20 0.20, 50000 0.16 0.16, 100000 0.12 0.12, 250000 0.08 0.08, 500000 0.04 0.04,"
    "1000000 0.02 0.02, 10000000 0.00 0.01, 100000000 0.00 0.001"
)


def schedule(pair: Pair) -> tuple[Tier, ...]:
    """Return the schedule of a pair: one for currencies and what follows them, one for the rest."""
    pegged = STABLE.union(FIAT)
    return PEGGED if pair.base.altname in pegged and pair.quote.altname in pegged else CRYPTO


def tier(pair: Pair, volume_usd: Decimal) -> Tier:
    """Return the step of the pair's schedule that a 30-day volume in USD reaches."""
    return [step for step in schedule(pair) if step.volume <= volume_usd][-1]


def fee(pair: Pair, amount: Decimal, percent: Decimal, *, in_base: bool) -> Decimal:
    """Return the fee on an amount: percent of it, to the nearest step of the amount's asset.

    Args:
        pair: the market.
        amount: the cost in quote, or the volume in base.
        percent: the rate.
        in_base: whether `amount` is base.

    Source: recorded trades, 5.50768 at 0.25 % cost 0.01377.
    """
    decimals = pair.base.decimals if in_base else pair.cost_decimals
    return _rounded(amount * percent * PERCENT, decimals)


def fee_in_quote(fill: OrderFilled, pair: Pair, *, in_base: bool) -> Decimal:
    """Return a fill's fee as orders and trades tell it: in quote, whichever asset it was taken in.

    What was taken, and in what, only the ledger tells.

    Args:
        fill: with the fee that was taken.
        pair: the market.
        in_base: whether it was taken in base.

    Source: support.kraken.com, "How to interpret Trades history fields".
    """
    if not in_base:
        return fill.fee
    return _rounded(fill.fee * fill.price, pair.cost_decimals)


def _rounded(fee: Decimal, decimals: int) -> Decimal:
    return fee.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
