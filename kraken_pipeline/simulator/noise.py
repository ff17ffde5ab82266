"""Repeatable noise: the same key and index give the same number, in any order, on any run."""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_TO_UNIT: Final = 2.0**-53


def key(*parts: object) -> int:
    """Return a 64-bit key that stands for the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def uniform(keys: Keys, index: NDArray[np.int64]) -> Floats:
    """Return a number from 0 up to 1 for each key (down) and index (across)."""
    return (_mixed(keys, index) >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def quarters(keys: Keys, index: NDArray[np.int64]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return four numbers from 0 up to 1 for each key and index, of 16 bits each.

    For what needs several rough numbers, it takes a quarter of the time of `uniform`.
    """
    bits = _mixed(keys, index).view(np.uint16).reshape(len(keys), len(index), 4)
    pieces: Floats = bits * np.float64(2.0**-16)
    return pieces[..., 0], pieces[..., 1], pieces[..., 2], pieces[..., 3]


def _mixed(keys: Keys, index: NDArray[np.int64]) -> Keys:
    """Return 64 random bits for each key and index.

    Source: the finalizer of splitmix64 (Steele, Lea, Flood, 2014).
    """
    mixed: Keys = keys[:, None] + index.astype(np.uint64)[None, :] * _STEP
    mixed ^= mixed >> np.uint64(30)
    mixed *= _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    return mixed


def fractal(keys: Keys, amplitudes: Floats, first: int, count: int) -> Floats:
    """Return a fractal curve a key, at `count` whole steps from step `first`.

    It is a sum of octaves, each a random value at every 2^k-th step, joined by straight lines.
    Going from the widest octave to the narrowest, lines are halved and the next octave is added, so
    a curve of n points costs about 2n values however many octaves there are.

    Args:
        keys: one a curve.
        amplitudes: standard deviation of the values; a row a curve, a column an octave, the
            narrowest (every step) first.
        first: the first step, zero or more.
        count: how many steps.
    """
    last = first + count - 1
    widest = amplitudes.shape[1] - 1
    start, stop = first >> widest, (last >> widest) + 2
    curve = _octave(keys, amplitudes, widest, start, stop)
    for octave in range(widest - 1, -1, -1):
        finer = np.empty((len(keys), 2 * curve.shape[1] - 1))
        finer[:, 0::2] = curve
        finer[:, 1::2] = (curve[:, :-1] + curve[:, 1:]) * 0.5
        begin, end = first >> octave, (last >> octave) + 2
        curve = finer[:, begin - 2 * start : end - 2 * start]
        start, stop = begin, begin + curve.shape[1]
        curve = curve + _octave(keys, amplitudes, octave, start, stop)
    return curve[:, :count]


def _octave(keys: Keys, amplitudes: Floats, octave: int, start: int, stop: int) -> Floats:
    salted = keys ^ np.uint64(key("octave", octave))
    values = uniform(salted, np.arange(start, stop, dtype=np.int64))
    return (values - 0.5) * (12**0.5 * amplitudes[:, octave])[:, None]
