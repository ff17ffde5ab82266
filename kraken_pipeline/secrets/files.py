"""Files that only their owner may read: written whole or not at all (SEC-2)."""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError

LARGEST_BYTES: Final = 65_536
"""No file of keys is larger; what is, is something else."""


def write_private(file: Path, content: bytes) -> None:
    """Replace a file, durably. It can be read by nobody else at any moment.

    Raises:
        ConfigurationError: the folder is open to everybody, or cannot be written.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_closed_folder(file.parent)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as temporary:
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _flush_folder(file.parent)
    except OSError as failure:
        raise ConfigurationError(f"{file} cannot be written: {failure.strerror}") from failure


def read_private(file: Path) -> bytes:
    """Return a file's content if nobody else could read or replace it.

    Raises:
        ConfigurationError: others can read it, its folder is open to everybody, it is too large,
            or it cannot be read.
    """
    try:
        for folder in {file.parent, file.resolve().parent}:
            _require_closed_folder(folder)
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(
                    f"{file} has mode {mode:04o}: others than its owner can get at the keys. "
                    f"Run: chmod 600 {file}"
                )
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as failure:
        raise ConfigurationError(f"{file} cannot be read: {failure.strerror}") from failure
    if len(content) > LARGEST_BYTES:
        raise ConfigurationError(f"{file} has more than {LARGEST_BYTES} bytes: it holds no keys")
    return content


def remove(file: Path) -> bool:
    """Remove a file, durably; False if there was none.

    Raises:
        ConfigurationError: it cannot be removed.
    """
    try:
        file.unlink()
        _flush_folder(file.parent)
    except FileNotFoundError:
        return False
    except OSError as failure:
        raise ConfigurationError(f"{file} cannot be removed: {failure.strerror}") from failure
    return True


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes the files of a folder, and keep others waiting meanwhile.

    Raises:
        ConfigurationError: there is no such folder, and none can be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as failure:
        raise ConfigurationError(f"{folder} cannot be used: {failure.strerror}") from failure
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # gives the lock back


def _require_closed_folder(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"the folder {folder} has mode {mode:04o}: anybody can put another file of keys there. "
            f"Run: chmod 700 {folder}"
        )


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
