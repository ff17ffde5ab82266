"""The signature of a private request, and the key that makes it. Pure."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from kraken_pipeline.domain.errors import KeyMalformedError

SHOWN_LETTERS: Final = 4
"""How much of a public key is shown, so that a person can tell two keys apart."""

SEALED: Final = b"fingerprint of "
"""Begins what only a fingerprint signs, so that it is no signature of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An API key with its secret. Printing it shows neither."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    """Base64, as Kraken hands it out."""

    def __post_init__(self) -> None:
        """Refuse a pair that could never sign.

        Raises:
            KeyMalformedError: the key is empty or the secret is no base64; neither is repeated.
        """
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise KeyMalformedError("the API key is empty or holds letters that no key has")
        if not _decoded(self.secret):
            raise KeyMalformedError(
                "the API secret is not the base64 text that Kraken showed; copy it again, whole"
            )

    def __repr__(self) -> str:
        return f"Credential(key='{self.key[:SHOWN_LETTERS]}…')"

    @property
    def key_id(self) -> str:
        """A name of the key for files and locks, from which it cannot be read back."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """A name of key and secret together, to see whether one was changed; not to be reversed."""
        seal = hmac.new(_decoded(self.secret), SEALED + self.key.encode(), hashlib.sha512)
        return seal.hexdigest()[:16]

    def sign(self, *, path: str, nonce: int, body: bytes) -> str:
        """Return the `API-Sign` header of a request.

        Args:
            path: of the address, with the version: `/0/private/AddOrder`.
            nonce: as it stands in the body.
            body: the bytes exactly as they are sent.

        Source: docs.kraken.com/api/docs/guides/spot-rest-auth.
        """
        digest = hashlib.sha256(str(nonce).encode() + body).digest()
        mac = hmac.new(_decoded(self.secret), path.encode() + digest, hashlib.sha512)
        return base64.b64encode(mac.digest()).decode()


def _decoded(secret: str) -> bytes:
    """Return the secret's bytes, or none where it is not base64."""
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return b""
