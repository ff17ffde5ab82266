"""What was fetched of histories and is not stored yet, so that no page is fetched again (HIS-7).

How far the reading of a pair's trades has come is a file a pair, put in place whole. Pages of
candles are lines of one file, each with its checksum, which is emptied once they are stored. None
of it is forced to the disk: a process that is killed leaves it there, and after a power cut, where
the end may be missing or torn, the exchange still has it.
"""

import fcntl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.tail_pages import TailPage
from kraken_pipeline.domain.trade_reading import Reading

FOLDER: Final = "fetching"
PAGES: Final = "pages"
_READING: Final = msgspec.json.Decoder(Reading)
_PAGE: Final = msgspec.json.Decoder(TailPage)


class ReadingFiles:
    """How far the reading of trades has come, pair by pair."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._folder = root / FOLDER

    @contextmanager
    def turn(self, pair: str) -> Iterator[None]:
        """Keep other processes from filling a pair's history; it ends with this one.

        Raises:
            ConflictError: one does.
        """
        with _turn(self._folder, pair):
            yield

    def kept(self, pair: str) -> Reading | None:
        """Return what was noted last; None where nothing was, or it is torn."""
        try:
            told = _checked(self._path(pair).read_bytes())
        except FileNotFoundError:
            return None
        return None if told is None else _READING.decode(told)

    def keep(self, pair: str, reading: Reading) -> None:
        """Note it in place of what was noted before."""
        temporary = self._path(pair).with_suffix(".tmp")
        temporary.write_bytes(_line(reading))
        temporary.replace(self._path(pair))

    def _path(self, pair: str) -> Path:
        return self._folder / f"{pair}.json"


class PageFile:
    """Pages of candles that are not stored yet."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._folder = root / FOLDER
        self._path = self._folder / f"{PAGES}.jsonl"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other processes from fetching tails; it ends with this one.

        Raises:
            ConflictError: one does.
        """
        with _turn(self._folder, PAGES):
            yield

    def note(self, pages: Sequence[TailPage]) -> None:
        """Add pages, all in one write: two threads cannot mix theirs."""
        lines = b"".join(_line(each) for each in pages)
        with self._path.open("ab", buffering=0) as file:
            file.write(lines)

    def noted(self) -> tuple[TailPage, ...]:
        """Return what was added since it was emptied, without a line that is torn."""
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return ()
        found = (_checked(each) for each in lines)
        return tuple(_PAGE.decode(each) for each in found if each is not None)

    def clear(self) -> None:
        """Forget them: they are stored."""
        self._path.unlink(missing_ok=True)


@contextmanager
def _turn(folder: Path, what: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{what}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise ConflictError(
                f"another process is fetching history ({what}); wait until it is done"
            ) from taken
        yield


def _line(what: Reading | TailPage) -> bytes:
    text = msgspec.json.encode(what)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _checked(line: bytes) -> bytes | None:
    """Return what a line says; None where it is torn."""
    crc, _, text = line.partition(b" ")
    if not text.endswith(b"\n") or crc != b"%08x" % zlib.crc32(text[:-1]):
        return None
    return text[:-1]
