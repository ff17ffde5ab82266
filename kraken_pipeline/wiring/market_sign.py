"""What the listener of the market says of itself, and the board of quotes that it keeps."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
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
NO_UNIVERSE: Final = "there is no universe yet; it begins with the first one"
ASKED: Final = "none was started: prices are asked of REST"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSign(signs.Sign):
    """What was said last."""

    @property
    def is_heard(self) -> bool:
        """Whether the exchange tells it anything."""
        return self.told.get("is_heard") == 1

    @property
    def why(self) -> str:
        """Why not, in words."""
        return self.text("why")

    @property
    def pairs(self) -> int:
        """How many are followed."""
        return self.count("pairs")

    @property
    def doubted(self) -> int:
        """Of how many of these there is no price that anything may be opened on."""
        return self.count("doubted")

    @property
    def gaps(self) -> int:
        """How often pairs were not heard for a while, since it began."""
        return self.count("gaps")

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
        if not self.is_alive:
            return f"{self.lost}: {self.way_out}"
        if not self.is_heard:
            return f"not heard, {self.spoke}: {self.why or 'connecting'}"
        return f"heard, {self.spoke}; pairs={self.pairs}, doubted={self.doubted}, gaps={self.gaps}"


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
    return signs.last_given(MarketSign, folder / signs.MARKET, now)


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
