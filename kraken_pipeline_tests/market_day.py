"""A market followed for a while in virtual time, faults and all, and what came of it.

Every bar that was stored is compared with what REST tells of it and with the tape itself, and at
random instants and in every outage each pair is asked of risk whether it could be opened.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.domain.trade_bars import bars_of, candles_of
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline.services.bars.closing import MINUTE, Closing, ClosingDesk
from kraken_pipeline.services.bars.history import HistoryDesk, refresh
from kraken_pipeline.simulator import listing, synthetic
from kraken_pipeline.simulator.rest import serving
from kraken_pipeline.simulator.simulation import Settings, opened
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.market_heard import HeardMarket
from kraken_pipeline.wiring.mending import Mender
from kraken_pipeline_tests.kraken.lines import SECRET
from kraken_pipeline_tests.market_incidents import Incidents
from kraken_pipeline_tests.market_judge import Judge
from kraken_pipeline_tests.market_line import MarketLine, market_line, usd_symbols
from kraken_pipeline_tests.market_truth import Truth

START: Final = datetime(2026, 10, 1, tzinfo=UTC)
MAX_LAG: Final = timedelta(seconds=60)
LONG_STEP: Final = 4.0
"""Seconds: with more no heartbeat would come in time."""
SHORT_STEP: Final = 0.1
WATCHED_SECONDS: Final = 2.0
"""After a close time passes in short steps until it is told."""
OUTAGE_SECONDS: Final = 10.0
"""Between two questions in an outage."""
QUIET_MINUTES: Final = 12
"""After the last fault, until all must be well: what fell mute is found out in that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Stored bars beside the exchange's."""

    same: int = 0
    missing: int = 0
    differing: int = 0

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(
            same=self.same + other.same,
            missing=self.missing + other.missing,
            differing=self.differing + other.differing,
        )


class MarketDay:
    """A market, who hears it, and the bars that come of it."""

    def __init__(
        self,
        line: MarketLine,
        market: PublicMarket,
        folder: Path,
        names: Mapping[str, str],
        *,
        seed: int,
        share: float,
    ) -> None:
        self.line, self.market, self.symbols = line, market, names
        self.bars = HistoryBarStore(folder)
        listed = market.listing().pairs
        self.pairs: Sequence[Pair] = [listed[each] for each in names]
        self._history = HistoryDesk(
            market=market,
            bars=self.bars,
            certificates=CertificateFiles(folder),
            progress=lambda *_: None,
        )
        for frame in TIMEFRAMES.values():
            refresh(self._history, frame, self.pairs, now=line.now())
        self.mender = Mender(self._history, line.now)
        self.late: list[float] = []
        """Seconds after which each close was told."""
        self.heard, self.closing = self._begun()
        self.truth = Truth(line.service.exchange, names)
        self.judge = Judge(
            self.heard, market, pairs=self.pairs, truth=self.truth, folder=folder / "quotes"
        )
        self.incidents = Incidents(line, tuple(names.values()), seed=seed, share=share)
        self._random = Random(seed)  # noqa: S311 - instants of questions, the same each time
        self._ask_at = self._asked_at = line.now()

    def _begun(self) -> tuple[HeardMarket, Closing]:
        line = self.line
        heard = HeardMarket(
            feed=line.feed,
            health=line.line.health,
            symbols=self.symbols,
            max_lag=MAX_LAG,
            clock=line.now,
        )
        desk = ClosingDesk(
            source=heard,
            bars=self.bars,
            mend=self.mender.mend,
            retell=self.mender.retell,
            listener=self,
            clock=line.now,
        )
        return heard, Closing(desk, self.pairs)

    def restart(self, *, seconds: int) -> None:
        """Kill the listener, with all that it knows and owes, and start another after a while."""
        self.settle()
        self.mender.close()
        self.mender = Mender(self._history, self.line.now)
        self.line.restart()
        self.line.steps(seconds)
        self.heard, self.closing = self._begun()
        self.judge.heard = self.heard

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        """Learn of a close."""
        self.late.append((self.line.now() - closed_at).total_seconds())

    def run(self, minutes: int, *, pause: float = 60.0, is_rough: bool = True) -> None:
        """Let time pass, have every close done that is due, and ask often what could be opened.

        Args:
            minutes: how long.
            pause: seconds between two questions, on average.
            is_rough: whether anything goes wrong.
        """
        until = self.line.now() + timedelta(minutes=minutes)
        if is_rough:
            self.incidents.plan(self.line.now(), minutes / 60)
        else:
            self.incidents.end()
        while self.line.now() < until:
            self.line.step(min(self._step(), (until - self.line.now()).total_seconds()))
            self.truth.looked(self.line.now())
            self.incidents.strike(self.line.now())
            while self.closing.step():
                self.mender.remind()
            self.settle()
            self._ask(pause)

    def settle(self) -> None:
        """Wait until what is asked of REST is told: in virtual time it takes none."""
        self.mender._worker.submit(lambda: None).result()

    def compared(self, frame: Timeframe, since: datetime, until: datetime) -> Compared:
        """Compare the bars that opened and closed within a time with REST's own, all pairs'.

        REST tells no more than the last 720.
        """
        self.incidents.pause()
        found = Compared()
        for pair in self.pairs:
            page = self.market.candles(pair, frame, since)
            found += self._beside(frame, _within(page, frame, since, until))
        return found

    def retraced(self, pair: Pair, since: datetime) -> Compared:
        """Compare an hour's minutes of a pair with what each of its trades makes of them."""
        until, trades = since + timedelta(hours=1), list[PublicTrade]()
        cursor = str(int(since.timestamp()) * 1_000_000_000 - 1)
        while not trades or trades[-1].at < until:
            page = self.market.trades(pair, cursor=cursor)
            trades += page.trades
            if not page.trades or page.cursor == cursor:
                break
            cursor = page.cursor
        made = bars_of([each for each in trades if since <= each.at < until], MINUTE)
        return self._beside(MINUTE, candles_of(made, pair.name, MINUTE))

    def _beside(self, frame: Timeframe, page: Candles) -> Compared:
        told = self.bars.compare(frame, page)
        return Compared(same=told.same, missing=told.added, differing=told.differing)

    def _step(self) -> float:
        """Return how long time passes at once: shortly around each close that is not told."""
        now = self.line.now()
        end = self.closing.due
        if now < end:
            return min(LONG_STEP, (end - now).total_seconds())
        watched = (now - end).total_seconds() < WATCHED_SECONDS
        return SHORT_STEP if watched else LONG_STEP / 4

    def _ask(self, pause: float) -> None:
        now, is_outage = self.line.now(), self.line.line.is_silent
        since = (now - self._asked_at).total_seconds()
        if now >= self._ask_at or (is_outage and since >= OUTAGE_SECONDS):
            self.judge.ask(now, is_outage=is_outage)
            self._asked_at = now
            self._ask_at = now + timedelta(seconds=pause * self._random.expovariate(1.0))


