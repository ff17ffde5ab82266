"""Files of candles that lie ready, counted by a plan as if they were stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.bars import ArchiveFile
from kraken_pipeline.domain.certificates import Certificate, Span
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.renames import Alias
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.bars.coverage import NO_CERTIFICATE, Certificates
from kraken_pipeline.services.bars.renamed_history import former_names


class Sheet(Protocol):
    """Where the candles of a file begin and end."""

    @property
    def first(self) -> int:
        """Open time of the first, Unix seconds."""
        ...

    @property
    def until(self) -> int:
        """Open time of the candle after the last."""
        ...


class Files(Protocol):
    """Where files of candles lie."""

    @property
    def found(self) -> Sequence[ArchiveFile]:
        """Files of candles, by name."""
        ...

    def read(self, file: ArchiveFile) -> Sheet:
        """Return the candles of a file; InvalidValueError names the line that is wrong."""
        ...


def files_of(
    pairs: Sequence[Pair],
    frames: Collection[Timeframe],
    files: Files,
    aliases: Sequence[Alias],
) -> tuple[ArchiveFile, ...]:
    """Return the files of some pairs, whatever the pairs were called, on some timeframes."""
    names = {each.name for each in pairs}
    names |= {name for each in pairs for name, _ in former_names(each, aliases)}
    return tuple(each for each in files.found if each.pair in names and each.frame in frames)


@dataclass(frozen=True, slots=True)
class CertifiedFiles:
    """Takes what files span for read: what they lack is a question for nobody else."""

    certificates: Certificates
    taken: Sequence[ArchiveFile]
    """All of one timeframe."""
    files: Files

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one, or a file.

        Raises:
            InvalidValueError: a file is wrong; it is named.
        """
        known = dict(self.certificates.of(frame))
        for file in self.taken:
            sheet = self.files.read(file)
            span = Span(
                first=sheet.first,
                until=sheet.until,
                source=file.source,
                origin=file.name,
                fetched_at=datetime.fromtimestamp(0).astimezone(),
            )
            known[file.pair] = known.get(file.pair, NO_CERTIFICATE).with_span(span, ())
        return known
