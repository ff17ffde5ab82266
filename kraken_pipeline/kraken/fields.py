"""Reading one field of a reply: the right kind or an error that names it, never a default. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeGuard

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty

NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
"""A plain number as Kraken writes it. `Decimal` itself takes more: blanks, `1_0`, `NaN`."""
LARGEST: Final = Decimal("1E30")
"""No amount of anything is larger; what is would only slow down every sum it enters."""
MOST_PLACES: Final = 40
"""No amount has more decimal places."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_SECOND: Final = 253_402_300_799
"""The last second of the year 9999, in Unix seconds."""
MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object, and where it stands, for messages."""

    where: str
    fields: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a field that is text."""
        value = self._value(name)
        if not isinstance(value, str):
            raise self._odd(name, "text")
        return value

    def name_in(self, name: str) -> str:
        """Return a field that is text and not empty."""
        value = self.text(name)
        if not value:
            raise self._odd(name, "a name")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a field that Kraken leaves out, or sets to null, where there is nothing to say."""
        return None if self.fields.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.items(name)
        texts = tuple(each for each in values if isinstance(each, str))
        if len(texts) != len(values):
            raise self._odd(name, "a list of texts")
        return texts

    def one_of(self, name: str, known: frozenset[str]) -> str:
        """Return a field that is one of some words."""
        value = self.text(name)
        if value not in known:
            raise self._odd(name, f"one of {', '.join(sorted(known))}")
        return value

    def amount(self, name: str) -> Decimal:
        """Return a finite number, exactly as it was written."""
        number = exact(self._value(name))
        if number is None:
            raise self._odd(name, "an exact number")
        return number

    def unsigned(self, name: str) -> Decimal:
        """Return a number that is not below zero."""
        number = self.amount(name)
        if number < 0:
            raise self._odd(name, "a number not below zero")
        return number

    def positive(self, name: str) -> Decimal:
        """Return a number above zero."""
        number = self.amount(name)
        if number <= 0:
            raise self._odd(name, "a number above zero")
        return number

    def price(self, name: str) -> Price:
        """Return a price, in quote per base."""
        return Price(self.positive(name))

    def qty(self, name: str) -> Qty:
        """Return a qty, in base units."""
        return Qty(self.unsigned(name))

    def whole(self, name: str) -> int:
        """Return a whole number not below zero."""
        value = self._value(name)
        if not is_whole(value):
            raise self._odd(name, "a whole number not below zero")
        return value

    def whole_or_none(self, name: str) -> int | None:
        """Return a whole number that Kraken leaves out where there is nothing to say."""
        return None if self.fields.get(name) is None else self.whole(name)

    def amount_or_none(self, name: str) -> Decimal | None:
        """Return a number that Kraken leaves out where there is nothing to say."""
        return None if self.fields.get(name) is None else self.amount(name)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self._odd(name, "true or false")
        return value

    def instant(self, name: str) -> datetime:
        """Return a time that is given in Unix seconds, cut to microseconds."""
        seconds = exact(self._value(name))
        if seconds is None or isinstance(self._value(name), str) or not 0 < seconds < LAST_SECOND:
            raise self._odd(name, "a time in Unix seconds")
        return EPOCH + timedelta(microseconds=int(seconds * MICROSECONDS))

    def rfc3339(self, name: str) -> datetime:
        """Return a time that is given as text with its zone, in UTC."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._odd(name, "a time as text") from None
        raise self._odd(name, "a time with its zone")

    def side(self, name: str) -> Side:
        """Return buy or sell."""
        return Side(self.one_of(name, frozenset(Side)))

    def record(self, name: str) -> "Record":
        """Return a field that is an object."""
        return record(self._value(name), f"{self.where}.{name}")

    def items(self, name: str) -> list[object]:
        """Return a field that is an array."""
        value = self._value(name)
        if not isinstance(value, list):
            raise self._odd(name, "a list")
        return value

    def item(self, name: str, index: int) -> "Record":
        """Return a place of an array as a record with that single field, so that it can be read."""
        values = self.items(name)
        if index >= len(values):
            raise self._odd(name, f"a list of more than {index} values")
        return Record(self.where, {name: values[index]})

    def records(self) -> Iterator[tuple[str, "Record"]]:
        """Yield each field as an object with its name: for objects that are maps by id."""
        for name, value in self.fields.items():
            yield name, record(value, f"{self.where}.{name}")

    def _value(self, name: str) -> object:
        if name not in self.fields:
            raise UnexpectedReplyError(f"{self.where}: the field {name!r} is missing")
        return self.fields[name]

    def _odd(self, name: str, wanted: str) -> UnexpectedReplyError:
        shown = repr(self.fields[name])[:100]
        return UnexpectedReplyError(f"{self.where}: the field {name!r} is {shown} and not {wanted}")


def record(value: object, where: str) -> Record:
    """Return a JSON object.

    Raises:
        UnexpectedReplyError: it is something else.
    """
    if not isinstance(value, dict):
        raise UnexpectedReplyError(f"{where} is {type(value).__name__} and not an object")
    return Record(where, value)


def exact(value: object) -> Decimal | None:
    """Return the number that text or a JSON number gives, or None where it gives none."""
    if isinstance(value, str):
        number = (
            Decimal(value) if len(value) <= MOST_PLACES * 2 and NUMBER.fullmatch(value) else None
        )
    elif isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        number = None
    return number if number is not None and _is_sound(number) else None


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether a value is a JSON integer not below zero."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_sound(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -MOST_PLACES
        and number.copy_abs().compare(LARGEST) <= 0
    )
