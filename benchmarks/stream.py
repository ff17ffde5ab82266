"""The stream's messages a second for 500 symbols, beside a bare loop over `websockets`.

Seconds are of the process's own CPU, so that a busy machine disturbs less.
"""

import asyncio
import logging
import statistics
import subprocess
import sys
from collections.abc import Callable
from time import process_time

import msgspec
import orjson
from websockets.asyncio.client import connect

from benchmarks.stream_sender import CHANCE, DEPTH, END, MESSAGES, SYMBOLS, symbol
from kraken_pipeline.kraken.stream.line import StreamLine
from kraken_pipeline.kraken.stream.market import MarketFeed, Wanted

ROUNDS = 9


def run() -> None:
    """Print messages a second of both, and the ratio with its spread over alternating rounds."""
    logging.getLogger("kraken_pipeline").setLevel(logging.ERROR)
    sender = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stream_sender"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = sender.stdout.readline().strip() if sender.stdout else ""
        bare = {"orjson": orjson.loads, "msgspec": msgspec.json.Decoder().decode}
        rates: dict[str, list[float]] = {name: [] for name in (*bare, "ours")}
        for _ in range(ROUNDS):
            for name, decode in bare.items():
                rates[name].append(asyncio.run(_bare(url, decode)))
            rates["ours"].append(asyncio.run(_ours(url)))
    finally:
        sender.terminate()
        sender.wait()
    _print(rates)


def _print(rates: dict[str, list[float]]) -> None:
    ours = rates.pop("ours")
    fastest = max(rates, key=lambda name: statistics.median(rates[name]))
    ratios = [mine / theirs for mine, theirs in zip(ours, rates[fastest], strict=True)]
    print(f"{MESSAGES} messages of {SYMBOLS} symbols, {ROUNDS} alternating rounds")
    for name, found in {**rates, "ours": ours}.items():
        print(f"  {name:<8} median {statistics.median(found):8.0f} messages a second")
    print(
        f"  ours to websockets with {fastest}: median {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}); aim 0.7 or more"
    )


async def _bare(url: str, decode: Callable[[bytes], object]) -> float:
    """Receive and decode everything, and keep nothing."""
    async with connect(url, compression=None, max_size=None, ping_interval=None) as socket:
        count, message = 1, await socket.recv(decode=False)
        begun = process_time()
        while message != END:
            decode(message)
            message = await socket.recv(decode=False)
            count += 1
        return count / (process_time() - begun)


class _Timed(MarketFeed):
    """The market's feed, with a look at the clock for the first frame and the last."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.count = 0
        self.begun = self.ended = 0.0
        self.done = asyncio.Event()

    def hear(self, channel: bytes, frame: bytes, at: float) -> bool:
        if not self.count:
            self.begun = process_time()
        self.count += 1
        if channel == b"end":
            self.ended = process_time()
            self.done.set()
            return True
        return super().hear(channel, frame, at)


class _Free:
    def take(self, *, after_maintenance: bool) -> float:
        return 0.0


async def _ours(url: str) -> float:
    """Receive, decode, check every checksum and keep everything, as the market's stream does."""
    names = tuple(symbol(number) for number in range(SYMBOLS))
    feed = _Timed(Wanted(tickers=names, books=names, trades=names, depth=DEPTH))
    line = StreamLine(url, feed, connects=_Free(), random=CHANCE)
    running = asyncio.ensure_future(line.run())
    await feed.done.wait()
    kept = [feed.book(name) is not None and feed.ticker(name) is not None for name in names]
    running.cancel()
    await asyncio.wait({running})
    if feed.checksum_failures() or not all(kept) or line.health().unread:
        raise SystemExit("a book is wrong or missing: the figures mean nothing")
    return feed.count / (feed.ended - feed.begun)
