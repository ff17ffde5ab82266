"""What goes back to a caller."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kraken_pipeline.simulator.wire import text

JSON: Final = "application/json; charset=utf-8"
FILE: Final = "application/octet-stream"
HTML: Final = "text/html; charset=UTF-8"


class Cut(StrEnum):
    """How a connection ends instead of a whole answer."""

    CLOSED = "closed"
    """Without a byte."""
    RESET = "reset"
    """After half of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller."""

    body: str | bytes
    status: int = 200
    delay_seconds: float = 0.0
    """How long the answer is kept back, after its effect."""
    media_type: str = JSON
    succeeded: bool = False
    """Whether the call did what it says."""
    cut: Cut | None = None

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.body.encode() if isinstance(self.body, str) else self.body


def refused(reason: str, status: int = 200) -> Answer:
    """Return the answer to a call that was refused: no `result`, as Kraken has it."""
    return Answer(text({"error": [reason]}), status)


def succeeded(result: str | bytes, delay_seconds: float = 0.0) -> Answer:
    """Return a result in its envelope; bytes are a file, which has none."""
    if isinstance(result, bytes):
        return Answer(result, delay_seconds=delay_seconds, media_type=FILE, succeeded=True)
    body = f'{{"error":[],"result":{result}}}'
    return Answer(body, delay_seconds=delay_seconds, succeeded=True)
