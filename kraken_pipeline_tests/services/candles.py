"""A recorded market that tests can foresee: flat, but for what happens at four minutes an hour."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""Where the clock of every test stands at first."""
PRICES: Final = {"XBTUSD": 50_000.0, "ETHUSD": 2_500.0, "XBTEUR": 45_000.0}
"""What each pair costs, in its quote; it is the last price at every full minute."""
DIP: Final = 0.98
"""How far the price falls at DIPS, as a share; it comes back within the minute."""
SHY_DIP: Final = 10
"""The minute of each hour in which little trades in a dip: a resting buy is filled in part."""
DEEP_DIP: Final = 20
"""The minute in which much trades in a dip: a resting buy is filled."""
SPIKE: Final = 30
"""The minute in which much trades above: a resting sell is filled."""
SHY_VOLUME: Final = 0.016
"""Base units; a resting order gets a quarter of what trades through it on each way."""


def write(folder: Path) -> Path:
    """Write three days of hours before START, and the minutes from an hour before to six after."""
    for pair, price in PRICES.items():
        begin = int((START - timedelta(days=3)).timestamp())
        hours = [row(at, price, price, price, 120) for at in range(begin, _START, 3600)]
        (folder / f"{pair}_60.past.csv").write_text("\n".join(hours) + "\n")
        (folder / f"{pair}_1.now.csv").write_text("\n".join(_minutes(price)) + "\n")
    return folder


_START = int(START.timestamp())


def _minutes(price: float) -> Iterator[str]:
    for at in range(_START - 3600, _START + 6 * 3600, 60):
        minute = at // 60 % 60
        if minute == SHY_DIP:
            yield row(at, price, price * DIP, price, SHY_VOLUME)
        elif minute == DEEP_DIP:
            yield row(at, price, price * DIP, price, 8)
        elif minute == SPIKE:
            yield row(at, price, price, price / DIP, 8)
        else:
            yield row(at, price, price, price, 2)


def row(at: int, close: float, low: float, high: float, volume: float) -> str:
    return f"{at},{close},{high:.1f},{low:.1f},{close},{volume},10"
