"""What the private channels say of the account: every fill once, whatever happens to the line.

A new connection shows open orders and the last 50 fills. What else happened while nobody listened
is read from REST, from the last fill on that was heard before the gap. REST can lie up to a minute
behind the stream, so it is read more than once; whatever was heard already is no news.

Source: STR-5, STR-6, F-EVT-3, F-EVT-11, F-RD-1.
"""

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Final, Protocol

from kraken_pipeline.domain.errors import ExchangeError, UnexpectedReplyError
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.fields import exact
from kraken_pipeline.kraken.stream.balances import Balances
from kraken_pipeline.kraken.stream.executions import Executions
from kraken_pipeline.kraken.stream.frames import Message, message_of
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.news import FillNews, GapNews, News, OrderSeen, Source
from kraken_pipeline.kraken.stream.outbox import Outbox
from kraken_pipeline.kraken.stream.topics import Topic, Topics
from kraken_pipeline.kraken.stream.upkeep import Rereading

LOG: Final = logging.getLogger(__name__)
EXECUTIONS: Final = b"executions"
BALANCES: Final = b"balances"
SNAPSHOT: Final = "snapshot"
NEWS_OF_A_ROW: Final = 2
"""At most: a fill and what it makes of its order, or a ledger entry and what it leaves."""
OWED: Final = 1
"""Room that is kept for the word that the line was lost."""
NOT_TAKEN: Final = "news are not taken away fast enough"
QUIET: Final = math.inf
"""An account may be quiet for days: once it answered, only the socket's silence counts."""
FIRST_READ_AGAIN_SECONDS: Final = 1.0
LAST_READ_AGAIN_SECONDS: Final = 60.0


class CatchUp(Protocol):
    """Where what was missed is read: the account's REST side. May raise `ExchangeError`."""

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return our trades at or after `since`, every page, oldest first."""
        ...

    def orders(self, kraken_order_ids: Sequence[str]) -> Mapping[str, OrderReport]:
        """Return orders by Kraken's id, whatever their state."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the private stream needs of the rest of the program."""

    fetch_token: Callable[[], str]
    """Asks the exchange for a token that opens the private channels; may block."""
    symbols: Callable[[], SymbolTable]
    """Tells the names of pairs; must not block."""
    catch_up: CatchUp
    """Where what was missed is read."""
    halt: Callable[[str], None]
    """Told the reason where news cannot be taken any more; must not block."""
    count: Callable[[str, float], None]
    """Told where the matching engine's counter of a pair stands; must not block for long."""


