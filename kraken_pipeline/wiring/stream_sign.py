"""What the listener of the private stream says of itself, for every other process of the folder."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.continuity import StreamProof
from kraken_pipeline.wiring import signs

CODE: Final = "STREAM_SILENT"
"""Why nothing opens while the private stream is not heard."""
CATCHING_UP: Final = "what was missed is read until REST can lag behind no more"
"""For a person, after each new connection: the last reading is a minute and a half after it."""
COMMAND: Final = "kraken-pipeline stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSign:
    """What was said last."""

    is_alive: bool
    """Whether the listener is there and spoke of late."""
    is_frozen: bool
    """Whether it is there and does not speak: until it is ended nobody can take its place."""
    age: timedelta | None
    """Since it spoke; None where it has not yet, or with another clock."""
    is_told: bool
    """Whether the exchange tells it everything."""
    why: str
    """Why not, in words."""
    proof: StreamProof | None
    """What its silence proves, also where it is gone by now; None while something is missing."""
    gaps: int
    """Since it began."""

    @property
    def said(self) -> str:
        """How it is, in a sentence."""
        age = "never spoke" if self.age is None else f"spoke {self.age.total_seconds():.0f} s ago"
        if not self.is_alive:
            word, end = ("frozen", "end its process, then ") if self.is_frozen else ("lost", "")
            way_out = f"start `{COMMAND}`, or `kraken-pipeline resume` to go on without"
            return f"{word}, {age}: {end}{way_out}"
        if not self.is_told:
            return f"not heard, {age}: {self.why or 'connecting'}"
        if self.proof is None:
            return f"heard, {age}, {CATCHING_UP}; gaps={self.gaps}"
        since = f"{self.proof.continuous_since:%Y-%m-%d %H:%M:%S}"
        return f"heard, {age}, without a gap since {since}; gaps={self.gaps}"


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
    file = folder / signs.STREAM
    if not file.exists():
        return None
    said = signs.read(file)
    age = signs.age_of(said, now)
    gaps = said.get("gaps")
    is_there = signs.is_held(file)
    is_alive = age is not None and age <= signs.SILENCE and is_there
    return StreamSign(
        is_alive=is_alive,
        is_frozen=is_there and not is_alive,
        age=age,
        is_told=said.get("is_told") == 1,
        why=str(said.get("why", "")),
        proof=_proof_in(said),
        gaps=gaps if isinstance(gaps, int) else 0,
    )


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


def _proof_in(said: Mapping[str, object]) -> StreamProof | None:
    with suppress(ValueError):
        return StreamProof(
            continuous_since=datetime.fromisoformat(str(said.get("continuous_since"))),
            last_seen=datetime.fromisoformat(str(said.get("last_seen"))),
        )
    return None
