"""Exact amounts: text to `Decimal`, `Decimal` to text, and rounding to a step."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
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
"""Wide enough that no product of two amounts of Kraken's is cut. Asked by name where it matters: to
enter a context costs more than most of what is worked out in it."""
EXACT_DOWN = Context(prec=MOST_DIGITS, rounding=ROUND_FLOOR)
EXACT_UP = Context(prec=MOST_DIGITS, rounding=ROUND_CEILING)


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
    if len(str(text)) <= MOST_DIGITS:
        return False
    return len(value.as_tuple().digits) > MOST_DIGITS


def plain(value: Decimal) -> str:
    """Write an amount without an exponent and without trailing zeros, as Kraken accepts it."""
    text = str(value) if value else "0"
    if "E" in text:
        # to write without an exponent takes three times as long, and next to no amount has one
        text = format(value, "f")
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
    steps = EXACT.divide(value, step).to_integral_value(rounding, EXACT)
    nearest = EXACT.multiply(steps, step)
    # the quotient may have been cut; one step back mends the only way that it can be wrong
    if rounding == ROUND_FLOOR and nearest > value:
        return EXACT.subtract(nearest, step)
    if rounding == ROUND_CEILING and nearest < value:
        return EXACT.add(nearest, step)
    return nearest
