"""Answers without what was sent to get them.

A proxy or an error page may repeat a request with its headers. What comes back goes into messages,
audit log and events, so the key and its signature are taken out before anybody sees it (INV-10).
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = b"***"


def without(secrets: Iterable[str], body: bytes) -> bytes:
    """Return a body without these texts, as they are, percent-encoded or escaped for JSON."""
    for secret in secrets:
        for spelling in {secret, quote(secret, safe=""), quote_plus(secret), _escaped(secret)}:
            body = body.replace(spelling.encode(), HIDDEN)
    return body


def _escaped(secret: str) -> str:
    return secret.replace("/", "\\/")
