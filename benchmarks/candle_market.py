"""Candles that are made up: the same for the same place in time."""

from collections.abc import Iterator
from functools import cache

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe

PAIRS = 500
KEPT = 720
FRAMES = tuple(TIMEFRAMES.values())
READ_FRAME = TIMEFRAMES["1h"]
NAMES = tuple(f"P{number:03}USD" for number in range(PAIRS))
BEGIN = 1_790_812_800
"""2026-10-01, Unix seconds."""


def made(frame: Timeframe, first: int, until: int) -> list[Candles]:
    """Return candles `first` to `until` (not included) of each pair; counted from `BEGIN`."""
    return list(_cached(frame.name, frame.seconds, first, until))


@cache
def _cached(name: str, seconds: int, first: int, until: int) -> tuple[Candles, ...]:
    return tuple(_pages(name, seconds, first, until))


def _pages(name: str, seconds: int, first: int, until: int) -> Iterator[Candles]:
    steps = range(first, until)
    for number, pair in enumerate(NAMES):
        units = [1_000_000 + number * 7919 + (step * 6_364_136) % 9973 for step in steps]
        yield Candles(
            pair=pair,
            timeframe=name,
            opened_at=tuple(BEGIN + seconds * step for step in steps),
            open=tuple(_text(each, 2) for each in units),
            high=tuple(_text(each + 75, 2) for each in units),
            low=tuple(_text(each - 75, 2) for each in units),
            close=tuple(_text(each + 31, 2) for each in units),
            volume=tuple(_text(each * 8191, 8) for each in units),
            trades=tuple(each % 500 for each in units),
        )


def _text(units: int, decimals: int) -> str:
    return f"{units // 10**decimals}.{units % 10**decimals:0{decimals}}"
