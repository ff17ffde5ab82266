"""What a client asks: one JSON object a frame, read as strictly as Kraken reads it.

Source: kraken/ws_v2.md §2 and §3; the texts of errors in kraken/errors.md §5.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

MALFORMED: Final = "Malformed request"
NO_METHOD: Final = "Event(s) not found"
UNKNOWN_METHOD: Final = "Unsupported event"
NO_TOKEN: Final = "Token(s) not found"  # noqa: S105 an error's text
INVALID_SESSION: Final = "ESession:Invalid session"


class MessageError(Exception):
    """A message is refused; `args[0]` is Kraken's text for why."""

    def __init__(self, text: str, **more: str) -> None:
        """Refuse a message.

        Args:
            text: Kraken's words.
            **more: fields that the error frame has besides.
        """
        super().__init__(text)
        self.more = more

    @property
    def text(self) -> str:
        """Kraken's words."""
        return str(self.args[0])


class Fields:
    """The `params` of a request, each of the type that Kraken demands."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """Return a text.

        Raises:
            MessageError: it is of another type.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise _wrong(name, "a string")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no.

        Raises:
            MessageError: it is of another type.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise _wrong(name, "a boolean")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number.

        Raises:
            MessageError: it is of another type, or it is missing and has no default.
        """
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(name, "a number_integer")
        return value

    def number(self, name: str) -> Decimal:
        """Return an exact number; a text that spells one is refused.

        Raises:
            MessageError: it is of another type, or missing.
        """
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise _wrong(name, "a number_float")
        return Decimal(value)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; none if it is missing.

        Raises:
            MessageError: it is of another type.
        """
        return [_text(name, each) for each in self.items(name)]

    def items(self, name: str) -> list[object]:
        """Return a list; none if it is missing.

        Raises:
            MessageError: it is of another type.
        """
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise _wrong(name, "an array")
        return value

    def nested(self, name: str) -> "Fields":
        """Return an object; an empty one if it is missing.

        Raises:
            MessageError: it is of another type.
        """
        value = self._values.get(name)
        if value is None:
            return Fields({})
        return objects(name, value)


def objects(name: str, value: object) -> Fields:
    """Return an object that stands in a list.

    Raises:
        MessageError: it is of another type.
    """
    if not isinstance(value, dict):
        raise _wrong(name, "an object")
    return Fields(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "an array of strings")
    return value


def _wrong(name: str, kind: str) -> MessageError:
    return MessageError(f"{name.capitalize()} field must be {kind}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message of a client."""

    method: str
    params: Fields = field(default_factory=lambda: Fields({}))
    has_params: bool = False
    req_id: int | None = None
    received: datetime


def read(text: str, received: datetime) -> Request:
    """Return the request that a text is.

    Raises:
        MessageError: it is no JSON object, or has no method.
    """
    try:
        values = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as wrong:
        raise MessageError(MALFORMED) from wrong
    if not isinstance(values, dict):
        raise MessageError(MALFORMED)
    number = values.get("req_id")
    req_id = number if isinstance(number, int) and not isinstance(number, bool) else None
    more = {} if req_id is None else {"req_id": str(req_id)}
    if number is not None and req_id is None:
        raise MessageError("Req_id field must be a number_integer")
    method, params = values.get("method"), values.get("params")
    if not isinstance(method, str):
        raise MessageError(NO_METHOD, **more)
    if params is not None and not isinstance(params, dict):
        raise MessageError("Params field must be an object", method=json.dumps(method), **more)
    return Request(
        method=method,
        params=Fields(params or {}),
        has_params=params is not None,
        req_id=req_id,
        received=received,
    )


ORDERING: Final = frozenset({"add_order", "batch_add", "edit_order"})
"""Methods that bring an order to the book of a pair that they name."""


def ordered_in(text: str) -> str:
    """Return the pair to whose book a message brings an order; empty if it does nothing of it."""
    try:
        told = json.loads(text)
        params = told["params"] if told["method"] in ORDERING else {}
        symbol = params.get("symbol", "")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return ""
    return symbol if isinstance(symbol, str) else ""
