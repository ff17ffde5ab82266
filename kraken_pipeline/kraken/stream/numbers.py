"""Numbers and times as the stream writes them, read without a float in between. Pure.

Kraken writes a price with all the decimals of its pair: `119174.000`. Decoded with `as_written` a
number with a point stays the text that it was, and one without comes as a whole number.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.fields import exact

Number = Any
"""What a number of the stream is decoded into: text, or a whole number.

It must be `Any`: msgspec leaves a number to its `float_hook` only where nothing else is asked for.
"""

as_written: Final = str
"""The hook that keeps a number as the text that Kraken wrote."""

LONGEST: Final = 40
"""Letters of a number. None of Kraken's comes near, and a longer one only costs time."""


def decimal_of(number: Number, name: str) -> Decimal:
    """Return a number exactly as it was written.

    Raises:
        UnexpectedReplyError: it is none; `name` says which.
    """
    value = exact(number)
    if value is None:
        raise UnexpectedReplyError(f"{name} is {str(number)[:LONGEST]!r} and not an exact number")
    return value


def scaled(number: Number, places: int) -> int:
    """Return a number in units of its last decimal place: 45285.2 at one place is 452852.

    Raises:
        UnexpectedReplyError: it has more places than that, is negative, or is no number.
    """
    value = decimal_of(number, "a price or qty")
    try:
        units = value.scaleb(places)
        whole = int(units)
    except (InvalidOperation, OverflowError):
        whole = -1
    if whole < 0 or whole != units:
        raise UnexpectedReplyError(f"{value} has more than {places} decimal places or is negative")
    return whole


def scaled_level(price: Number, qty: Number, price_places: int, qty_places: int) -> tuple[int, int]:
    """Return a level's price and qty, each in units of its last decimal place.

    It is what is done most of all. So the form in which Kraken writes numbers, with all decimals of
    the pair, is read straight from the digits; every other form is read with more care.

    Raises:
        UnexpectedReplyError: one has more places than that, is negative, or is no number.
    """
    try:
        if price[~price_places] == "." and qty[~qty_places] == ".":
            ticks = price.replace(".", "", 1)
            units = qty.replace(".", "", 1)
            if ticks.isdigit() and units.isdigit():
                return int(ticks), int(units)
    except (TypeError, IndexError, ValueError):
        pass
    return scaled(price, price_places), scaled(qty, qty_places)


def unscaled(units: int, places: int) -> Decimal:
    """Return the number that so many units of its last decimal place are."""
    return Decimal(units).scaleb(-places)


def moment_of(text: str) -> datetime:
    """Return a time of the stream, UTC, cut to microseconds.

    Raises:
        UnexpectedReplyError: it is no time with an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnexpectedReplyError(f"{text[:LONGEST]!r} is no time such as 2023-10-04T16:26:01.8Z")
