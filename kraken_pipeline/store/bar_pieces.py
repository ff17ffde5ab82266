"""Bytes that are kept in pieces of one size, as a file: only what is asked for is fetched."""

import io
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final

PIECE: Final = 1 << 20
"""Bytes of a piece; the last one may be shorter."""
KEPT: Final = 4
"""Pieces that are kept once they were fetched."""


class Pieces(io.RawIOBase):
    """A part as a file that reads a piece when it is asked for."""

    def __init__(self, size: int, piece: Callable[[int], bytes]) -> None:
        """Take how many bytes there are, and what gives a piece by its place."""
        self._size = size
        # columns lie side by side in a piece and are asked for one by one
        self._piece = lru_cache(KEPT)(piece)
        self._place = 0
        # Arrow's own threads may ask, and the connection is one
        self._guard = threading.Lock()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Return where reading goes on."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on reading elsewhere."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return all the bytes that are asked for, as far as there are any."""
        with self._guard:
            start = self._place
            until = self._size if size < 0 else min(start + size, self._size)
            first = start // PIECE
            told = b"".join(self._piece(each) for each in range(first, -(-until // PIECE)))
            self._place = max(start, until)
            return told[start - first * PIECE : until - first * PIECE]
