"""Identifiers in Kraken's shapes. They are derived, so the same run gives the same ones."""

import hashlib
import re
import string
from typing import Final

_CAPITALS: Final = string.ascii_uppercase + string.digits
_MIXED: Final = string.ascii_letters + string.digits

SHAPE: Final = re.compile(r"[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{6}")
"""Orders, trades and ledger entries: a letter for the kind and 16 more, O12345-12345-123456."""


def _letters(alphabet: str, count: int, *parts: object) -> str:
    digest = hashlib.sha512("\x1f".join(map(str, parts)).encode()).digest()
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:count])


def identifier(kind: str, *parts: object) -> str:
    """Return an id: `kind` is O for an order, T a trade or an amend, L a ledger entry."""
    letters = kind + _letters(_CAPITALS, 16, kind, *parts)
    return f"{letters[:6]}-{letters[6:11]}-{letters[11:]}"


def funding_reference(*parts: object) -> str:
    """Return the refid of a deposit: FT, five letters, a dash, 22 more."""
    letters = _letters(_MIXED, 27, "FT", *parts)
    return f"FT{letters[:5].upper()}-{letters[5:]}"
