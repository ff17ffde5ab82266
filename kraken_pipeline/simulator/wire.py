"""Numbers, names and times as Kraken writes them.

Source: kraken/rest.md §3.
"""

import json
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.listing import Asset, Pair

VOLUME_DECIMALS: Final = 8
PRICE_DECIMALS: Final = 5
"""Ticker, Depth, Trades and Spread show prices with at least as many decimals."""


def text(value: object) -> str:
    """Return a value as JSON."""
    return json.dumps(value, separators=(",", ":"))


def fixed(value: Decimal | float, decimals: int) -> str:
    """Return a number with exactly so many decimals."""
    return f"{value:.{decimals}f}"


def trimmed(value: Decimal) -> str:
    """Return a number without zeros at its end and without an exponent."""
    whole = f"{value:f}"
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def amount(value: Decimal, asset: Asset) -> str:
    """Return a balance or ledger amount with its asset's decimals."""
    return fixed(value, asset.decimals)


def quote_decimals(pair: Pair) -> int:
    """Return the decimals of prices in Ticker, Depth, Trades and Spread.

    Source: recorded tickers, XBTUSD with the 5 and USDCUSD with the 8 decimals of their costs.
    """
    return max(PRICE_DECIMALS, pair.cost_decimals, pair.price_decimals)


def cost_decimals(pair: Pair) -> int:
    """Return the decimals of prices, costs and fees of orders and trades."""
    return max(pair.cost_decimals, pair.pair_decimals)


def quote(pair: Pair, units: int) -> str:
    """Return a market price as Ticker and Trades show it."""
    return fixed(pair.price(units), quote_decimals(pair))


def volume(pair: Pair, units: int) -> str:
    """Return a market volume in base."""
    return fixed(pair.volume(units), VOLUME_DECIMALS)


def seconds(at: datetime) -> float:
    """Return a time as UNIX seconds with its microseconds."""
    return at.timestamp()


def iso_seconds(at: datetime) -> str:
    """Return a time as Kraken writes it in texts: 2026-09-19T04:19:59Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
