"""A market followed for a while in virtual time, faults and all, and what came of it.

Every bar that was stored is compared with what REST tells of it, and at every close each pair is
asked whether it could be opened: never on a price that the exchange left a minute before.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.quotes import Quality
from kraken_pipeline.domain.staleness import denials, is_off
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline.services.closing import Closing, ClosingDesk
from kraken_pipeline.services.history import HistoryDesk, refresh
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Seed
from kraken_pipeline.simulator.rest import serving
from kraken_pipeline.simulator.simulation import Settings, opened
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.market_heard import HeardMarket
from kraken_pipeline_tests.kraken.lines import SECRET
from kraken_pipeline_tests.market_line import MarketLine, market_line, usd_symbols

START: Final = datetime(2026, 10, 1, tzinfo=UTC)
MAX_LAG: Final = timedelta(seconds=60)
FAULTS: Final[Mapping[Kind, float]] = {
    Kind.LOST_FRAME: 0.002,
    Kind.DUPLICATE_FRAME: 0.002,
    Kind.SWAPPED_FRAMES: 0.002,
    Kind.BAD_CHECKSUM: 0.002,
    Kind.NON_JSON_FRAME: 0.001,
    Kind.SILENT_SUBSCRIPTION: 0.01,
    Kind.SILENT_SOCKET: 0.00002,
    Kind.CUT_SOCKET: 0.00005,
    Kind.REFUSED_CONNECTION: 0.3,
}
"""Shares of the frames, or of the occasions of their kind."""
LAST_SECONDS: Final = 20
"""After the last close: what a fault kept back comes, and what it cut is heard again."""


@dataclass(slots=True)
class Judged:
    """What opening was answered, and how it looked at the exchange."""

    asked: int = 0
    allowed: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    """Pairs that could be opened on a price which the exchange had left a minute before."""


LEFT_FOR: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Stored bars beside REST's."""

    same: int
    missing: int
    differing: int


class MarketDay:
    """A market, who hears it, and the bars that come of it."""

    def __init__(
        self, line: MarketLine, market: PublicMarket, folder: Path, names: Mapping[str, str]
    ) -> None:
        self.line, self.market = line, market
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
        self.heard = HeardMarket(
            feed=line.feed,
            health=line.line.health,
            symbols=names,
            max_lag=MAX_LAG,
            clock=line.now,
        )
        self.told: list[datetime] = []
        self.judged = Judged()
        self._left: dict[str, tuple[datetime, tuple[Decimal, Decimal]]] = {}
        """Prices that could be opened on and were not the exchange's, and since when."""
        self.closing = Closing(
            ClosingDesk(
                source=self.heard,
                bars=self.bars,
                mend=self._mend,
                retell=self._retell,
                listener=self,
                clock=line.now,
            ),
            self.pairs,
        )

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        """Learn of a close."""
        self.told.append(closed_at)

    def run(self, minutes: int, *, step: float = 1.0, judge: float = 20.0) -> None:
        """Let time pass, have every close done that is due, and ask often what could be opened.

        Args:
            minutes: how long.
            step: seconds that pass at once.
            judge: seconds between two questions.
        """
        until = self.line.now() + timedelta(minutes=minutes, seconds=LAST_SECONDS)
        judged_at = self.line.now()
        while self.line.now() < until:
            self.line.step(step)
            while self.closing.step():
                pass
            if (self.line.now() - judged_at).total_seconds() >= judge:
                judged_at = self.line.now()
                self._judge()

    def compared(self) -> Compared:
        """Compare every bar that closed since the start with REST's own."""
        same = missing = differing = 0
        for frame in TIMEFRAMES.values():
            for pair in self.pairs:
                page = self.market.candles(pair, frame, START)
                found = self.bars.compare(frame, page)
                same, missing = same + found.same, missing + found.added
                differing += found.differing
        return Compared(same=same, missing=missing, differing=differing)

    def _mend(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        refresh(self._history, frame, pairs, now=self.line.now())

    def _retell(self, frame: Timeframe, pair: Pair, opened_at: datetime) -> None:
        self.bars.compare(frame, self.market.candles(pair, frame, opened_at))

    def _judge(self) -> None:
        board, rest = self.heard.board(None), self.market.tickers()
        now, before, self._left = self.line.now(), self._left, {}
        for pair in self.pairs:
            self.judged.asked += 1
            price, ticker = board.price(pair.name, now), rest.get(pair.name)
            self.judged.codes.update(denials(board.doubts(pair.name, now)).keys())
            if price is None or ticker is None or price.quality is not Quality.OPENING:
                continue
            if is_off(price.bid, price.ask, rest_bid=ticker.bid, rest_ask=ticker.ask):
                continue
            self.judged.allowed += 1
            told = price.bid, price.ask
            if told != (ticker.bid, ticker.ask):
                since, was = before.get(pair.name, (now, told))
                self._left[pair.name] = (since if was == told else now), told
                if now - self._left[pair.name][0] >= LEFT_FOR:
                    self.judged.stale.append(f"{pair.name} at {now:%H:%M:%S}: {told}")


@contextmanager
def market_day(
    folder: Path, *, symbols: int, faults: Mapping[Kind, float] | None = None, seed: int = 7
) -> Iterator[MarketDay]:
    """Follow the first pairs in dollars of a made-up market.

    Args:
        folder: for everything that is kept.
        symbols: how many pairs.
        faults: shares of what goes wrong.
        seed: of the faults.
    """
    settings = Settings(folder=folder / "simulator", secret=SECRET, clock="fixed", at=START)
    with ExitStack() as stack:
        service = stack.enter_context(opened(settings))
        market = PublicMarket(PublicLine(stack.enter_context(serving(service)).url))
        stack.callback(market.close)
        names = dict(usd_symbols(service, symbols))
        followed = tuple(names.values())
        wanted = Wanted(tickers=followed, books=followed, minutes=followed)
        line = stack.enter_context(market_line(service, wanted))
        day = MarketDay(line, market, folder / "bars", names)
        if faults:
            service.faults.seed(Seed(number=seed, rates=faults))
        yield day
