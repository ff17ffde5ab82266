"""One WebSocket: frames in, text out, and the reason why it ended.

It stands on the protocol of `websockets` without its queue: a frame is handed on in the very call
that brings its bytes, so no task is woken for it. The protocol opens, closes, answers pings, puts
together what comes in parts and fails what is wrong; plain text frames are cut out before it.

Source: websockets.readthedocs.io, "Integrate the Sans-I/O layer".
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    RateLimitedError,
    UnreachableError,
)
from kraken_pipeline.kraken.address import require_safe
from kraken_pipeline.kraken.stream.framing import UNFINISHED, end_of, hear_texts

AGENT: Final = "kraken-pipeline/0.1"
LARGEST: Final = 32 * 2**20
"""Bytes of a frame. The snapshot of all instruments has about 600,000."""
OPENING_SECONDS: Final = 10.0
"""For the connection, TLS and the handshake together."""
CLOSING_SECONDS: Final = 2.0
TURNED_AWAY: Final = frozenset({403, 429, 503})
"""What stands before the exchange answers so when one address connects too often."""
SCHEMES: Final = {"ws": "http", "wss": "https"}
# LOG001: it stands in no tree of loggers, so that no configuration can make it talk
SILENT: Final = logging.Logger("websockets", level=logging.WARNING)  # noqa: LOG001
"""Below this level `websockets` writes down frames, and so our tokens."""

TEXTS: Final = frozenset({Opcode.TEXT, Opcode.CONT})
HEAD_END: Final = b"\r\n\r\n"
"""What ends the answer to the handshake, after which frames may follow at once."""

Hear = Callable[[bytes, float], None]
"""Takes a text frame and the `time.monotonic` at which its last byte came."""


def require_stream_address(url: str) -> str:
    """Return the address if a token may be sent there: over TLS, or within this machine.

    Raises:
        ConfigurationError: it is neither `wss://HOST/…` nor `ws://` on this machine with a port.
    """
    parts = urlsplit(url)
    scheme = SCHEMES.get(parts.scheme)
    if scheme is None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the stream's address is {url!r}; it must be wss://HOST/PATH, "
            "or ws://127.0.0.1:PORT/PATH on this machine"
        )
    require_safe(urlunsplit((scheme, parts.netloc, "", "", "")))
    return url


async def opened(url: str, hear: Hear) -> "Wire":
    """Connect and return the open socket.

    Args:
        url: `wss://ws.kraken.com/v2`, or `ws://127.0.0.1:PORT/v2` for a simulator.
        hear: called for each text frame, within the loop; it must not block.

    Raises:
        UnreachableError: no connection stands; nothing was asked.
        RateLimitedError: we were turned away for connecting too often.
        ConfigurationError: a token could be overheard there.
    """
    uri = parse_uri(require_stream_address(url))
    context = ssl.create_default_context() if uri.secure else None
    wire = Wire(ClientProtocol(uri, max_size=LARGEST, logger=SILENT), hear)
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await asyncio.get_running_loop().create_connection(
                lambda: wire,
                uri.host,
                uri.port,
                ssl=context,
                server_hostname=uri.host if context else None,
            )
            await wire.shaken
    except (OSError, TimeoutError) as failure:
        wire.shaken.cancel()
        wire.cut("not opened")
        raise UnreachableError(
            f"{url}: no connection: {failure or 'it took too long'}: nothing was asked"
        ) from None
    return wire


class Wire(asyncio.Protocol):
    """An open WebSocket. Made by `opened`; lives in one event loop."""

    def __init__(self, protocol: ClientProtocol, hear: Hear) -> None:
        loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._hear = hear
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._rest = b""
        self._has_head = protocol.state is not State.CONNECTING
        self._at = monotonic()
        self._why = ""
        self.shaken: asyncio.Future[None] = loop.create_future()
        """Done when the other side agreed to speak WebSocket."""
        self.lost: asyncio.Future[str] = loop.create_future()
        """Done when the connection is gone; says why."""

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return not self.lost.done() and self._protocol.state is State.OPEN and not self._why

    def send(self, text: bytes) -> None:
        """Write a text frame. It is in the system's hands afterwards, or the wire is lost.

        Raises:
            UnreachableError: the wire is not open; nothing was written.
        """
        if not self.is_open:
            raise UnreachableError("the stream is not connected: nothing was sent")
        self._protocol.send_text(text)
        self._flush()

    async def close(self) -> None:
        """Say goodbye, and wait a moment for the answer."""
        if self.is_open:
            self._why = "closed by us"
            self._protocol.send_close()
            self._flush()
            await asyncio.wait({self.lost}, timeout=CLOSING_SECONDS)
        self.cut("closed by us")

    def cut(self, why: str) -> None:
        """End the connection at once."""
        self._why = self._why or why
        if self._transport is None:
            self._end(why)
        else:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for WebSocket. Called by the loop."""
        # the loop's own type says less than what create_connection gives
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        request = self._protocol.connect()
        request.headers["User-Agent"] = AGENT
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hand on what came. Called by the loop."""
        self._at = monotonic()
        self._rest += data
        if not self._has_head:
            end = self._rest.find(HEAD_END)
            if end < 0:
                return  # the rest of the answer is still on its way
            self._has_head = True
            self._pass_on(end + len(HEAD_END))
        while self._rest and self._protocol.state is State.OPEN:
            self._rest = self._rest[hear_texts(self._rest, 0, self._hear_text) :]
            end = end_of(self._rest, 0)
            if end == UNFINISHED or len(self._rest) < end <= LARGEST:
                return
            # one that is too long fails by its length alone
            self._pass_on(min(end, len(self._rest)))
        if self._rest:
            self._pass_on(len(self._rest))

    def eof_received(self) -> None:
        """Note that the other side writes no more. Called by the loop, which then closes."""
        self._protocol.receive_eof()
        self._take_events()

    def connection_lost(self, failure: Exception | None) -> None:
        """Say why it ended. Called by the loop."""
        code, reason = self._protocol.close_code, self._protocol.close_reason
        said = f"closed with {code} {reason}".strip() if code else ""
        self._end(self._why or said or (str(failure) if failure else "cut off"))

    def _pass_on(self, end: int) -> None:
        """Leave what came up to an index to the protocol, and do what it makes of it."""
        self._protocol.receive_data(self._rest[:end])
        self._rest = self._rest[end:]
        self._take_events()

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._hear_part(event)
            elif isinstance(event, Response):
                self._answered(event)
        self._flush()

    def _hear_text(self, text: bytes) -> None:
        self._hear(text, self._at)

    def _hear_part(self, frame: Frame) -> None:
        """A text may come in parts; pings are answered by the protocol itself."""
        if frame.opcode not in TEXTS:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._hear_text(whole)

    def _answered(self, response: Response) -> None:
        failure = self._protocol.handshake_exc
        if failure is None:
            self.shaken.set_result(None)
            return
        said = f"the stream answered HTTP {response.status_code}: nothing was asked"
        kind = RateLimitedError if response.status_code in TURNED_AWAY else UnreachableError
        self.shaken.set_exception(kind(said))
        self.cut(said)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is not None and not self._transport.is_closing():
                # an empty one says that nothing more is written
                self._transport.write(data) if data else self._transport.close()

    def _end(self, why: str) -> None:
        if not self.shaken.done():
            self.shaken.set_exception(UnreachableError(f"{why}: nothing was asked"))
        if not self.lost.done():
            self.lost.set_result(why)
