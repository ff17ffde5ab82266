"""Where parts of the bars lie: what the store asks of a folder of files or of a database."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import Timeframe

LOCK: Final = ".lock"
"""In the folder of a timeframe whose parts are files."""
ROWS: Final = "bars.db"
"""The database of parts that are rows."""


class GoneError(Exception):
    """A part was merged away after it was listed: list again."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Part:
    """A part by what is known without opening it. One that is written never changes."""

    month: str
    """`YYYY-MM`, UTC."""
    first: int
    """Number of the oldest append that it stands for; they are counted by month."""
    last: int
    """Number of the newest one."""
    place: Path | int
    """File, or number of the row."""
    crc: int
    """CRC-32 of its footer; of all its bytes where it has few rows."""


Listing = Mapping[str, tuple[Part, ...]]
"""Month to its parts, both oldest first."""


class Turn(Protocol):
    """The one writer's, for as long as it holds the lock of a timeframe."""

    @property
    def before(self) -> int | None:
        """The state that it began in; None where a writer died and nothing listed counts."""
        ...

    @property
    def after(self) -> int:
        """The state that there will be once it is over."""
        ...

    def listing(self) -> Listing:
        """Return the parts that there are, with what dead writers left cleared away."""
        ...

    def put(
        self,
        month: str,
        table: Any,  # noqa: ANN401 - pyarrow ships no types
        *,
        span: tuple[int, int],
        replaced: Sequence[Part] = (),
    ) -> Part:
        """Keep rows durably, whole or not at all, in place of some parts.

        Several threads may do so at once for different months.

        Args:
            month: `YYYY-MM`.
            table: its rows, one at least.
            span: numbers of the first and the last append that they stand for.
            replaced: the parts that they stand for.
        """
        ...

    def take_out(self, part: Part) -> None:
        """Let a damaged part count no more; where it is a file, it is kept aside."""
        ...


class Shelf(Protocol):
    """Where parts lie. Any number of processes may read and write."""

    def state(self, frame: Timeframe) -> int | None:
        """Return a number that changes with every write; None while one goes on."""
        ...

    def listing(self, frame: Timeframe) -> Listing:
        """Return the parts of a timeframe; ConfigurationError names what is none of ours."""
        ...

    def opened(self, part: Part) -> AbstractContextManager[Any]:
        """Open a part as pyarrow reads files; GoneError if it was merged away."""
        ...

    def turn(self, frame: Timeframe) -> AbstractContextManager[Turn]:
        """Wait for the lock of a timeframe; it dies with its process."""
        ...

    def torn(self, part: Part, why: str) -> ConfigurationError:
        """Return an error that names a part which cannot be read, and the remedy."""
        ...

    def close(self) -> None:
        """Close what is held open; using the shelf again opens it."""
        ...