def _within(page: Candles, frame: Timeframe, since: datetime, until: datetime) -> Candles:
    first, last = since.timestamp(), until.timestamp() - frame.seconds
    rows = [row for row, at in enumerate(page.opened_at) if first <= at <= last]
    cut = slice(rows[0], rows[-1] + 1) if rows else slice(0)
    return Candles(
        pair=page.pair,
        timeframe=page.timeframe,
        opened_at=page.opened_at[cut],
        open=page.open[cut],
        high=page.high[cut],
        low=page.low[cut],
        close=page.close[cut],
        volume=page.volume[cut],
        trades=page.trades[cut],
    )


@contextmanager
def calmer(times: int) -> Iterator[None]:
    """Let the made-up market trade less often, for as long as the context lasts.

    Args:
        times: how many fewer trades there are; the volume stays.
    """
    names = vars(synthetic)
    usual: Callable[[listing.Pair], float] = names["_hourly_trades"]
    names["_hourly_trades"] = lambda pair: usual(pair) / times
    try:
        yield
    finally:
        names["_hourly_trades"] = usual


@contextmanager
def market_day(
    folder: Path, *, symbols: int, seed: int = 7, share: float = 1.0, calm: int = 1
) -> Iterator[MarketDay]:
    """Follow the first pairs in dollars of a made-up market.

    Args:
        folder: for everything that is kept.
        symbols: how many pairs.
        seed: of the market, of what goes wrong, and of when is asked.
        share: how much goes wrong, by the measure of an ordinary bad day.
        calm: how many fewer trades there are than in the simulator's own market.
    """
    settings = Settings(
        folder=folder / "simulator", secret=SECRET, seed=seed, clock="fixed", at=START
    )
    with ExitStack() as stack:
        stack.enter_context(calmer(calm))
        service = stack.enter_context(opened(settings))
        market = PublicMarket(PublicLine(stack.enter_context(serving(service)).url))
        stack.callback(market.close)
        names = dict(usd_symbols(service, symbols))
        followed = tuple(names.values())
        wanted = Wanted(tickers=followed, books=followed, minutes=followed)
        line = stack.enter_context(market_line(service, wanted))
        day = MarketDay(line, market, folder / "bars", names, seed=seed, share=share)
        stack.callback(lambda: day.mender.close())  # noqa: PLW0108 - it may be another by then
        yield day
