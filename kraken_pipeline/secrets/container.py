"""The sealed form of a secret: what is written of it, and how it opens. Pure but for randomness.

    magic 8 | version 2 | header length 4 | header, JSON | sealed text and its tag | SHA-256 of all

The header names key derivation and cipher with their figures, salt and nonce, so that the figures
can be raised later. Everything before the sealed text is authenticated with it. The checksum at the
end keeps nothing secret; it tells a damaged file from a wrong password.

Source: rule SEC-1; RFC 9106 (Argon2id); NIST SP 800-38D (GCM).
"""

import hashlib
import json
import math
import os
import struct
import time
import unicodedata
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kraken_pipeline.domain.errors import ConfigurationError, WrongPasswordError

MAGIC: Final = b"KRKNKEYS"
VERSION: Final = 1
KDF: Final = "argon2id"
CIPHER: Final = "AES-256-GCM"
_FRAME: Final = struct.Struct(">8sHI")
_CHECKSUM_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_SLOW_ENOUGH_SECONDS: Final = 0.25
"""What trying one password should cost at the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What turning a password into a key costs, and so what guessing one costs."""

    memory_kib: int
    passes: int
    lanes: int

    def __post_init__(self) -> None:
        """Refuse figures that no computer could follow: a forged header may not stop us.

        Raises:
            ConfigurationError: a figure is out of its bounds.
        """
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= most:
                raise ConfigurationError(f"its {name} is {value!r} and not {least} to {most}")

    def is_below(self, other: "Cost") -> bool:
        """Tell whether guessing is cheaper than with the other."""
        return self.memory_kib < other.memory_kib or self.passes < other.passes


_BOUNDS: Final = {"memory_kib": (64, 2**20), "passes": (1, 1000), "lanes": (1, 8)}
FLOOR: Final = Cost(memory_kib=65536, passes=3, lanes=1)
"""The least that is written. Source: rule SEC-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """What was sealed, and whether it should be sealed anew."""

    text: bytes
    cost: Cost

    @property
    def is_outdated(self) -> bool:
        """Whether today's least cost is higher."""
        return self.cost.is_below(FLOOR)

    def __repr__(self) -> str:
        return f"Unsealed({len(self.text)} bytes)"


@cache
def calibrated() -> Cost:
    """Return the cost that takes this machine a quarter of a second, but never less than `FLOOR`.

    It takes about as long itself, once in a process.
    """
    started = time.perf_counter()
    _derived("calibration", bytes(_SALT_BYTES), FLOOR)
    seconds_per_pass = (time.perf_counter() - started) / FLOOR.passes
    passes = min(math.ceil(_SLOW_ENOUGH_SECONDS / seconds_per_pass), _BOUNDS["passes"][1])
    return Cost(memory_kib=FLOOR.memory_kib, passes=max(FLOOR.passes, passes), lanes=FLOOR.lanes)


def seal(text: bytes, password: str, cost: Cost) -> bytes:
    """Return the text sealed with a password; two seals of the same text have nothing in common."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    described = {
        "kdf": KDF,
        **asdict(cost),
        "cipher": CIPHER,
        "salt": salt.hex(),
        "nonce": nonce.hex(),
    }
    header = json.dumps(described, separators=(",", ":")).encode()
    head = _FRAME.pack(MAGIC, VERSION, len(header)) + header
    sealed = AESGCM(_derived(password, salt, cost)).encrypt(nonce, text, head)
    whole = head + sealed
    return whole + hashlib.sha256(whole).digest()


def unseal(blob: bytes, password: str) -> Unsealed:
    """Open what `seal` gave.

    Raises:
        ConfigurationError: it is damaged, or of a version that is not known here.
        WrongPasswordError: it is whole, and the password is another one.
    """
    head, header, sealed = _parted(blob)
    cost, salt, nonce = _read(header)
    try:
        text = AESGCM(_derived(password, salt, cost)).decrypt(nonce, sealed, head)
    except InvalidTag:
        raise WrongPasswordError("the password is wrong, or somebody changed the file") from None
    return Unsealed(text=text, cost=cost)


def _parted(blob: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what is authenticated, the header within it, and what is sealed."""
    whole, checksum = blob[:-_CHECKSUM_BYTES], blob[-_CHECKSUM_BYTES:]
    if not blob.startswith(MAGIC) or len(whole) < _FRAME.size:
        raise ConfigurationError("this is no file of sealed keys, or only a part of one")
    _, version, length = _FRAME.unpack_from(whole)
    if hashlib.sha256(whole).digest() != checksum:
        raise ConfigurationError("it is damaged: its checksum does not fit")
    if version != VERSION:
        raise ConfigurationError(
            f"it has format {version}, and only {VERSION} is known here; use the newer program "
            "that wrote it"
        )
    end = _FRAME.size + length
    return whole[:end], whole[_FRAME.size : end], whole[end:]


def _read(header: bytes) -> tuple[Cost, bytes, bytes]:
    """Return cost, salt and nonce."""
    try:
        told = json.loads(header)
        if told["kdf"] != KDF or told["cipher"] != CIPHER:
            raise ConfigurationError(
                f"it is sealed with {told['kdf']} and {told['cipher']}, which are not known here"
            )
        cost = Cost(memory_kib=told["memory_kib"], passes=told["passes"], lanes=told["lanes"])
        salt, nonce = bytes.fromhex(told["salt"]), bytes.fromhex(told["nonce"])
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError("it is damaged: its header cannot be read") from None
    if len(salt) != _SALT_BYTES or len(nonce) != _NONCE_BYTES:
        raise ConfigurationError("it is damaged: its salt or its nonce has the wrong length")
    return cost, salt, nonce


def _derived(password: str, salt: bytes, cost: Cost) -> bytes:
    # keyboards spell one letter in several ways; source: RFC 8265, section 4.2
    spelled = unicodedata.normalize("NFC", password)
    return Argon2id(
        salt=salt,
        length=_KEY_BYTES,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    ).derive(spelled.encode("utf-8", "surrogatepass"))
