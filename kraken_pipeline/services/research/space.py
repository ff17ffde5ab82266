"""Which parameters a search may choose, and between which values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError

Value = bool | int | float | str
YES_OR_NO: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Numbers from one to another, both with them; whole numbers where all three are."""

    low: float
    high: float
    step: float | None = None
    """Between two that are tried; None for 1 between whole numbers, and for any between others."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int) and self._step_is_whole

    def on_step(self, value: float) -> float:
        """Return a value as a person writes it: adding up steps leaves noise in its last digits."""
        if self.step is None:
            return value
        low, step = Decimal(str(self.low)), Decimal(str(self.step))
        return float(low + round((Decimal(str(value)) - low) / step) * step)

    @property
    def _step_is_whole(self) -> bool:
        return self.step is None or isinstance(self.step, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Any of these."""

    values: tuple[Value, ...]


Space = Mapping[str, Between | OneOf]
"""By the parameter's name."""


def space(texts: Sequence[str]) -> Space:
    """Read what a person may write: `fast=5:20`, `strength=5:30:2.5`, `profile=one,other`.

    Raises:
        InvalidValueError: one is not of these forms, is named twice, or leaves no choice.
    """
    found: dict[str, Between | OneOf] = {}
    for text in texts:
        name, equals, told = text.partition("=")
        if not (name and equals and told):
            raise InvalidValueError(f"{text!r} is no choice: write NAME=LOW:HIGH or NAME=ONE,OTHER")
        if name in found:
            raise InvalidValueError(f"{name} is named twice: give each parameter one choice")
        found[name] = _between(text, told) if ":" in told else _one_of(text, told)
    if not found:
        raise InvalidValueError("nothing is left to choose: name a parameter, as in fast=5:20")
    return found


def _between(text: str, told: str) -> Between:
    values = [value_of(each) for each in told.split(":")]
    numbers = [each for each in values if not isinstance(each, bool | str)]
    if len(numbers) != len(values) or len(numbers) not in {2, 3}:
        raise InvalidValueError(f"{text!r} is no range: write NAME=LOW:HIGH or NAME=LOW:HIGH:STEP")
    low, high, *rest = numbers
    step = rest[0] if rest else None
    if not low < high:
        raise InvalidValueError(
            f"{text!r} leaves no choice: its low end must be below its high end"
        )
    if step is not None and not 0 < step <= high - low:
        raise InvalidValueError(
            f"{text!r} has a step of {step}: it must be above 0, and fit between"
        )
    return Between(low=low, high=high, step=step)


def _one_of(text: str, told: str) -> OneOf:
    values = tuple(dict.fromkeys(value_of(each) for each in told.split(",") if each))
    if len(values) <= 1:
        raise InvalidValueError(f"{text!r} leaves no choice: name two values or more")
    return OneOf(values=values)


def value_of(text: str) -> Value:
    """Return what a person wrote: yes or no, a whole number, a number, or text."""
    if text in YES_OR_NO:
        return YES_OR_NO[text]
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        if found == found and abs(found) != float("inf"):  # noqa: PLR0124 - only NaN is not itself
            return found
    return text


def ends(choice: Between | OneOf) -> tuple[Value, ...]:
    """Return the least and the most of a range, or every one of a list."""
    return choice.values if isinstance(choice, OneOf) else (choice.low, choice.high)


def nearby(of: Space, chosen: Mapping[str, object]) -> tuple[tuple[str, Mapping[str, object]], ...]:
    """Return what differs from chosen values by one step in one parameter, and what was changed.

    A step of a range without one is a tenth of it. What has no order has no neighbours.
    """
    found: list[tuple[str, Mapping[str, object]]] = []
    for name, choice in of.items():
        value = chosen[name]
        if not isinstance(choice, Between) or not isinstance(value, int | float):
            continue
        step = choice.step or (1 if choice.is_whole else (choice.high - choice.low) / 10)
        found += [
            (f"{name}={other:g}", {**chosen, name: other})
            for moved in (value - step, value + step)
            for other in (moved if choice.is_whole else choice.on_step(moved),)
            if choice.low <= other <= choice.high
        ]
    return tuple(found)
