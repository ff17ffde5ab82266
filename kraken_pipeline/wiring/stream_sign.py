"""What the listener of the private stream says of itself, for every other process of the folder."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.continuity import StreamProof
from kraken_pipeline.wiring import signs

CODE: Final = "STREAM_SILENT"
"""Why nothing opens while the private stream is not heard."""
CATCHING_UP: Final = "what was missed is read until REST can lag behind no more"
"""For a person, after each new connection: the last reading is a minute and a half after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSign(signs.Sign):
    """What was said last."""

    @property
    def is_told(self) -> bool:
        """Whether the exchange tells it everything."""
        return self.told.get("is_told") == 1

    @property
    def why(self) -> str:
        """Why not, in words."""
        return self.text("why")

    @property
    def proof(self) -> StreamProof | None:
        """What its silence proves, also of one that is gone; None while something is missing."""
        with suppress(ValueError):
            return StreamProof(
                continuous_since=datetime.fromisoformat(self.text("continuous_since")),
                last_seen=datetime.fromisoformat(self.text("last_seen")),
            )
        return None

    @property
    def gaps(self) -> int:
        """How many there were since it began."""
        return self.count("gaps")

    @property
    def said(self) -> str:
        """How it is, in a sentence."""
        if not self.is_alive:
            return f"{self.lost}: {self.way_out}"
        if not self.is_told:
            return f"not heard, {self.spoke}: {self.why or 'connecting'}"
        if self.proof is None:
            return f"heard, {self.spoke}, {CATCHING_UP}; gaps={self.gaps}"
        since = f"{self.proof.continuous_since:%Y-%m-%d %H:%M:%S}"
        return f"heard, {self.spoke}, without a gap since {since}; gaps={self.gaps}"


def told(
    *, is_told: bool, why: str, proof: StreamProof | None, gaps: int
) -> Mapping[str, int | str]:
    """Return what is shown of a listener, as `stream_sign` reads it."""
    return {
        "is_told": int(is_told),
        "why": why,
        "continuous_since": "" if proof is None else proof.continuous_since.isoformat(),
        "last_seen": "" if proof is None else proof.last_seen.isoformat(),
        "gaps": gaps,
    }


def stream_sign(folder: Path, now: datetime) -> StreamSign | None:
    """Return what the listener of a data folder said last; None where none was left running.

    Args:
        folder: the data folder.
        now: this machine's time.
    """
    return signs.last_given(StreamSign, folder / signs.STREAM, now)


def stream_objection(folder: Path, now: datetime) -> str:
    """Return why nothing may open now for the stream's sake; nothing where none was started.

    Who never started a listener polls, and knows it. Who did counts on it: while it is not told of
    what happens, nothing opens (STR-1).

    Args:
        folder: the data folder.
        now: this machine's time.
    """
    sign = stream_sign(folder, now)
    if sign is None or (sign.is_alive and sign.is_told):
        return ""
    return f"{CODE}: the private stream is {sign.said}"
