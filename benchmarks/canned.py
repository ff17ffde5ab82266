"""An exchange's answers, told again at once from a process of their own."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

END = b"\r\n\r\n"


@contextmanager
def canned(answers: Mapping[tuple[str, str], bytes]) -> Iterator[str]:
    """Yield an address at which candles are told: pair and minutes to the answer."""
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe()
    process = spawned.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        ours.send(answers)
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(told: "Connection[int, dict[tuple[str, str], bytes]]") -> None:
    asyncio.run(_served(told))


async def _served(told: "Connection[int, dict[tuple[str, str], bytes]]") -> None:
    answers = {key: _whole(body) for key, body in told.recv().items()}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = (await reader.readuntil(END)).split(b" ", 2)[1].decode()
                query = parse_qs(urlsplit(asked).query)
                writer.write(answers[query["pair"][0], query["interval"][0]])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def _whole(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + END + body
