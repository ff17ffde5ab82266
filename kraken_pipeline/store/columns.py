"""How exact amounts and instants stand in a database: as text that sorts and reads by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import require_utc

REMEMBERED: Final = 10_000
"""Texts whose value is kept: the same amounts and instants are read again and again."""


def instant_text(moment: datetime) -> str:
    """Write an instant so that text order is time order: `2026-01-31T23:59:59.000000Z`.

    Raises:
        InvalidValueError: it is naive or not in UTC.
    """
    # asked first: an instant of another zone is the same to the memory
    return _instant_text(require_utc(moment))


@lru_cache(REMEMBERED)
def _instant_text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Exact(TypeDecorator[Decimal]):
    """A `Decimal` as its plain text, `0.00000001`; nothing rounds it on the way in or out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write an amount; refuse whatever is no finite `Decimal`."""
        return _amount_text(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Decimal | None], str | None]:
        """Return what writes an amount, without a step for a type below, which changes nothing."""
        return _amount_text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read an amount."""
        return _amount(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], Decimal | None]:
        """Return what reads an amount, without a step for a type below, which changes nothing."""
        return _amount


class Instant(TypeDecorator[datetime]):
    """An aware UTC `datetime` as ISO 8601 with microseconds, which sorts as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write an instant; refuse one that is not in UTC."""
        return _maybe_instant_text(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        """Return what writes an instant, without a step for a type below, which changes nothing."""
        return _maybe_instant_text

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read an instant."""
        return _moment(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], datetime | None]:
        """Return what reads an instant, without a step for a type below, which changes nothing."""
        return _moment


def _amount_text(value: Decimal | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Decimal) or not value.is_finite():
        raise InvalidValueError(f"{value!r} is no exact amount; make a finite Decimal of it")
    return plain(value)


def _maybe_instant_text(value: datetime | None) -> str | None:
    return None if value is None else instant_text(value)


@lru_cache(REMEMBERED)
def _amount(text: str | None) -> Decimal | None:
    return None if text is None else decimal_from(text)


@lru_cache(REMEMBERED)
def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


# SQLAlchemy's Column takes its type from its arguments, which differ from use to use
AnyColumn = Column[Any]


def text(name: str, **options: Any) -> AnyColumn:  # noqa: ANN401 - what Column itself takes
    """Return a column of text that is never empty of a value."""
    return Column(name, Text, nullable=False, **options)


def maybe_text(name: str, **options: Any) -> AnyColumn:  # noqa: ANN401 - what Column itself takes
    """Return a column of text that may be absent."""
    return Column(name, Text, nullable=True, **options)


def number(name: str, **options: Any) -> AnyColumn:  # noqa: ANN401 - what Column itself takes
    """Return a column of whole numbers."""
    return Column(name, Integer, nullable=False, **options)


def exact(name: str) -> AnyColumn:
    """Return a column of exact amounts."""
    return Column(name, Exact, nullable=False)


def maybe_exact(name: str) -> AnyColumn:
    """Return a column of exact amounts that may be absent."""
    return Column(name, Exact, nullable=True)


def instant(name: str, **options: Any) -> AnyColumn:  # noqa: ANN401 - what Column itself takes
    """Return a column of instants."""
    return Column(name, Instant, nullable=False, **options)


def maybe_instant(name: str) -> AnyColumn:
    """Return a column of instants that may be absent."""
    return Column(name, Instant, nullable=True)
