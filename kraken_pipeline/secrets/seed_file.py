"""The older layout of sealed keys, as pipelines of this kind wrote it: salt, then a Fernet token.

It is only read; whoever opens one writes it anew as `container` has it.

Source: behavioural contract, section 3: PBKDF2-HMAC-SHA256, 480,000 iterations, then Fernet.
"""

import base64
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from kraken_pipeline.domain.errors import WrongPasswordError

SALT_BYTES: Final = 16
ITERATIONS: Final = 480_000
TOKEN_BEGINS: Final = b"gAAAAA"
"""Fernet's version and the first bytes of any time before the year 2106, in base64."""


def is_seed_file(blob: bytes) -> bool:
    """Tell whether a file has the older layout."""
    return blob[SALT_BYTES:].startswith(TOKEN_BEGINS)


def open_seed_file(blob: bytes, password: str) -> bytes:
    """Return what was sealed.

    Raises:
        WrongPasswordError: the password is wrong; this layout can't tell that from damage.
    """
    salt, token = blob[:SALT_BYTES], blob[SALT_BYTES:]
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=ITERATIONS)
    key = base64.urlsafe_b64encode(kdf.derive(password.encode("utf-8", "surrogatepass")))
    try:
        return Fernet(key).decrypt(token)
    except InvalidToken:
        raise WrongPasswordError("the password is wrong, or the file is damaged") from None
