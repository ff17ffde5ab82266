"""A file that a person asked for: all of it, or what was there before."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from kraken_pipeline.domain.errors import ConfigurationError

PRINTED: Final = Path("-")


@contextmanager
def replacing(file: Path, option: str) -> Iterator[IO[bytes]]:
    """Open a file to be written whole or not at all: who reads it meanwhile sees the old one.

    What is no regular file, such as a pipe, is written straight; `-` is where programs print.

    Args:
        file: what is to be replaced; `~` is the home folder.
        option: by which the person named it.

    Raises:
        ConfigurationError: it cannot be written, for one because the disk is full; what was there
            stays as it was.
    """
    if file == PRINTED:
        yield sys.stdout.buffer
        return
    place = file.expanduser()
    try:
        with _beside(place.resolve()) if _is_replaced(place) else place.open("wb") as opened:
            yield opened
    except OSError as error:
        raise ConfigurationError(
            f"{option} is {str(file)!r}, which cannot be written: {error.strerror}"
        ) from error


def _is_replaced(place: Path) -> bool:
    return place.is_file() or not place.exists()


@contextmanager
def _beside(file: Path) -> Iterator[IO[bytes]]:
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as opened:
            if file.exists():
                shutil.copymode(file, new)
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
