"""Reading a strategy's parameters as the configuration gives them, strictly."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches

from kraken_pipeline.domain.errors import InvalidValueError


def refuse_unknown(given: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse a parameter that no one reads: it would look set and do nothing.

    Raises:
        InvalidValueError: a name is not among the known; the message names the nearest.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
            raise InvalidValueError(f"there is no parameter {name!r}: {meant}")


def one_of(given: Mapping[str, object], name: str, *, default: str, among: Collection[str]) -> str:
    """Return a parameter that is one of a few words.

    Raises:
        InvalidValueError: it is none of them.
    """
    value = given.get(name, default)
    if not isinstance(value, str) or value not in among:
        raise InvalidValueError(f"parameter {name} is {value!r}: use one of {', '.join(among)}")
    return value


def flag(given: Mapping[str, object], name: str, *, default: bool) -> bool:
    """Return a parameter that is true or false.

    Raises:
        InvalidValueError: it is something else.
    """
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise InvalidValueError(f"parameter {name} is {value!r}: use true or false")
    return value


def whole(given: Mapping[str, object], name: str, *, default: int, least: int, most: int) -> int:
    """Return a parameter that is a whole number within its bounds, both included.

    Raises:
        InvalidValueError: it is no whole number or out of bounds.
    """
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidValueError(
            f"parameter {name} is {value!r}: use a whole number from {least} to {most}"
        )
    return value


def number(
    given: Mapping[str, object], name: str, *, default: float, above: float, most: float
) -> float:
    """Return a parameter that is a number above one bound and at most the other.

    Raises:
        InvalidValueError: it is no number or out of bounds.
    """
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValueError(f"parameter {name} is {value!r}: use a number")
    if not above < float(value) <= most:
        raise InvalidValueError(
            f"parameter {name} is {value}: use a number above {above:g} and at most {most:g}"
        )
    return float(value)
