"""Checks what the configuration says of a strategy's parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.domain.errors import InvalidValueError


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A parameter that is a number within bounds."""

    default: float
    least: float
    most: float
    whole: bool = False

    def checked(self, name: str, value: object) -> object:
        """Return the value as a number.

        Raises:
            InvalidValueError: it is none, or out of bounds.
        """
        kind = "whole number" if self.whole else "number"
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise InvalidValueError(f"{name} is {value!r}; it must be a {kind}")
        if self.whole and value != int(value):
            raise InvalidValueError(f"{name} is {value!r}; it must be a {kind}")
        number = int(value) if self.whole else float(value)
        if not self.least <= number <= self.most:
            raise InvalidValueError(
                f"{name} is {value}; it must be {self.least:g} to {self.most:g}"
            )
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A parameter that is one of some values."""

    default: object
    options: Sequence[object]

    def checked(self, name: str, value: object) -> object:
        """Return the value.

        Raises:
            InvalidValueError: it is none of the options.
        """
        if not any(value is option or value == option for option in self.options):
            said = ", ".join(str(each) for each in self.options)
            raise InvalidValueError(f"{name} is {value!r}; it must be one of {said}")
        return value


def checked(
    strategy: str, schema: Mapping[str, Number | Choice], given: Mapping[str, object]
) -> dict[str, object]:
    """Return every parameter, checked, with defaults for those not given.

    Raises:
        InvalidValueError: a name is unknown or a value is out of bounds; the remedy is named.
    """
    unknown = sorted(given.keys() - schema.keys())
    if unknown:
        raise InvalidValueError(
            f"{strategy} has no parameter {unknown[0]!r}; it has {', '.join(sorted(schema))}"
        )
    return {
        name: rule.checked(f"{strategy}.params.{name}", given.get(name, rule.default))
        for name, rule in schema.items()
    }
