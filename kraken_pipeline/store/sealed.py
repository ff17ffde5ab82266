"""JSON files, each written whole or not at all, with the hash of what is in it."""

import hashlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from kraken_pipeline.domain.errors import ConfigurationError, StorageError

Of = TypeVar("Of")


def seal(path: Path, what: object) -> str:
    """Write a value over what was there, and return its hash.

    Raises:
        StorageError: it cannot be written; what was there stays.
    """
    told = msgspec.json.format(msgspec.json.encode(what, order="sorted"), indent=1)
    known = hashlib.sha256(told).hexdigest()
    try:
        _replace(path, b'{"sha256":"%b","of":%b}\n' % (known.encode(), told))
    except OSError as failure:
        raise StorageError(
            f"{path} cannot be written: {failure.strerror}; free some space, or make its folder "
            "one that you may write to"
        ) from failure
    return known


def _replace(path: Path, told: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with beside.open("wb") as file:
        file.write(told)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def unsealed(path: Path, kind: type[Of], *, remedy: str) -> tuple[Of, str]:
    """Return what a file holds, with its hash.

    Args:
        path: of the file.
        kind: what it holds.
        remedy: what makes it again.

    Raises:
        FileNotFoundError: there is none.
        ConfigurationError: it is torn, was changed by hand, is not ours, or cannot be read.
    """
    try:
        whole = msgspec.json.decode(path.read_bytes(), type=_Kept)
        if hashlib.sha256(whole.of).hexdigest() != whole.sha256:
            raise ConfigurationError(f"{path} is not as it was written: {remedy}")
        return msgspec.json.decode(whole.of, type=kind), whole.sha256
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as torn:
        raise ConfigurationError(f"{path} cannot be read: {torn}: {remedy}") from torn


class _Kept(msgspec.Struct):
    sha256: str
    of: msgspec.Raw
