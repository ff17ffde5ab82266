"""Who calls: the key, the signature over the raw bytes, what a key may do.

Source: kraken/rest.md §1.2 and the test vector there.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.nonces import LONGEST_NAME
from kraken_pipeline.simulator.params import Params

LARGEST_NONCE: Final = 2**64
PERMISSIONS: Final = (
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "modify-trades",
    "close-trades",
    "query-ledger",
    "create-ws-token",
)
"""What a key may do if nothing else is said. Not among them: moving funds."""
EVERY_PERMISSION: Final = frozenset(PERMISSIONS) | {
    "add-funds",
    "withdraw-funds",
    "earn-funds",
    "export-data",
    "add-withdraw-address",
    "update-withdraw-address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key."""

    name: str
    """What a caller sends as API-Key."""
    secret: bytes
    permissions: tuple[str, ...] = PERMISSIONS
    nonce_window: int = 0
    """How far below the highest an unused nonce is still good."""
    ip_allowlist: tuple[str, ...] = ()
    """Addresses or networks that it may be used from; empty for all."""
    valid_until: datetime | None = None
    query_from: datetime | None = None
    """Where the history that it may read begins."""
    query_to: datetime | None = None
    created: datetime | None = None
    modified: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what no key has.

        Raises:
            ValueError: it says what is wrong.
        """
        if not self.name.isascii() or not self.name.isprintable() or " " in self.name:
            raise ValueError(f"the key's name {self.name!r} has more than letters, digits, signs")
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise ValueError(f"the key's name has {len(self.name)} characters; give 1 to 120")
        unknown = sorted(set(self.permissions) - EVERY_PERMISSION)
        if unknown:
            known = ", ".join(sorted(EVERY_PERMISSION))
            raise ValueError(f"there is no permission {unknown[0]!r}; give some of {known}")
        if not 0 <= self.nonce_window < LARGEST_NONCE:
            raise ValueError(f"the nonce window is {self.nonce_window}; give 0 or more")
        for address in self.ip_allowlist:
            ipaddress.ip_network(address, strict=False)

    def is_good(self, host: str, now: datetime) -> bool:
        """Tell whether it has not expired and may be used from an address."""
        if self.valid_until is not None and now >= self.valid_until:
            return False
        if not self.ip_allowlist:
            return True
        address = ipaddress.ip_address(host)
        return any(
            address in ipaddress.ip_network(each, strict=False) for each in self.ip_allowlist
        )

    def may(self, permissions: frozenset[str]) -> bool:
        """Tell whether it has one of the permissions, or none is needed."""
        return not permissions or not permissions.isdisjoint(self.permissions)


def secret_of(text: str) -> bytes:
    """Return the secret that a base64 text spells.

    Raises:
        ValueError: it is empty or no base64.
    """
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
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
    method: str
    key: str
    sign: str
    body: bytes
    params: Params
    host: str
    """The caller's address."""

    def signed_with(self, secret: bytes) -> bool:
        """Tell whether its signature is that of a secret."""
        expected = signature(secret, self.path, self.params.text("nonce"), self.body)
        return hmac.compare_digest(expected.encode(), self.sign.encode())

    def nonce(self) -> int | None:
        """Return its nonce; None if it is no whole number of 64 bits."""
        text = self.params.text("nonce")
        if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_NONCE)):
            return None
        nonce = int(text)
        return nonce if nonce < LARGEST_NONCE else None
