"""Exact amounts: text to `Decimal`, `Decimal` to text, and rounding to a step."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation, localcontext
from typing import Final, NewType

from kraken_pipeline.domain.errors import InvalidValueError

Price = NewType("Price", Decimal)
"""Quote per base, above zero."""
Qty = NewType("Qty", Decimal)
"""Base units, never negative."""

ZERO = Decimal(0)
NOTHING = Qty(ZERO)
BPS = Decimal("0.0001")
"""One basis point as a share."""
PERCENT = Decimal("0.01")
"""One percent as a share."""

MOST_DIGITS: Final = 60
"""Of one amount; none of Kraken's comes near."""
EXACT = Context(prec=MOST_DIGITS)
"""Wide enough that no product of two amounts of Kraken's is cut."""


def decimal_from(text: str | int | Decimal) -> Decimal:
    """Read an amount from the text that the exchange or a person wrote.

    Raises:
        InvalidValueError: not a finite plain number of a sane length. A float is refused by type:
            its digits are not the ones that were written.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise InvalidValueError(f"an amount must come as text, not as {text!r}")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidValueError(f"{text!r} is not a number") from error
    if not value.is_finite() or (isinstance(text, str) and "_" in text):
        raise InvalidValueError(f"{text!r} is not a finite number in plain digits")
    if value and (abs(value.adjusted()) > MOST_DIGITS or _is_longer(text, value)):
        raise InvalidValueError(f"{str(text)[:50]!r} has more than {MOST_DIGITS} digits")
    return value


def _is_longer(text: str | int | Decimal, value: Decimal) -> bool:
    # a short text can not hold more digits than it has characters; counting them costs more
    if isinstance(text, str) and len(text) <= MOST_DIGITS:
        return False
    return len(value.as_tuple().digits) > MOST_DIGITS


def plain(value: Decimal) -> str:
    """Write an amount without an exponent and without trailing zeros, as Kraken accepts it."""
    text = format(value, "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of `step` that is at most `value`.

    Raises:
        InvalidValueError: the step is not above zero.
    """
    return _to_step(value, step, ROUND_FLOOR)


def round_up(value: Decimal, step: Decimal) -> Decimal:
    """Return the smallest multiple of `step` that is at least `value`.

    Raises:
        InvalidValueError: the step is not above zero.
    """
    return _to_step(value, step, ROUND_CEILING)


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise InvalidValueError(f"a step must be above zero, not {step}")
    with localcontext(EXACT):
        steps = (value / step).to_integral_value(rounding=rounding)
        nearest = steps * step
        # the quotient may have been cut; one step back mends the only way that it can be wrong
        if rounding == ROUND_FLOOR and nearest > value:
            return nearest - step
        if rounding == ROUND_CEILING and nearest < value:
            return nearest + step
    return nearest
