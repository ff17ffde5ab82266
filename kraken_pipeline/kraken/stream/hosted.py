"""Streams for callers that wait: each runs in a thread of its own and is read from any other."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooLateError
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Any, Final, Self

from kraken_pipeline.domain.errors import OutcomeUnknownError, UnreachableError
from kraken_pipeline.kraken.stream.account import AccountFeed, Surroundings
from kraken_pipeline.kraken.stream.frames import Message
from kraken_pipeline.kraken.stream.line import StreamLine
from kraken_pipeline.kraken.stream.market import MarketFeed, Wanted
from kraken_pipeline.kraken.stream.news import News
from kraken_pipeline.kraken.stream.outbox import Outbox
from kraken_pipeline.kraken.stream.ports import ConnectBudget
from kraken_pipeline.kraken.stream.tokens import Tokens
from kraken_pipeline.kraken.stream.upkeep import Health, Terms

ENDING_SECONDS: Final = 5.0
MARGIN_SECONDS: Final = 2.0
"""For the thread itself, beyond what an answer may take."""


class _Thread:
    """An event loop with one line in a thread of its own."""

    def __init__(self, line: StreamLine, name: str) -> None:
        self._line = line
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._began.wait()

    def close(self) -> None:
        if self._loop is not None and self._running is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it ended by itself just now
                self._loop.call_soon_threadsafe(self._running.cancel)
        if self._thread.ident is not None:
            self._thread.join(ENDING_SECONDS)

    # what a coroutine is sent, gives and returns differs from call to call
    def wait_for(self, asked: Coroutine[Any, Any, Message], *, timeout_seconds: float) -> Message:
        """Run a request in the loop and return the answer.

        Raises:
            UnreachableError: the thread does not run; nothing was sent.
            OutcomeUnknownError: it ended, or hung, before the answer.
        """
        if self._loop is None or not self._thread.is_alive():
            asked.close()
            raise UnreachableError("the stream was not started or has ended: nothing was sent")
        try:
            future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        except RuntimeError:  # the loop was closed just now
            asked.close()
            raise UnreachableError("the stream has ended: nothing was sent") from None
        try:
            return future.result(timeout_seconds + MARGIN_SECONDS)
        except (CancelledError, TooLateError):
            raise OutcomeUnknownError("the stream ended before an answer: it may be done") from None

    def _work(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.current_task()
        self._began.set()
        await self._line.run()


class MarketStream:
    """The public stream: prices, books, trades and candles as they change."""

    def __init__(
        self,
        url: str,
        wanted: Wanted,
        *,
        connects: ConnectBudget,
        random: Random,
        terms: Terms | None = None,
    ) -> None:
        """Take what to follow; nothing connects before `start`.

        Args:
            url: `wss://…/v2`, or `ws://127.0.0.1:PORT/v2`.
            wanted: channels and symbols.
            connects: says when a connection may be opened.
            random: spreads the pauses between connections.
            terms: how long to wait for what.
        """
        terms = terms or Terms()
        self.market = MarketFeed(wanted, patience=terms.patience)
        """What was heard; read from any thread."""
        self._line = StreamLine(url, self.market, connects=connects, random=random, terms=terms)
        self.market.is_silent = self._is_silent
        self._thread = _Thread(self._line, "market-stream")

    def _is_silent(self) -> bool:
        return self._line.is_silent

    def start(self) -> Self:
        """Connect, and stay connected until closed."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Hang up."""
        self._thread.close()

    def health(self) -> Health:
        """Return how the line is."""
        return self._line.health()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


class AccountStream:
    """The private stream: fills, orders and balances as they change, and requests."""

    def __init__(
        self,
        url: str,
        needs: Surroundings,
        *,
        since: datetime,
        connects: ConnectBudget,
        random: Random,
        terms: Terms | None = None,
    ) -> None:
        """Take what it needs; nothing connects before `start`.

        Args:
            url: `wss://…/v2`, or `ws://127.0.0.1:PORT/v2`.
            needs: of the rest of the program.
            since: from when on fills are news: the time of the newest that is booked. UTC.
            connects: says when a connection may be opened.
            random: spreads the pauses between connections.
            terms: how long to wait for what.
        """
        terms = terms or Terms()
        self._outbox = Outbox(terms.most_news)
        self._tokens = Tokens(needs.fetch_token)
        self.account = AccountFeed(
            needs, since=since, outbox=self._outbox, rereading=terms.rereading
        )
        """What was heard; read from any thread."""
        self._line = StreamLine(
            url, self.account, connects=connects, random=random, tokens=self._tokens, terms=terms
        )
        self._thread = _Thread(self._line, "account-stream")

    def start(self) -> Self:
        """Connect, and stay connected until closed."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Hang up. News that were not taken are read from REST by whoever comes next."""
        self._thread.close()

    def news(self, timeout_seconds: float) -> tuple[News, ...]:
        """Return everything that was heard since the last call, after waiting for the first."""
        return self._outbox.take(timeout_seconds)

    def ask(self, method: str, params: Mapping[str, object], *, timeout_seconds: float) -> Message:
        """Send a request once with a token, and return the answer, whatever it says.

        Raises:
            UnreachableError: nothing was sent.
            OutcomeUnknownError: it was sent and no answer came; it may have been done.
            ExchangeError: no token could be had; nothing was sent.
        """
        told = {**params, "token": self._tokens.current()}
        asked = self._line.ask(method, told, timeout_seconds=timeout_seconds)
        return self._thread.wait_for(asked, timeout_seconds=timeout_seconds)

    def health(self) -> Health:
        """Return how the line is."""
        return self._line.health()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()
