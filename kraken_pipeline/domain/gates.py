"""A gate: a tuple of small pure questions. All are asked; every answer is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against, as a code that never changes and the figures behind it."""

    code: str
    """Stable across versions; listed in RSK-5."""
    figures: str
    """What was compared, as `name=value` pairs."""

    def __str__(self) -> str:
        return f"{self.code}: {self.figures}"


Question = Callable[[T], Objection | None]
"""Answers why not, or None where nothing stands against it."""


def objections(questions: tuple[Question[T], ...], case: T) -> tuple[Objection, ...]:
    """Ask every question, also after one objected, and keep each objection in order."""
    return tuple([found for ask in questions if (found := ask(case)) is not None])
