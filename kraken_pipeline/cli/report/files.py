"""A page on disk: all of it, or what was there before."""

import os
import tempfile
from pathlib import Path

from kraken_pipeline.domain.errors import ConfigurationError


def put(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: who opens it meanwhile sees the old one.

    Raises:
        ConfigurationError: it cannot be written; what was there stays as it was.
    """
    try:
        with tempfile.NamedTemporaryFile(
            dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as beside:
            try:
                beside.write(content)
                beside.flush()
                os.fsync(beside.fileno())
                Path(beside.name).replace(file)
            except OSError:
                Path(beside.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConfigurationError(
            f"--out is {str(file)!r}, which cannot be written: {error.strerror}"
        ) from error
