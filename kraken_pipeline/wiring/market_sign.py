"""What the listener of the market says of itself, and the board of quotes that it keeps."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.quotes import QuoteBoard
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.store.quotes import QuoteFile
from kraken_pipeline.wiring import signs

SILENT: Final = QuoteBoard(
    at=EPOCH, pairs=MappingProxyType({}), system="", connects=0, closed_at=None
)
"""The board of a listener that was started and keeps none: nothing on it can be opened on."""
COMMAND: Final = "kraken-pipeline stream"
NO_UNIVERSE: Final = "there is no universe yet; it begins with the first one"
ASKED: Final = "none was started: prices are asked of REST"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSign:
    """What was said last."""

    is_alive: bool
    """Whether the listener is there and spoke of late."""
    is_frozen: bool
    """Whether it is there and does not speak."""
    age: timedelta | None
    """Since it spoke; None where it has not yet, or with another clock."""
    is_heard: bool
    """Whether the exchange tells it anything."""
    why: str
    """Why not, in words."""
    pairs: int
    """That are followed."""
    doubted: int
    """Of these, whose price nothing may be opened on."""
    gaps: int
    """Times that pairs were not heard for a while, since it began."""

    @property
    def is_well(self) -> bool:
        """Whether it is there and is told."""
        return self.is_alive and self.is_heard

    @property
    def is_waiting(self) -> bool:
        """Whether it is there, and nobody said yet which pairs to follow."""
        return self.is_alive and self.why == NO_UNIVERSE

    @property
    def said(self) -> str:
        """How it is, in a sentence."""
        age = "never spoke" if self.age is None else f"spoke {self.age.total_seconds():.0f} s ago"
        if not self.is_alive:
            word, end = ("frozen", "end its process, then ") if self.is_frozen else ("lost", "")
            way_out = f"start `{COMMAND}`, or `kraken-pipeline resume` to go on without"
            return f"{word}, {age}: {end}{way_out}"
        if not self.is_heard:
            return f"not heard, {age}: {self.why or 'connecting'}"
        return f"heard, {age}; pairs={self.pairs}, doubted={self.doubted}, gaps={self.gaps}"


def told(board: QuoteBoard | None, *, is_heard: bool, why: str) -> Mapping[str, int | str]:
    """Return what is shown of a listener, as `market_sign` reads it.

    Args:
        board: that it keeps; None before the first.
        is_heard: whether the exchange tells it anything.
        why: why not, in words.
    """
    pairs = () if board is None else board.pairs.values()
    return {
        "is_heard": int(is_heard),
        "why": why,
        "pairs": len(pairs),
        "doubted": sum(bool(each.doubts) or each.is_untradable for each in pairs),
        "gaps": sum(each.gaps for each in pairs),
    }


def market_sign(folder: Path, now: datetime) -> MarketSign | None:
    """Return what the listener of a data folder said last; None where none was left running.

    Args:
        folder: the data folder.
        now: this machine's time.
    """
    file = folder / signs.MARKET
    if not file.exists():
        return None
    said = signs.read(file)
    age = signs.age_of(said, now)
    is_there = signs.is_held(file)
    is_alive = age is not None and age <= signs.SILENCE and is_there
    return MarketSign(
        is_alive=is_alive,
        is_frozen=is_there and not is_alive,
        age=age,
        is_heard=said.get("is_heard") == 1,
        why=str(said.get("why", "")),
        pairs=_count(said, "pairs"),
        doubted=_count(said, "doubted"),
        gaps=_count(said, "gaps"),
    )


def board_of(folder: Path) -> QuoteBoard | None:
    """Return the board of a data folder; None where no listener was ever started, or one left well.

    One that was started and is gone, or keeps nothing that can be read, leaves a board on which
    nothing can be opened: who started a stream counts on it (STR-2).
    """
    if not (folder / signs.MARKET).exists():
        return None
    with suppress(StorageError):
        return QuoteFile(folder).read() or SILENT
    return SILENT


def _count(said: Mapping[str, object], name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) else 0
