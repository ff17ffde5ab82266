"""The private stream's listener: what it hears goes to the books at once, in a process of its own.

It has two threads beside the stream's own. One hears, and never waits for the exchange; the other
compares orders with the exchange, which may take as long as the key's budget says.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.continuity import StreamProof
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.orders import FATE_OPEN, Order
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.kraken.stream.hosted import AccountStream
from kraken_pipeline.kraken.stream.news import FillNews, GapNews, News, OrderNews
from kraken_pipeline.kraken.stream.reports import report_of
from kraken_pipeline.services.books.listen import Listener
from kraken_pipeline.services.books.rounds import Rounds, Why, is_resting, is_unanswered
from kraken_pipeline.services.ports.exchange import Account, Clock
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.wiring.stream_sign import CATCHING_UP, told

LOG: Final = logging.getLogger(__name__)
SHOWN_EACH: Final = 0.5
"""Seconds between two signs."""
MOST_FILLS: Final = 1000
"""That are kept for who asks what was heard; nobody may."""
CAUSES: Final[Mapping[Why, Cause]] = MappingProxyType(
    {
        Why.EVENT: Cause.EVENT,
        Why.UNANSWERED: Cause.EVENT,
        Why.AGAIN: Cause.EVENT,
        Why.RESTING: Cause.MINUTE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDesk:
    """What listening to the stream needs."""

    stream: AccountStream
    listener: Listener
    orders: OrderStore
    account: Account
    reconcile: Callable[[Cause, bool], object]
    """Compares orders with the exchange, and keeps the books too where that is asked for."""
    show: Callable[[Mapping[str, int | str]], None]
    """Gives the sign."""
    settle_window: timedelta
    """How long after its deadline an order may still come to be shown."""
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    """Of the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What came of a comparison."""

    asked: tuple[str, ...]
    asked_at: datetime | None
    shown: Mapping[str, OrderReport]
    """Of what was asked for."""
    is_done: bool
    """False where the exchange did not answer, or does not show yet what was heard."""


class Streaming:
    """Listens, step by step; used by one thread."""

    def __init__(self, desk: StreamDesk) -> None:
        """Begin with a comparison: of what happened before nothing was heard."""
        at = desk.monotonic()
        self._desk = desk
        self._waiting: deque[News] = deque()
        self._rounds = Rounds(ended_at=at)
        self._rounds.stir(at)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rounds")
        self._round: Future[_Round] | None = None
        self._has_fills = True
        self._fills: deque[TradeReport] = deque(maxlen=MOST_FILLS)
        self._is_resting = self._is_unanswered = False
        self._looked_at = desk.clock()
        self._since: tuple[float, datetime] | None = None
        self._shown_at = -SHOWN_EACH
        self._was_told: bool | None = None
        self._told_anew_for: set[str] = set()
        self.gaps = 0
        """Since it began."""

    @property
    def condition(self) -> str:
        """How the stream is heard, for a person."""
        stream = self._desk.stream
        if stream.account.told_at is None:
            return f"not heard: {stream.health().last_loss or 'connecting'}"
        return "heard" if stream.account.is_caught_up else f"heard; {CATCHING_UP}"

    def fills_heard(self) -> tuple[TradeReport, ...]:
        """Return the fills that were heard since this was last asked, oldest first."""
        heard = tuple(self._fills)
        self._fills.clear()
        return heard

    @property
    def is_busy(self) -> bool:
        """Whether something that was heard is not written, or a comparison is under way."""
        return bool(self._waiting) or self._round is not None

    def step(self, timeout_seconds: float) -> None:
        """Hear what there is, after waiting for the first of it, and do what is due.

        Args:
            timeout_seconds: how long to wait for news.
        """
        proof = self._proof()
        news = self._desk.stream.news(timeout_seconds)
        self._waiting.extend(news)
        self._hear()
        at = self._desk.monotonic()
        if news:
            self._rounds.stir(at)
        self._take_round(at)
        if self._rounds.is_look_due(at):
            self._look(proof)
        self._begin_round(at)
        # a proof of before the news holds once they are written
        self._show(None if self._waiting else proof, at)

    def close(self) -> None:
        """End, after the comparison that is under way."""
        self._worker.shutdown(cancel_futures=True)

    def _hear(self) -> None:
        """Write what waits, in order; what cannot be written now stays."""
        while self._waiting:
            try:
                self._hear_one(self._waiting[0])
            except PipelineError as failure:
                LOG.warning("what was heard waits: %s", failure)
                return
            self._waiting.popleft()

    def _hear_one(self, news: News) -> None:
        if isinstance(news, OrderNews):
            report = report_of(news.order)
            if report is not None:  # else the comparison that follows asks for it
                self._desk.listener.hear_order(report)
        elif isinstance(news, FillNews):
            self._desk.listener.hear_fill(news.trade)
            self._fills.append(news.trade)
            self._has_fills = True
        elif isinstance(news, GapNews):
            self.gaps += 1
            LOG.warning("a gap from %s on: %s", news.since.isoformat(), news.why)

    def _look(self, proof: StreamProof | None) -> None:
        """Look at our orders for what the clock alone makes due."""
        now = self._now()
        if now is None:
            return
        orders = self._desk.orders.reserving()
        self._is_resting = is_resting(orders)
        self._is_unanswered |= is_unanswered(orders, before=self._looked_at, now=now)
        self._looked_at = now
        if proof is not None:
            self._have_told_anew(orders, proof)

    def _have_told_anew(self, orders: tuple[Order, ...], proof: StreamProof) -> None:
        """Have everything shown again where only that proves that an order never came to exist."""
        unproven = {
            each.local_id
            for each in orders
            if each.state in FATE_OPEN
            and each.deadline is not None
            and proof.must_be_told_anew(
                sent_at=each.created_at, settled_at=each.deadline + self._desk.settle_window
            )
        } - self._told_anew_for
        if unproven:
            self._told_anew_for |= unproven
            self._desk.stream.account.renew(f"to prove the fate of {', '.join(sorted(unproven))}")

    def _begin_round(self, at: float) -> None:
        why = self._rounds.due(at, is_resting=self._is_resting, is_unanswered=self._is_unanswered)
        if why is None or self._round is not None:
            return
        self._rounds.begin()
        self._is_unanswered = False
        has_fills, self._has_fills = self._has_fills, False
        strays = self._desk.listener.strays
        self._round = self._worker.submit(self._compare, CAUSES[why], has_fills, strays)

    def _compare(self, cause: Cause, has_fills: bool, strays: tuple[str, ...]) -> _Round:  # noqa: FBT001 - it is called by the executor
        """Compare orders with the exchange, and ask for what nobody knows. In the other thread."""
        asked_at: datetime | None = None
        shown: Mapping[str, OrderReport] = {}
        try:
            if strays:
                asked_at, shown = self._desk.clock(), self._desk.account.orders(strays)
            self._desk.reconcile(cause, has_fills)
            is_done = not self._desk.orders.unmatched()
        except PipelineError as failure:
            LOG.warning("comparing orders with the exchange failed: %s", failure)
            is_done = False
        return _Round(asked=strays, asked_at=asked_at, shown=shown, is_done=is_done)

    def _take_round(self, at: float) -> None:
        """Take what came of a comparison that has ended."""
        if self._round is None or not self._round.done():
            return
        ended, self._round = self._round.result(), None
        if ended.asked_at is not None:
            self._desk.listener.hear_of_strays(ended.asked, ended.shown, asked_at=ended.asked_at)
        self._has_fills |= not ended.is_done
        self._rounds.end(at, is_done=ended.is_done and not self._desk.listener.strays)

    def _proof(self) -> StreamProof | None:
        """Return what the stream proves as soon as all that it told up to now is written."""
        stream = self._desk.stream
        told_at, heard_seconds = stream.account.told_at, stream.health().heard_seconds
        if told_at is None or not stream.account.is_caught_up:
            return None
        now, at = self._now(), self._desk.monotonic()
        if now is None:
            return None
        if self._since is None or self._since[0] != told_at:
            self._since = told_at, now - timedelta(seconds=at - told_at)
        return StreamProof(
            continuous_since=self._since[1], last_seen=now - timedelta(seconds=heard_seconds)
        )

    def _show(self, proof: StreamProof | None, at: float) -> None:
        stream = self._desk.stream
        is_told = stream.account.told_at is not None
        if at - self._shown_at < SHOWN_EACH and is_told is self._was_told:
            return
        self._shown_at, self._was_told = at, is_told
        why = "" if is_told else stream.health().last_loss
        self._desk.show(told(is_told=is_told, why=why, proof=proof, gaps=self.gaps))

    def _now(self) -> datetime | None:
        """Return the exchange's time, where it can be had."""
        try:
            return self._desk.clock()
        except PipelineError as failure:
            LOG.warning("what time it is at the exchange is not known: %s", failure)
            return None
