"""Numbers, names and times as Kraken writes them.

Source: kraken/rest.md §3.
"""

import json
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.candles import Candles
from kraken_pipeline.simulator.listing import Asset, Pair

VOLUME_DECIMALS: Final = 8
PRICE_DECIMALS: Final = 5
"""Ticker, Depth, Trades and Spread show prices with at least as many decimals."""
NO_VWAP: Final = '"0.0%.0s"'
"""What stands for the vwap of a candle without trades; it swallows the figure."""


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
    """Return the decimals of prices in Ticker, Depth, Trades and Spread."""
    return max(PRICE_DECIMALS, pair.pair_decimals, pair.price_decimals)


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


def _decimal_pattern(decimals: int) -> str:
    return f'"%d.%0{decimals}d"' if decimals else '"%d"'


def rows(candles: Candles, pair: Pair) -> str:
    """Return candles as the rows of OHLC.

    All rows are written by one format of whole numbers: the digits before the point and those
    after it. That is exact, and several times faster than a number at a time.
    """
    if not len(candles):
        return "[]"
    prices = (candles.open, candles.high, candles.low, candles.close, candles.vwap)
    price = _decimal_pattern(pair.price_decimals)
    vwap_gap = NO_VWAP.replace("%.0s", "%.0s%.0s" if pair.price_decimals else "%.0s")
    amount_ = _decimal_pattern(VOLUME_DECIMALS)
    traded = f"[%d,{price},{price},{price},{price},{price},{amount_},%d]"
    gap = f"[%d,{price},{price},{price},{price},{vwap_gap},{amount_},%d]"
    columns: list[list[int]] = [candles.time.tolist()]
    unit = 10**pair.price_decimals
    for column in prices:
        columns.append((column // unit).tolist())
        if pair.price_decimals:
            columns.append((column % unit).tolist())
    scale = 10**pair.volume_decimals
    columns.append((candles.volume // scale).tolist())
    columns.append((candles.volume % scale * (10**VOLUME_DECIMALS // scale)).tolist())
    counts = candles.count.tolist()
    columns.append(counts)
    pattern = ",".join(traded if count else gap for count in counts)
    figures = tuple(figure for row in zip(*columns, strict=True) for figure in row)
    return f"[{pattern % figures}]"
