"""The board of quotes as one file: written by the stream's listener, read by every process.

The file is replaced whole, by a rename: whoever opens it reads the board of one instant to its end,
however often it is replaced meanwhile, so nobody ever sees half of one. It is not synced to disk:
after a crash of the machine it is old in any case, and says so by its own time.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.quotes import QuoteBoard

NAME: Final = "quotes.json"
_encode: Final = msgspec.json.Encoder(decimal_format="string").encode
_decode: Final = msgspec.json.Decoder(QuoteBoard).decode


class QuoteFile:
    """The board in a folder. One process writes, any number read."""

    def __init__(self, folder: Path) -> None:
        """Name the file; nothing is read or written yet."""
        self._file = folder / NAME

    def write(self, board: QuoteBoard) -> None:
        """Replace the board.

        Raises:
            StorageError: the folder cannot be written.
        """
        text = _encode(board)
        try:
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{NAME}.")
            try:
                with os.fdopen(handle, "wb") as draft:
                    draft.write(text)
                Path(name).replace(self._file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as failure:
            raise StorageError(f"{self._file} cannot be written: {failure.strerror}") from failure

    def read(self) -> QuoteBoard | None:
        """Return the board as it was written last; None where there is none.

        Raises:
            StorageError: what is there cannot be read, as where another version wrote it.
        """
        try:
            return _decode(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise StorageError(f"{self._file} cannot be read: {failure.strerror}") from failure
        except msgspec.DecodeError as odd:
            raise StorageError(f"{self._file} is no board of quotes: {odd}") from odd

    def remove(self) -> None:
        """Take the board away: nobody writes it any more."""
        self._file.unlink(missing_ok=True)
