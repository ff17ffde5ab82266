"""Amounts that a person typed."""

from decimal import Decimal, InvalidOperation

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from


def amount_typed(option: str, text: str) -> Decimal:
    """Return the amount that was typed behind an option.

    Raises:
        InvalidValueError: it is no plain number; the option is named.
    """
    try:
        return decimal_from(text)
    except (InvalidValueError, InvalidOperation) as error:
        raise InvalidValueError(f"{option} is {text!r}: use a plain number") from error
