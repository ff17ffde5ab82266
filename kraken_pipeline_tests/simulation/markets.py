"""Markets that move: candles made up from a number, long enough for a simulation."""

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.replay import ReplayMarket

START: Final = datetime(2026, 3, 2, tzinfo=UTC)
PRICES: Final = {"XBTUSD": 50_000.0, "ETHUSD": 2_500.0, "SOLUSD": 150.0, "XBTEUR": 45_000.0}
"""What each pair costs at first, in its quote."""
DAILY: Final = {"XBTUSD": 3000.0, "ETHUSD": 20_000.0, "SOLUSD": 90_000.0, "XBTEUR": 900.0}
"""What each trades a day, base."""
MARKETS: Final = 12
"""How many different ones there are; a seed has one of them."""


@cache
def market_of(number: int, hours: int) -> Market:
    """Return a market that lasts some hours from `START` on; made once in a process."""
    with tempfile.TemporaryDirectory() as folder:
        for pair, price in PRICES.items():
            _write(Path(folder), pair, price, random.Random(f"{number}/{pair}"), hours)  # noqa: S311 repeatable, not secret
        return ReplayMarket(Path(folder))


def _write(folder: Path, pair: str, price: float, dice: random.Random, hours: int) -> None:
    begin = START - timedelta(hours=1)
    past = [
        _row(START - timedelta(hours=each), (price,) * 4, DAILY[pair] / 24)
        for each in range(48, 0, -1)
    ]
    (folder / f"{pair}_60.past.csv").write_text("\n".join(past) + "\n")
    minutes = _minutes(begin, (hours + 1) * 60, pair, price, dice)
    (folder / f"{pair}_1.now.csv").write_text("\n".join(minutes) + "\n")


def _minutes(
    begin: datetime, count: int, pair: str, price: float, dice: random.Random
) -> Iterator[str]:
    for minute in range(count):
        volatility = 0.0008 if dice.random() > 0.02 else 0.008
        # it comes back to where it began, so that a week has no trend
        pull = (PRICES[pair] - price) / PRICES[pair] * 0.002
        opened, price = price, price * (1 + dice.gauss(pull, volatility))
        high = max(opened, price) * (1 + abs(dice.gauss(0, volatility)))
        low = min(opened, price) * (1 - abs(dice.gauss(0, volatility)))
        volume = DAILY[pair] / 1440 * dice.choice([0.02, 0.2, 1, 1, 3])
        yield _row(begin + timedelta(minutes=minute), (opened, high, low, price), volume)


def _row(at: datetime, prices: tuple[float, ...], volume: float) -> str:
    told = ",".join(f"{each:.2f}" for each in prices)
    return f"{int(at.timestamp())},{told},{volume:.4f},10"
