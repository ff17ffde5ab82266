"""What befalls a single pair's channels on their way: they fall mute, or are held up.

The simulator's own faults strike frames, subscriptions and sockets; here one subscription dies in
the middle of its life while others go on (U-STR-1b), and trades come after their minute is over.
"""

import math
from dataclasses import dataclass, field
from typing import Final

_SYMBOL: Final = '"symbol":"'
_SNAPSHOT: Final = '"type":"snapshot"'
LATE: Final = frozenset({"trade", "ohlc"})
"""What is held up together, as where the exchange tells of trades late."""


@dataclass(slots=True)
class _Held:
    until: float
    frames: list[str] = field(default_factory=list)


class Obstacles:
    """What stands in the way now. Times are UNIX seconds of the exchange."""

    def __init__(self) -> None:
        self._mute: dict[tuple[str, str], float] = {}
        self._held: dict[str, _Held] = {}

    def mute(self, channel: str, symbol: str, *, until: float) -> None:
        """Let nothing more of a subscription through until then, or until it is asked for anew."""
        self._mute[channel, symbol] = until

    def hold(self, symbol: str, *, until: float) -> None:
        """Keep a pair's trades and candles back until then, and tell them all at once."""
        self._held.setdefault(symbol, _Held(until))

    def lets(self, channel: str, frame: str, at: float) -> bool:
        """Tell whether a frame may go its way now."""
        if not (self._mute or self._held):
            return True
        symbol = _symbol(frame)
        is_asked_for = frame.startswith(_SNAPSHOT, frame.find(",") + 1)
        if self._mute.get((channel, symbol), 0.0) > at and not is_asked_for:
            return False
        self._mute.pop((channel, symbol), None)
        held = self._held.get(symbol)
        if held is None or channel not in LATE:
            return True
        held.frames.append(frame)
        return False

    def released(self, at: float) -> list[str]:
        """Return what was held back long enough, in its order."""
        due = [symbol for symbol, held in self._held.items() if held.until <= at]
        return [frame for symbol in due for frame in self._held.pop(symbol).frames]

    def lift(self) -> None:
        """Let everything through from now on that still comes; what is mute has to be asked for."""
        self._mute = {which: until for which, until in self._mute.items() if until == math.inf}
        for held in self._held.values():
            held.until = 0.0

    def forget(self) -> None:
        """Let go of everything: the connection is another."""
        self._mute.clear()
        self._held.clear()


def _symbol(frame: str) -> str:
    begin = frame.find(_SYMBOL) + len(_SYMBOL)
    return frame[begin : frame.find('"', begin)]
