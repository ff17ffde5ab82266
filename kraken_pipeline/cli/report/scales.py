"""From values to places in a picture, and the round values at which lines are drawn."""

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 640.0
"""Of every picture, in its own units; a page scales it."""
EDGE: Final = 8.0
"""Left bare on each side."""
WANTED_LINES: Final = 4
MOST_LINES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values from `low` to `high`, drawn from one place to another."""

    low: float
    high: float
    at_low: float
    at_high: float

    def __call__(self, value: float) -> float:
        """Return where a value is drawn; the middle where there is only one."""
        span = self.high - self.low
        if not span:
            return (self.at_low + self.at_high) / 2
        return self.at_low + (value - self.low) / span * (self.at_high - self.at_low)

    def lines(self) -> list[float]:
        """Return about four round values."""
        return round_values(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios(Scale):
    """Values above zero of which equal ratios are equally far apart."""

    def __call__(self, value: float) -> float:
        """Return where a value is drawn."""
        return Scale(
            low=log10(self.low), high=log10(self.high), at_low=self.at_low, at_high=self.at_high
        )(log10(value))

    def lines(self) -> list[float]:
        """Return powers of ten, with twice and five times them where those are few."""
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        found = [
            [number * 10.0**power for power in powers for number in numbers]
            for numbers in ((1.0, 2.0, 5.0), (1.0,))
        ]
        fine, coarse = ([each for each in of if self.low <= each <= self.high] for of in found)
        return fine if len(fine) <= MOST_LINES else coarse


def round_values(low: float, high: float) -> list[float]:
    """Return about four round values between two: steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / WANTED_LINES
    power = 10.0 ** floor(log10(rough))
    step = next(each * power for each in (1.0, 2.0, 5.0, 10.0) if each * power >= rough)
    first, last = ceil(low / step), floor(high / step)
    return [number * step for number in range(first, last + 1)]


def padded(low: float, high: float) -> tuple[float, float]:
    """Return bounds with some air around them, and some where they are one."""
    air = (high - low) * 0.08 or abs(high) * 0.02 or 1.0
    return low - air, high + air


def padded_ratios(low: float, high: float) -> tuple[float, float]:
    """Return bounds above zero with some air around them."""
    below, above = padded(log10(low), log10(high))
    return 10.0**below, 10.0**above


def place(value: float) -> str:
    """Write a place: a tenth of a unit is less than anybody sees."""
    return f"{value:.1f}"
