"""Candles as the rows of OHLC, written a column at a time.

A row is [time,"open","high","low","close","vwap","volume",count]. Digits are looked up four at a
time for all rows at once, which is exact and several times faster than number by number.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.simulator.candles import Candle, Candles, Ints
from kraken_pipeline.simulator.listing import Pair

Bytes = NDArray[np.uint8]

VOLUME_DECIMALS: Final = 8
FEW: Final = 6
"""Rows that are written one by one."""
_CHUNK: Final = 4
_RADIX: Final = 10**_CHUNK
_FOUR: Final = np.frombuffer(
    "".join(f"{number:0{_CHUNK}d}" for number in range(_RADIX)).encode(), dtype=np.uint32
)
_POWERS: Final = 10 ** np.arange(19, dtype=np.int64)
_ZERO: Final = ord("0")


def written(candles: Candles, pair: Pair) -> str:
    """Return candles as JSON rows, prices with the pair's decimals at least.

    A candle without trades has the vwap "0.0".
    """
    if len(candles) <= FEW:
        return f"[{','.join(_row(candles.row(n, 0), pair) for n in range(len(candles)))}]"
    decimals, prices = _prices(candles, pair)
    texts = _quoted(prices, decimals)
    texts[candles.count == 0, -1] = _padded(b'"0.0"', texts.shape[-1])
    scale = 10 ** (VOLUME_DECIMALS - pair.volume_decimals)
    volume = _quoted(candles.volume[:, None], pair.volume_decimals, zeros=scale)
    parts = [
        _constant(b"[", candles),
        _digits(candles.time, 1),
        *_after_commas(texts, candles),
        *_after_commas(volume, candles),
        _constant(b",", candles),
        _digits(candles.count, 1),
        _constant(b"],", candles),
    ]
    return "[" + np.concatenate(parts, axis=1).tobytes().translate(None, b"\0").decode()[:-1] + "]"


def _row(candle: Candle, pair: Pair) -> str:
    """Return one row; that is the faster way for a few."""
    coarse = 10 ** (pair.price_decimals - pair.pair_decimals)
    four = (candle.open, candle.high, candle.low, candle.close)
    decimals = pair.price_decimals if any(p % coarse for p in four) else pair.pair_decimals
    shown = ",".join(f'"{pair.price(price):.{decimals}f}"' for price in four)
    vwap = f"{pair.price(candle.vwap):.{decimals}f}" if candle.count else "0.0"
    volume = f"{pair.volume(candle.volume):.{VOLUME_DECIMALS}f}"
    return f'[{candle.time},{shown},"{vwap}","{volume}",{candle.count}]'


def _prices(candles: Candles, pair: Pair) -> tuple[int, Ints]:
    """Return the decimals that the rows need and the prices in those, a row a candle.

    Some recorded years have finer prices than the pair has today.
    """
    four = np.column_stack([candles.open, candles.high, candles.low, candles.close])
    coarse = 10 ** (pair.price_decimals - pair.pair_decimals)
    if coarse > 1 and not (four % coarse).any():
        vwap = (candles.vwap + coarse // 2) // coarse
        return pair.pair_decimals, np.column_stack([four // coarse, vwap])
    return pair.price_decimals, np.column_stack([four, candles.vwap])


def _quoted(values: Ints, decimals: int, zeros: int = 1) -> Bytes:
    """Return numbers in quotes, three axes: row, column, character; unused characters are 0.

    Args:
        values: whole units.
        decimals: how many digits stand after the point.
        zeros: a power of ten: as many zeros as it has are put behind.
    """
    figures = _digits(values, decimals + 1)
    cut = figures.shape[-1] - decimals
    quote = np.full((*values.shape, 1), ord('"'), dtype=np.uint8)
    tail = np.full((*values.shape, len(str(zeros)) - 1), _ZERO, dtype=np.uint8)
    point = np.full((*values.shape, 1 if decimals or zeros > 1 else 0), ord("."), dtype=np.uint8)
    return np.concatenate(
        [quote, figures[..., :cut], point, figures[..., cut:], tail, quote], axis=-1
    )


def _digits(values: Ints, least: int) -> Bytes:
    """Return the digits of numbers along a new last axis, leading zeros as bytes of 0.

    At least `least` digits are kept.
    """
    width = max(len(str(int(values.max()))), least)
    chunks = -(-width // _CHUNK)
    found = np.empty((*values.shape, chunks), dtype=np.uint32)
    rest = values
    for chunk in range(chunks - 1, -1, -1):
        higher = rest // _RADIX
        found[..., chunk] = _FOUR[rest - higher * _RADIX]
        rest = higher
    figures = found.view(np.uint8)
    unused = figures.shape[-1] - np.maximum(np.searchsorted(_POWERS, values, side="right"), least)
    figures[np.arange(figures.shape[-1]) < unused[..., None]] = 0
    return figures


def _padded(text: bytes, width: int) -> Bytes:
    return np.frombuffer(text.ljust(width, b"\0"), dtype=np.uint8)


def _constant(text: bytes, candles: Candles) -> Bytes:
    return np.broadcast_to(np.frombuffer(text, dtype=np.uint8), (len(candles), len(text)))


def _after_commas(texts: Bytes, candles: Candles) -> list[Bytes]:
    comma = _constant(b",", candles)
    return [part for column in range(texts.shape[1]) for part in (comma, texts[:, column])]
