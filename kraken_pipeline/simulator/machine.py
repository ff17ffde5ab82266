"""What no two runs have in common: time as the machine counts it, and secrets.

Nothing that is answered or written down depends on it but tokens, and whoever makes the tokens can
be another. The exchange's own time comes from `clock`.
"""

import secrets
import time
from typing import Final

TOKEN_BYTES: Final = 32


def seconds() -> float:
    """Return the machine's time since some moment, in seconds; it never goes back."""
    return time.monotonic()


def token() -> str:
    """Return a text that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)
