import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.sync.server import ServerConnection, serve
from websockets.uri import parse_uri

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    RateLimitedError,
    UnreachableError,
)
from kraken_pipeline.kraken.stream.framing import UNFINISHED, end_of
from kraken_pipeline.kraken.stream.wire import Wire, opened, require_stream_address

TEXTS = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]).map(lambda size: b"x" * size)


def parts(text: bytes, pieces: int) -> list[Frame]:
    """Return a text as frames that belong together, with a ping between them."""
    if pieces == 1:
        return [Frame(Opcode.TEXT, text)]
    cut = len(text) // 2
    return [
        Frame(Opcode.TEXT, text[:cut], fin=False),
        Frame(Opcode.PING, b"between"),
        Frame(Opcode.CONT, text[cut:]),
    ]


def heard_from(chunks: list[bytes]) -> list[bytes]:
    """Return the texts that a wire hears from what comes in those chunks."""
    heard: list[bytes] = []

    async def take() -> None:
        protocol = ClientProtocol(parse_uri("ws://127.0.0.1:1/v2"), state=State.OPEN, max_size=None)
        wire = Wire(protocol, lambda text, _: heard.append(text))
        for chunk in chunks:
            wire.data_received(chunk)

    asyncio.run(take())
    return heard


@given(
    texts=st.lists(st.tuples(TEXTS, st.integers(1, 2)), max_size=6),
    cuts=st.lists(st.integers(0, 200_000), max_size=6),
)
def test_however_the_bytes_are_cut_each_text_is_heard_once_and_whole(
    texts: list[tuple[bytes, int]], cuts: list[int]
) -> None:
    flood = b"".join(
        frame.serialize(mask=False) for text, pieces in texts for frame in parts(text, pieces)
    )
    bounds = [0, *sorted(min(cut, len(flood)) for cut in cuts), len(flood)]
    chunks = [flood[start:stop] for start, stop in pairwise(bounds)]

    assert heard_from(chunks) == [text for text, _ in texts]


@given(size=st.sampled_from([0, 125, 126, 65_535, 65_536]), masked=st.booleans())
def test_a_frame_ends_where_it_says(size: int, *, masked: bool) -> None:
    frame = Frame(Opcode.TEXT, b"x" * size).serialize(mask=masked)

    assert end_of(frame, 0) == len(frame)
    assert end_of(frame[:1], 0) == UNFINISHED


@contextmanager
def serving(
    handle: Callable[[ServerConnection], None],
    refuse: Callable[[ServerConnection, Request], Response] | None = None,
) -> Iterator[str]:
    with serve(handle, "127.0.0.1", 0, process_request=refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v2"
        finally:
            server.shutdown()
            thread.join()


def test_what_follows_the_handshake_at_once_is_heard_and_the_end_is_told() -> None:
    def greet(connection: ServerConnection) -> None:
        connection.send("first")
        connection.send("x" * 200_000)
        connection.close(1012, "restarting")

    async def listen(url: str) -> tuple[list[bytes], str]:
        heard: list[bytes] = []
        wire = await opened(url, lambda text, _: heard.append(text))
        return heard, await wire.lost

    with serving(greet) as url:
        heard, why = asyncio.run(listen(url))

    assert heard == [b"first", b"x" * 200_000]
    assert "1012" in why


def test_what_we_send_arrives_and_nothing_after_the_end() -> None:
    said: list[object] = []

    def note(connection: ServerConnection) -> None:
        said.extend(connection)

    async def speak(url: str) -> None:
        wire = await opened(url, lambda *_: None)
        wire.send(b"{}")
        await wire.close()
        with pytest.raises(UnreachableError, match="nothing was sent"):
            wire.send(b"{}")

    with serving(note) as url:
        asyncio.run(speak(url))

    assert said == ["{}"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, RateLimitedError), (403, RateLimitedError), (500, UnreachableError)],
)
def test_a_refused_handshake_says_why(status: int, error: type[UnreachableError]) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus(status), "not now")

    with serving(lambda _: None, refuse) as url, pytest.raises(error, match=str(status)):
        asyncio.run(opened(url, lambda *_: None))


def test_where_nobody_listens_nothing_was_asked() -> None:
    with pytest.raises(UnreachableError, match="nothing was asked"):
        asyncio.run(opened("ws://127.0.0.1:9/v2", lambda *_: None))


@pytest.mark.parametrize(
    "url",
    [
        "ws://ws.kraken.com/v2",
        "http://127.0.0.1:80/v2",
        "ws://127.0.0.1/v2",
        "wss://user:word@ws.kraken.com/v2",
        "wss://ws.kraken.com/v2?token=1",
    ],
)
def test_an_address_where_a_token_could_be_overheard_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        require_stream_address(url)


@pytest.mark.parametrize("url", ["wss://ws-auth.kraken.com/v2", "ws://127.0.0.1:8000/v2"])
def test_an_address_over_tls_or_within_this_machine_is_taken(url: str) -> None:
    assert require_stream_address(url) == url
