"""One client's connection: what waits to be sent to it, and what it has subscribed."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from kraken_pipeline.simulator import machine
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind, Point
from kraken_pipeline.simulator.stream import frames

MOST_WAITING: Final = 20_000
"""Frames that may wait for a slow client; with more it is cut off."""
MOST_WAITING_CHARACTERS: Final = 64_000_000
MOST_MESSAGES: Final = 100
"""Messages of a client in a second; Kraken names no figure."""
NOT_JSON: Final = "CloudFlare WebSocket proxy restarting"
SERVICE_RESTART: Final = 1012
_CHECKSUM: Final = re.compile(r'"checksum":(\d+)')

Struck = Callable[[Point, str], Strike | None]
Subscription = tuple[str, ...]
"""The channel, and what tells its subscriptions apart."""


class Connection:
    """A client that is connected."""

    def __init__(self, number: int, strike: Struck) -> None:
        """Begin with nothing subscribed.

        Args:
            number: the connection's id, larger than 2^53 as Kraken's are.
            strike: says what fault strikes a frame.
        """
        self.number: Final = number
        self.subscriptions: Final[dict[Subscription, Callable[[], object]]] = {}
        """What ends each."""
        self.subscribed_once = False
        self.ended = False
        self.close_code: int | None = None
        """What it is closed with; None cuts the line without a word."""
        self.overrun: Final = asyncio.Event()
        """Set when the client is too slow: it does not even take what was sent."""
        self.last_sent = self.last_heard = machine.seconds()
        self._strike = strike
        self._silent = False
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._stirred = asyncio.Event()
        self._heard: deque[float] = deque()
        self._kept_back: dict[str, str] = {}
        """Frames by channel that a fault lets the next one overtake."""

    def subscribed(self, name: Subscription, end: Callable[[], object]) -> None:
        """Keep a subscription and what ends it."""
        self.subscriptions[name] = end
        self.subscribed_once = True

    def unsubscribe_all(self) -> None:
        """End every subscription."""
        while self.subscriptions:
            _, end = self.subscriptions.popitem()
            end()

    def tell(self, channel: str, frame: str) -> None:
        """Send a frame of a channel, if no fault strikes it."""
        struck = self._strike(Point.FRAME, channel)
        before = self._kept_back.pop(channel, None)
        if struck is None:
            self.send(frame)
        else:
            self._tell_wrong(channel, frame, struck.kind)
        if before is not None:
            self.send(before)

    def _tell_wrong(self, channel: str, frame: str, kind: Kind) -> None:
        match kind:
            case Kind.DUPLICATE_FRAME:
                self.send(frame)
                self.send(frame)
            case Kind.SWAPPED_FRAMES:
                self._kept_back[channel] = frame
            case Kind.BAD_CHECKSUM:
                self.send(_CHECKSUM.sub(lambda found: f'"checksum":{int(found[1]) ^ 1}', frame))
            case Kind.NON_JSON_FRAME:
                self.send(NOT_JSON)
                self.send(frame)
            case Kind.SILENT_SOCKET:
                self._silent = True
            case Kind.CUT_SOCKET:
                self.end()
            case Kind.MAINTENANCE:
                self.send(frames.status("maintenance", None))
                self.end(SERVICE_RESTART)
            case _:  # LOST_FRAME: nothing is sent
                return

    def send(self, frame: str) -> None:
        """Let a frame go out after those that wait; a client that is too slow is cut off."""
        if self.ended or self._silent:
            return
        self.last_sent = machine.seconds()
        self._waiting.append(frame)
        self._characters += len(frame)
        if len(self._waiting) > MOST_WAITING or self._characters > MOST_WAITING_CHARACTERS:
            self._waiting.clear()
            self.overrun.set()
            self.end()
        self._stirred.set()

    def end(self, code: int | None = None) -> None:
        """End the connection after what waits: as the protocol has it, or without a word."""
        if not self.ended:
            self.ended, self.close_code = True, code
            self._stirred.set()

    def hears(self) -> bool:
        """Count a message of the client; False if there are too many of them."""
        self.last_heard = now = machine.seconds()
        self._heard.append(now)
        while self._heard[0] < now - 1:
            self._heard.popleft()
        return len(self._heard) <= MOST_MESSAGES

    async def write(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what comes until the connection ends."""
        while True:
            while self._waiting:
                frame = self._waiting.popleft()
                self._characters -= len(frame)
                await send(frame)
            if self.ended:
                return
            self._stirred.clear()
            await self._stirred.wait()
