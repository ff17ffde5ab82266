"""How fast histories were brought in the last time: one small file beside the bars.

Nothing hangs on it: what is torn or not there is not shown, and the next time it is written anew.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from kraken_pipeline.domain.speeds import Speed, Speeds, Work

NAME: Final = "speeds.json"
_TOLD: Final = msgspec.json.Decoder(dict[Work, Speed])


class SpeedFile:
    """The newest measurement of each kind of work."""

    def __init__(self, root: Path) -> None:
        """Take the folder of the bars; it need not be there yet."""
        self._path = root / NAME

    def noted(self) -> Speeds:
        """Return what was measured last."""
        try:
            return _TOLD.decode(self._path.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def note(self, work: Work, speed: Speed) -> None:
        """Keep a measurement in place of the one before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # of its own, as an import and a fetch may end at once
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(msgspec.json.encode({**self.noted(), work: speed}))
        temporary.replace(self._path)