class AccountFeed:
    """Follows the private channels. Fed in one thread; its news go into the outbox."""

    def __init__(
        self,
        needs: Surroundings,
        *,
        since: datetime,
        outbox: Outbox,
        rereading: Rereading | None = None,
    ) -> None:
        """Begin knowing nothing of the account.

        Args:
            needs: of the rest of the program.
            since: from when on fills are news: the time of the newest that is booked. UTC.
            outbox: where the news go.
            rereading: when REST is read.
        """
        self.topics = Topics(Patience())
        self._rereading = rereading or Rereading()
        self._executions = Executions(symbols=needs.symbols, since=since - self._rereading.overlap)
        self._balances = Balances()
        self._needs = needs
        self._outbox = outbox
        self._lock = threading.Lock()
        self._sequences: dict[bytes, int] = {}
        self._mentioned: set[str] = set()
        self._strangers: set[str] = set()
        self._snapshot_came = asyncio.Event()
        self._unclear = asyncio.Event()
        self._fault = ""
        self._told_at: float | None = None
        self._missed_since: datetime | None = since
        self.odd: list[str] = []
        """Why rows of this connection could not be read. What they said is read from REST."""
        at = monotonic()
        self._pulses = {
            EXECUTIONS: self.topics.want(
                Topic(
                    channel=EXECUTIONS.decode(),
                    options=(("snap_orders", True), ("snap_trades", True), ("ratecounter", True)),
                ),
                at,
                most=QUIET,
            ),
            BALANCES: self.topics.want(
                Topic(channel=BALANCES.decode(), options=(("snapshot", True),)), at, most=QUIET
            ),
        }

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that happened was heard, as far as the exchange tells."""
        return self._missed_since is None

    @property
    def told_at(self) -> float | None:
        """When the connection that stands showed open orders and the last fills.

        An instant of `time.monotonic`; None while no connection has. From then on its rows are told
        as they come.
        """
        return self._told_at

    def renew(self, why: str) -> None:
        """Have the line opened anew, so that the exchange shows everything again. Any thread may.

        Args:
            why: for a person who asks.
        """
        self._fault = self._fault or why

    def open_orders(self) -> dict[str, OrderSeen]:
        """Return the orders that may still fill, as last heard, by Kraken's id."""
        with self._lock:
            return self._executions.open_orders()

    def balances(self) -> dict[str, Decimal]:
        """Return what there is of each asset, as last heard, as the stream spells assets."""
        with self._lock:
            return self._balances.totals()

    # what a line asks of a feed

    def hear(self, channel: bytes, frame: bytes, at: float) -> bool:
        """Take a frame, and tell whether the channel is one of the account's.

        Raises:
            msgspec.DecodeError: it is no JSON.
        """
        if channel not in {EXECUTIONS, BALANCES}:
            return False
        if self._fault:
            return True  # the line is about to be opened anew, which tells all of it again
        message = message_of(frame)
        self._pulses[channel].beat(at)
        rows = _rows_of(message)
        if not self._follows(channel, message):
            # laid over what is known without what is missing, it would say what never was
            return True
        with self._lock:
            if channel == EXECUTIONS:
                self._hear_executions(message, rows, at)
            else:
                self._hear_balances(message, rows)
        return True

    def is_ready(self, topic: Topic) -> bool:
        """Tell that everything can be asked for at once."""
        return True

    def mind(self, at: float) -> str:
        """Return why the line must be opened anew, or nothing."""
        return self._fault

    def has_room(self) -> bool:
        """Tell whether there is room for what a new connection brings."""
        return self._outbox.has_drained

    def lose(self, why: str) -> None:
        """Remember from when on something may be missed, and say so."""
        self._fault = ""
        self._told_at = None
        self._sequences.clear()
        self._snapshot_came.clear()
        if self._missed_since is None:
            self._missed_since = self._executions.newest_fill_at
            self._outbox.put([GapNews(since=self._missed_since, why=why)])

    async def accompany(self) -> None:
        """Read from REST what the stream did not tell, again and again until it must be there."""
        self._mentioned.clear()
        self.odd.clear()
        await self._snapshot_came.wait()
        while True:
            self._unclear.clear()
            for delay in self._rereading.delays:
                await asyncio.sleep(delay)
                await self._read_again()
            if not self._unclear.is_set():
                self._missed_since = None
                await self._unclear.wait()

    async def _read_again(self) -> None:
        """Read until it worked once; REST may be unreachable for as long as the stream is."""
        pause = FIRST_READ_AGAIN_SECONDS
        while True:
            try:
                await self._read()
            except ExchangeError as failure:
                LOG.warning("catching up failed, trying again in %.0f s: %s", pause, failure)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_READ_AGAIN_SECONDS)
            else:
                return

    async def _read(self) -> None:
        since = self._missed_since or self._executions.newest_fill_at
        trades = await asyncio.to_thread(
            self._needs.catch_up.trades, since=since - self._rereading.overlap
        )
        for trade in trades:
            await self._room_for(1)
            with self._lock:
                self._put(self._executions.hear_trades([trade]))
        unclear = self._strangers | (self._executions.open_orders().keys() - self._mentioned)
        if not unclear:
            return
        reports = await asyncio.to_thread(self._needs.catch_up.orders, sorted(unclear))
        for report in reports.values():
            await self._room_for(1)
            with self._lock:
                self._outbox.put(self._executions.hear_orders([report]))
        self._strangers -= reports.keys()

    async def _room_for(self, count: int) -> None:
        while True:
            if self._outbox.room >= count + OWED:
                return
            await asyncio.sleep(FIRST_READ_AGAIN_SECONDS / 10)

    def _hear_executions(
        self, message: Message, rows: list[Mapping[str, object]], at: float
    ) -> None:
        source = Source.SNAPSHOT if message.type == SNAPSHOT else Source.LIVE
        for row in rows:
            # rows that found no room are told again, and those that did are then no news
            if not self._has_room_for(NEWS_OF_A_ROW):
                return
            try:
                news = self._executions.hear(row, source)
            except UnexpectedReplyError as odd:
                self._keep_odd(str(odd))
                continue
            self._put(news)
            self._mentioned.add(str(row["order_id"]))
            self._hear_counter(row)
        if source is Source.SNAPSHOT:
            self._told_at = self._told_at or at
            self._snapshot_came.set()

    def _put(self, news: Sequence[News]) -> None:
        """Tell news, and note the orders of fills of which nothing else was heard."""
        self._outbox.put(news)
        orders = (each.trade.kraken_order_id for each in news if isinstance(each, FillNews))
        self._strangers.update(key for key in orders if self._executions.order(key) is None)

    def _hear_counter(self, row: Mapping[str, object]) -> None:
        counter = exact(row.get("ratecounter"))
        order = self._executions.order(str(row["order_id"]))
        if counter is not None and order is not None and order.pair is not None:
            self._needs.count(order.pair, float(counter))

    def _hear_balances(self, message: Message, rows: list[Mapping[str, object]]) -> None:
        if not self._has_room_for(len(rows) * NEWS_OF_A_ROW):
            return
        try:
            if message.type == SNAPSHOT:
                self._outbox.put(self._balances.load(rows))
                return
            for row in rows:
                self._outbox.put(self._balances.hear(row))
        except UnexpectedReplyError as odd:
            self._keep_odd(str(odd))

    def _follows(self, channel: bytes, message: Message) -> bool:
        """Tell whether no message is missing before one; Kraken counts those of a channel."""
        number = message.sequence
        if number is None:
            return True
        known = self._sequences.get(channel)
        is_gap = known is not None and number > known + 1 and message.type != SNAPSHOT
        if is_gap:
            self._fault = f"{channel.decode()}: a message is missing before {number}, after {known}"
        self._sequences[channel] = number if known is None else max(known, number)
        return not is_gap

    def _keep_odd(self, why: str) -> None:
        LOG.warning("stream: %s", why)
        self.odd.append(why)
        if self._missed_since is None:
            self._missed_since = self._executions.newest_fill_at
        self._unclear.set()

    def _has_room_for(self, count: int) -> bool:
        """Tell whether so many news can be kept; if not, halt and have all of it told again."""
        if self._outbox.room >= count + OWED:
            return True
        LOG.error("stream: %s: halting", NOT_TAKEN)
        self._fault = NOT_TAKEN
        self._needs.halt(NOT_TAKEN)
        return False


def _rows_of(message: Message) -> list[Mapping[str, object]]:
    data = message.data if isinstance(message.data, list) else []
    return [row for row in data if isinstance(row, dict)]
