"""Bring histories from files into the store, compared with what is there, and certified.

The bars are their own record of how far an import came: one that was cut is told again whole, adds
what lacks, and finds the rest to be the same (HIS-7).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Final, Generic, Protocol, TypeVar

from kraken_pipeline.domain.bars import Admitted, ArchiveFile
from kraken_pipeline.domain.certificates import Certificate, Difference, Source, Span
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe

AT_ONCE: Final = 4
"""Files read together."""
BATCH_BYTES: Final = 128 * 2**20
"""Text that is read before it is written, or one file: two million candles."""


class Sheet(Protocol):
    """The candles of a file, read and found sound."""

    @property
    def file(self) -> ArchiveFile:
        """Of which file."""
        ...

    @property
    def rows(self) -> int:
        """How many candles."""
        ...

    @property
    def first(self) -> int:
        """Open time of the first, Unix seconds."""
        ...

    @property
    def until(self) -> int:
        """Open time of the candle after the last."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or rounded."""
        ...


S = TypeVar("S", bound=Sheet)
S_co = TypeVar("S_co", bound=Sheet, covariant=True)
S_contra = TypeVar("S_contra", bound=Sheet, contravariant=True)


class Files(Protocol[S_co]):
    """Where files of candles lie."""

    @property
    def found(self) -> Sequence[ArchiveFile]:
        """Files of candles, by name."""
        ...

    @property
    def skipped(self) -> Mapping[str, str]:
        """Name to why it is passed over."""
        ...

    def read(self, file: ArchiveFile) -> S_co:
        """Return the candles of a file; InvalidValueError names the line that is wrong."""
        ...


class History(Protocol[S_contra]):
    """Bars that are compared with what is told again."""

    def admit(self, frame: Timeframe, sheets: Sequence[S_contra]) -> Mapping[str, Admitted]:
        """Add what is new, compare the rest; what became of each pair's bars."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        """Add what sources told of pairs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDesk(Generic[S]):
    """What bringing in files needs."""

    files: Files[S]
    bars: History[S]
    certificates: Certificates
    progress: Callable[[int, int, int], None]
    """Told bytes done, bytes due and candles read after each batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of a file."""

    file: ArchiveFile
    rows: int
    """Candles that were read; 0 where it is refused."""
    admitted: Admitted
    notes: tuple[str, ...]
    refused: str
    """Why nothing of it was taken; empty where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    files: tuple[FileResult, ...]
    skipped: Mapping[str, str]
    """Name to why it was passed over."""

    @property
    def added(self) -> int:
        """Bars that were new."""
        return sum(each.admitted.added for each in self.files)

    @property
    def refused(self) -> tuple[FileResult, ...]:
        """Files of which nothing was taken."""
        return tuple(each for each in self.files if each.refused)


def import_files(
    desk: ImportDesk[S],
    *,
    now: datetime,
    pairs: frozenset[str] = frozenset(),
    frames: frozenset[str] = frozenset(),
) -> Imported:
    """Bring in every file that is wanted; one that is refused stops no other.

    Of two files that tell the same bar the exchange's own goes first, and what the other tells
    differently is kept in the certificate.

    Args:
        desk: what is needed.
        now: when, for the certificates.
        pairs: names of those that are wanted; none means all.
        frames: names of timeframes, likewise.

    Raises:
        InvalidValueError: no file is of what is wanted.
        ConfigurationError: the store cannot be read or written.
    """
    wanted = [
        each
        for each in desk.files.found
        if each.pair in (pairs or {each.pair}) and each.frame.name in (frames or TIMEFRAMES)
    ]
    if not wanted:
        asked = f" of {', '.join(sorted(pairs | frames))}" if pairs | frames else ""
        raise InvalidValueError(f"there is no file of candles{asked}, named PAIR_MINUTES.csv")
    due = sum(each.size for each in wanted)
    done, rows, results = 0, 0, list[FileResult]()
    for batch in _batches(wanted):
        results += _bring_in(desk, batch, now)
        done += sum(each.size for each in batch)
        rows += sum(each.rows for each in results[-len(batch) :])
        desk.progress(done, due, rows)
    return Imported(files=tuple(results), skipped=desk.files.skipped)


def _batches(wanted: Sequence[ArchiveFile]) -> Iterator[list[ArchiveFile]]:
    """Yield files of one timeframe and of different pairs, as many as may be read at once."""
    for frame in TIMEFRAMES.values():
        of_pairs: dict[str, list[ArchiveFile]] = {}
        for file in sorted(wanted, key=lambda each: (each.source is Source.COPY, each.name)):
            if file.frame == frame:
                of_pairs.setdefault(file.pair, []).append(file)
        for turn in zip_longest(*of_pairs.values()):
            yield from _cut([each for each in turn if each is not None])


def _cut(files: Sequence[ArchiveFile]) -> Iterator[list[ArchiveFile]]:
    batch: list[ArchiveFile] = []
    for file in files:
        if batch and sum(each.size for each in batch) + file.size > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _bring_in(desk: ImportDesk[S], batch: Sequence[ArchiveFile], now: datetime) -> list[FileResult]:
    def one(file: ArchiveFile) -> S | FileResult:
        try:
            return desk.files.read(file)
        except InvalidValueError as error:
            return FileResult(file=file, rows=0, admitted=_NONE, notes=(), refused=str(error))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = list(pool.map(one, batch))
    sheets = [each for each in read if not isinstance(each, FileResult)]
    frame = batch[0].frame
    admitted = desk.bars.admit(frame, sheets)
    told = [each for each in sheets if each.rows]
    desk.certificates.extend(frame, [_told(each, admitted, now) for each in told])
    return [each if isinstance(each, FileResult) else _result(each, admitted) for each in read]


_NONE: Final = Admitted(added=0, same=0, differing=0, differences=())


def _result(sheet: Sheet, admitted: Mapping[str, Admitted]) -> FileResult:
    found = admitted.get(sheet.file.pair, _NONE)
    return FileResult(
        file=sheet.file, rows=sheet.rows, admitted=found, notes=sheet.notes, refused=""
    )


def _told(
    sheet: Sheet, admitted: Mapping[str, Admitted], now: datetime
) -> tuple[str, Span, tuple[Difference, ...]]:
    file = sheet.file
    span = Span(
        first=sheet.first,
        until=sheet.until,
        source=file.source,
        origin=file.name,
        fetched_at=now,
    )
    differences = tuple(
        Difference(opened_at=at, field=field, kept=kept, told=told, origin=file.name)
        for at, field, kept, told in admitted[file.pair].differences
    )
    return file.pair, span, differences
