"""A made-up market that several backtesters read: one CSV a pair, as Kraken's archive has them."""

from pathlib import Path
from typing import Final

import numpy as np

from kraken_pipeline.simulator import catalog

FIRST: Final = ("XBT", "ETH", "SOL", "XRP", "ADA", "XDG", "LTC", "DOT", "LINK", "AVAX")
"""Bases that are taken before others."""
BEGIN: Final = 1_672_531_200
"""2023-01-01, Unix seconds."""
HOUR: Final = 3600
YEARS: Final = 3
HOURLY_SIGMA: Final = 0.008
WIGGLE: Final = 0.004
"""How far an hour reaches beyond its open and close, at the most, as a share."""


def write(
    folder: Path, *, bars: int = YEARS * 8760, seconds: int = HOUR, pairs: int = len(FIRST)
) -> tuple[str, ...]:
    """Write the candles of some pairs and return their names.

    Each opens where the one before closed or some ticks beside it, prices lie on the pair's tick,
    and so much trades that no order of these benchmarks is a large part of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sigma = HOURLY_SIGMA * (seconds / HOUR) ** 0.5
    bases = _bases(pairs)
    names = tuple(f"{each}USD" for each in bases)
    for number, (base, name) in enumerate(zip(bases, names, strict=True)):
        tick = float(catalog.pair(base, "USD").tick)
        rows = _rows(number, catalog.usd_price(base), tick, bars, sigma)
        times = BEGIN + seconds * np.arange(bars)
        decimals = max(0, -int(np.floor(np.log10(tick))))
        price = f"%.{decimals}f"
        np.savetxt(
            folder / f"{name}_{seconds // 60}.csv",
            np.column_stack([times, rows]),
            fmt=["%d", price, price, price, price, "%.8f", "%d"],
            delimiter=",",
        )
    return names


def _bases(count: int) -> tuple[str, ...]:
    """Return bases that are traded in dollars, those that trade most first."""
    listed = catalog.made_up_pairs()
    others = [
        each.base.altname
        for each in listed
        if each.quote.altname == "USD"
        and each.status == "online"
        and each.base.altname not in catalog.STABLE
        and each.base.altname not in catalog.FIAT
    ]
    return tuple(dict.fromkeys((*FIRST, *others)))[:count]


def _rows(
    seed: int, price: float, tick: float, bars: int, sigma: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    chance = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(chance.normal(0, sigma, bars)))
    before = np.concatenate([[price], close[:-1]])
    opened = before + tick * chance.integers(-3, 4, bars)
    reach = chance.uniform(0, WIGGLE, (2, bars))
    ticks = [
        np.maximum(1, np.round(each / tick))
        for each in (
            opened,
            np.maximum(opened, close) * (1 + reach[0]) + tick,
            np.minimum(opened, close) * (1 - reach[1]) - tick,
            close,
        )
    ]
    volume = 50_000_000 / close * chance.uniform(0.5, 1.5, bars)
    return np.column_stack(
        [*(each * tick for each in ticks), volume, chance.integers(5, 500, bars)]
    )
