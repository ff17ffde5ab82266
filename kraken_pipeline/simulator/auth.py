"""Who calls: the key, the signature over the raw bytes, the nonce.

Source: kraken/rest.md §1.2 and the test vector there.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.params import Params, RefusedError

LARGEST_NONCE: Final = 2**64
PERMISSIONS: Final = (
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "modify-trades",
    "close-trades",
    "query-ledger",
)
"""What the key may do. Not among them: adding, withdrawing and staking funds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key."""

    name: str
    """What a caller sends as API-Key."""
    secret: bytes
    permissions: tuple[str, ...] = PERMISSIONS


def secret_of(text: str) -> bytes:
    """Return the secret that a base64 text spells.

    Raises:
        ValueError: it is empty or no base64.
    """
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error as wrong:
        raise ValueError("the API secret is no base64 text") from wrong
    if not secret:
        raise ValueError("the API secret is empty")
    return secret


def signature(secret: bytes, path: str, nonce: str, body: bytes) -> str:
    """Return the API-Sign of a request: its path, and its body as the very bytes that were sent."""
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(
        hmac.new(secret, path.encode() + digest, hashlib.sha512).digest()
    ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A private call as it came in."""

    path: str
    key: str
    sign: str
    body: bytes
    params: Params


def admit(request: Request, key: Key, journal: Journal, permissions: frozenset[str]) -> None:
    """Let a call in, and spend its nonce.

    Checked in Kraken's order: key, signature, nonce, permission.

    Args:
        request: the call.
        key: the only key there is.
        journal: keeps the highest nonce.
        permissions: any one of them lets the call in; none are needed if it is empty.

    Raises:
        RefusedError: the first thing that is wrong.
    """
    if request.key != key.name:
        raise RefusedError("EAPI:Invalid key")
    nonce = request.params.text("nonce")
    expected = signature(key.secret, request.path, nonce, request.body)
    if not hmac.compare_digest(expected, request.sign):
        raise RefusedError("EAPI:Invalid signature")
    if not nonce.isascii() or not nonce.isdigit() or int(nonce) >= LARGEST_NONCE:
        raise RefusedError("EAPI:Invalid nonce")
    if int(nonce) <= journal.nonce:
        raise RefusedError("EAPI:Invalid nonce")
    journal.nonce = int(nonce)
    if permissions and permissions.isdisjoint(key.permissions):
        raise RefusedError("EGeneral:Permission denied")
