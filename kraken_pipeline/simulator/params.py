"""What a caller sent, read the way Kraken reads it; and how a call is refused.

Unknown parameters are ignored. Forms and JSON bodies give the same parameters.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import parse_qsl

INVALID: Final = "EGeneral:Invalid arguments"
MOST_DIGITS: Final = 64
"""Of a number, before and behind its point."""
_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no", ""})


class RefusedError(Exception):
    """A call is refused; `args[0]` is Kraken's text for why."""

    @property
    def text(self) -> str:
        """Kraken's text: severity, category, what."""
        return str(self.args[0])


def invalid(what: str = "") -> RefusedError:
    """Return the refusal of an argument, `what` named after it as Kraken does."""
    return RefusedError(f"{INVALID}:{what}" if what else INVALID)


class Params:
    """The parameters of one call."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        """As they came, by name."""

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) not in {None, ""} if self._simple(name) else True

    def _simple(self, name: str) -> bool:
        return not isinstance(self.values.get(name), (list, dict))

    def raw(self, name: str) -> object:
        """Return a parameter as it came: for lists and objects in JSON bodies."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return a parameter as text, empty if it was not given."""
        value = self.values.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value).strip()

    def names(self, name: str) -> list[str]:
        """Return the parts of a comma list, or of a JSON list."""
        value = self.values.get(name)
        parts = value if isinstance(value, list) else self.text(name).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no, in any case.

        Raises:
            RefusedError: it is neither.
        """
        text = self.text(name).lower()
        if name not in self:
            return default
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise invalid(name)

    def integer(self, name: str, *, default: int | None = None) -> int:
        """Return a whole number.

        Raises:
            RefusedError: it is none, or it is missing and has no default.
        """
        if name not in self and default is not None:
            return default
        try:
            return int(self.text(name))
        except ValueError as wrong:
            raise invalid(name) from wrong

    def number(self, name: str) -> Decimal:
        """Return an exact number.

        Raises:
            RefusedError: it is none or not finite.
        """
        return number(self.text(name), name)


def number(text: str, name: str) -> Decimal:
    """Return the number that a text spells.

    Raises:
        RefusedError: it spells none; `name` says which argument it was.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as wrong:
        raise invalid(name) from wrong
    # written out, a number with a huge exponent would fill the memory
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS or len(text) > MOST_DIGITS:
        raise invalid(name)
    return value


def instant(text: str, name: str) -> datetime:
    """Return the aware time that an RFC 3339 text spells.

    Raises:
        RefusedError: it spells none, or has no offset.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise invalid(name) from wrong
    if value.tzinfo is None:
        raise invalid(name)
    return value


def parsed(body: bytes, content_type: str) -> Params:
    """Return the parameters of a body: JSON if its type says so, else a form.

    Raises:
        RefusedError: the body is not what its type says.
    """
    try:
        text = body.decode()
        if "json" not in content_type.lower():
            return Params(dict(parse_qsl(text, keep_blank_values=True)))
        values = json.loads(text, parse_float=Decimal) if text.strip() else {}
    except (ValueError, RecursionError) as wrong:
        raise invalid() from wrong
    if not isinstance(values, dict):
        raise invalid()
    return Params(values)
