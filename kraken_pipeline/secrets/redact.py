"""Take secrets out of text before it is written anywhere (SEC-6, INV-10).

Two ways, together. What is known is found in every spelling that a program is likely to give it:
as it is, percent-encoded, escaped for JSON or Python, and inside Base64 at any offset. What is not
known yet is found by where it stands: in Kraken's headers, in a token, in a database address.
"""

import base64
import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final

from kraken_pipeline.domain.errors import InvalidValueError

MARK: Final = "***"
"""What stands where a secret was. Shorter than any secret, so that redacting comes to an end."""

SHORTEST: Final = 6
"""Characters that a secret must have, or else it cannot be told from ordinary text."""

_QUOTE: Final = r"\\*['\"]?"
_GIVES: Final = rf"{_QUOTE}\s*[:=,]\s*b?{_QUOTE}"
_OPAQUE: Final = r"[A-Za-z0-9+/=_%.\-]{16,}"
PLACES: Final[tuple[re.Pattern[str], ...]] = (
    re.compile(rf"(api[-_ ]?(?:key|sign|secret){_GIVES}){_OPAQUE}", re.IGNORECASE),
    re.compile(rf"(token{_GIVES}){_OPAQUE}", re.IGNORECASE),
    re.compile(r"(://[^\s:/@'\"]*:)[^\s/'\"]*(?=@)"),
)
"""Where a secret stands, known or not. The first group is kept.

Source: Kraken's `API-Key` and `API-Sign` headers; `token` in GetWebSocketsToken and in every
private WebSocket request.
"""


class Redactor:
    """Knows the live secrets and takes them out of text.

    It may learn more while it is in use, from any thread: a WebSocket token comes late.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._patterns: Mapping[str, re.Pattern[str]] = {}
        self._learning = threading.Lock()
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._patterns)} secrets)"

    def learn(self, secret: str) -> None:
        """Know one more secret from now on.

        Raises:
            InvalidValueError: it is too short to be found without hiding ordinary words.
        """
        if len(secret) < SHORTEST:
            raise InvalidValueError(
                f"a secret has {len(secret)} characters, but needs at least {SHORTEST} to be kept "
                "out of logs; choose a longer one"
            )
        with self._learning:
            if secret not in self._patterns:
                # another thread may be redacting with what there was
                self._patterns = {**self._patterns, secret: _pattern(secret)}

    def redact(self, text: str) -> str:
        """Return the text without any known secret and without what stands in a secret's place."""
        for place in PLACES:
            text = place.sub(rf"\1{MARK}", text)
        patterns = self._patterns.values()
        # A mark beside what is left can spell a secret again. Each round makes the text shorter.
        found = True
        while found:
            before = len(text)
            for pattern in patterns:
                text = pattern.sub(MARK, text)
            found = len(text) < before
        return text


def _pattern(secret: str) -> re.Pattern[str]:
    return re.compile("|".join(_spellings(secret)))


def _spellings(secret: str) -> list[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    return [
        "".join(_plain(character) for character in secret),
        re.escape(json.dumps(secret)[1:-1]),
        re.escape(repr(secret)[1:-1]),
        re.escape(repr(raw)[2:-1]),
        *(_inside_base64(raw, offset) for offset in range(3)),
    ]


def _plain(character: str) -> str:
    """Match a character as it is, percent-encoded once or more, or with its slash escaped."""
    encoded = "".join(
        f"%(?:25)*{_any_case(f'{byte:02X}')}" for byte in character.encode("utf-8", "surrogatepass")
    )
    also = {" ": r"|\+", "/": r"|\\+/"}.get(character, "")
    return f"(?:{re.escape(character)}|{encoded}{also})"


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.lower()}]" if digit.isalpha() else digit for digit in digits)


def _inside_base64(raw: bytes, offset: int) -> str:
    """Match the Base64 of bytes that begin `offset` bytes into a group of three.

    The first and the last character also hold bits of the neighbours, and are left out. Both
    alphabets match, and so do lines broken anywhere.
    """
    text = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
    first = (offset * 8 + 5) // 6
    whole = (offset + len(raw)) * 8 // 6
    wide = {"+": "-", "/": "_"}
    return r"(?:\\+[rn]|\s)*".join(
        f"(?:{_plain(each)}|{wide[each]})" if each in wide else each for each in text[first:whole]
    )


class RedactingFilter(logging.Filter):
    """Redacts every part of a log record. Add it to handlers.

    A logger's own filters do not see what comes from the loggers below it; a handler's do.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place and let it pass."""
        record.msg, record.args = self._redactor.redact(_message(record)), None
        if record.exc_info:
            kind, error, trace = record.exc_info
            record.exc_text = "".join(traceback.format_exception(kind, error, trace)).rstrip("\n")
            # Another formatter would write the exception itself, unredacted.
            record.exc_info = None
        for name, value in list(vars(record).items()):
            vars(record)[name] = self._clean(value)
        return True

    def _clean(self, value: object) -> object:
        """Return text redacted, and anything else as it is unless its text holds a secret."""
        if isinstance(value, str):
            return self._redactor.redact(value)
        if value is None or isinstance(value, int | float):
            return value
        text = repr(value)
        redacted = self._redactor.redact(text)
        return value if redacted == text else redacted


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A message that does not fit its arguments is logged with both, and never lost.
        return f"{record.msg} {record.args!r}"


class RedactingRecords:
    """Makes log records that are redacted from the start, whoever handles them then.

    For `logging.setLogRecordFactory`. A framework adds handlers of its own, after ours.
    """

    def __init__(self, redactor: Redactor, usual: Callable[..., logging.LogRecord]) -> None:
        """Take what knows the secrets, and what makes records otherwise."""
        self._filter = RedactingFilter(redactor)
        self._usual = usual

    def __call__(self, *args: Any, **more: Any) -> logging.LogRecord:  # noqa: ANN401 - logging's
        """Make a record and redact it."""
        record = self._usual(*args, **more)
        self._filter.filter(record)
        return record


def exception_hook(
    redactor: Redactor, write: Callable[[str], object]
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Return a hook for `sys.excepthook` that writes a redacted traceback.

    Args:
        redactor: what knows the secrets.
        write: takes the text, such as `sys.stderr.write`.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        write(redactor.redact("".join(traceback.format_exception(kind, error, trace))))

    return hook
