"""A simulated exchange with a client on each of its ways: REST, and both streams."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from time import monotonic, sleep

from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.audit import UNAUDITED
from kraken_pipeline.kraken.budget import UNLIMITED
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.keys import websockets_token
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.stream.account import Surroundings
from kraken_pipeline.kraken.stream.desk import Bookkeeping
from kraken_pipeline.kraken.stream.hosted import AccountStream, MarketStream
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline.kraken.stream.news import FillNews, GapNews, News, OrderNews
from kraken_pipeline.kraken.stream.trading import StreamTrader, StreamValidator
from kraken_pipeline.kraken.stream.upkeep import Pauses, Rereading, Terms
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.rest_limits import Tier
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, SECRET, Counting

PATIENCE_SECONDS = 15.0
SHORT = Patience(socket=1.5, subscription=1.0)
"""The same rules with shorter limits."""
HASTY = Terms(
    patience=SHORT,
    pauses=Pauses(first=0.05, most=0.2),
    rereading=Rereading(delays=(0.0, 0.3)),
)
CHANCE = Random(1)  # noqa: S311 - it spreads pauses and hides nothing


class AlwaysFree:
    """A connect budget that never makes anybody wait, and counts who asked."""

    def __init__(self) -> None:
        self.taken: list[bool] = []

    def take(self, *, after_maintenance: bool) -> float:
        self.taken.append(after_maintenance)
        return 0.0


@dataclass(slots=True, kw_only=True)
class World:
    """One exchange, its key, and what a test made of it."""

    served: Served
    line: PrivateLine
    account: ReadOnlyAccount
    trader: Trader
    symbols: Callable[[], SymbolTable]
    connects: AlwaysFree = field(default_factory=AlwaysFree)
    halts: list[str] = field(default_factory=list)
    counters: list[tuple[str, float]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.served.url.replace("http://", "ws://") + "/v2"

    def now(self) -> datetime:
        return self.served.exchange.clock.now()

    def deadline(self) -> datetime:
        return self.now() + timedelta(seconds=20)

    def fault(
        self,
        kind: Kind,
        subject: str | None = None,
        *,
        times: int | None = 1,
        seconds: float = 0.0,
    ) -> None:
        rule = Rule(kind=kind, subject=subject, times=times, seconds=seconds)
        self.served.service.faults.add(rule)

    def mend(self) -> None:
        self.served.service.faults.clear()

    def fetch_token(self) -> str:
        token = websockets_token(self.line).token
        self.tokens.append(token)
        return token

    def market_stream(self, wanted: Wanted, terms: Terms = HASTY) -> MarketStream:
        return MarketStream(self.url, wanted, connects=self.connects, random=CHANCE, terms=terms)

    def account_stream(
        self, terms: Terms = HASTY, *, since: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    ) -> AccountStream:
        needs = Surroundings(
            fetch_token=self.fetch_token,
            symbols=self.symbols,
            catch_up=self.account,
            halt=self.halts.append,
            count=lambda pair, counter: self.counters.append((pair, counter)),
        )
        return AccountStream(
            self.url, needs, since=since, connects=self.connects, random=CHANCE, terms=terms
        )

    def stream_trader(self, stream: AccountStream) -> StreamTrader:
        return StreamTrader(stream, symbols=self.symbols, books=UNCOUNTED)

    def stream_validator(self, stream: AccountStream) -> StreamValidator:
        return StreamValidator(stream, symbols=self.symbols, books=UNCOUNTED)


UNCOUNTED = Bookkeeping(budget=UNLIMITED, audit=UNAUDITED)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Serve an exchange with money on the account."""
    settings = Settings(
        folder=folder / "simulator",
        key=CREDENTIAL.key,
        secret=SECRET,
        tier=Tier.PRO,
        deposits={"ZUSD": Decimal(1_000_000)},
    )
    with simulated(settings) as served:
        line = PrivateLine(served.url, credential=CREDENTIAL, nonces=Counting())
        market = PublicMarket(PublicLine(served.url))
        market.symbols()
        try:
            yield World(
                served=served,
                line=line,
                account=ReadOnlyAccount(line, symbols=market.symbols),
                trader=Trader(line),
                symbols=market.symbols,
            )
        finally:
            line.close()
            market.close()


def eventually(holds: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until something holds, and tell whether it did in time."""
    until = monotonic() + seconds
    while not holds():
        if monotonic() > until:
            return False
        sleep(0.01)
    return True


def heard_until(
    stream: AccountStream,
    enough: Callable[[Sequence[News]], bool],
    *,
    seconds: float = PATIENCE_SECONDS,
) -> list[News]:
    """Return what was heard up to the moment when it was enough.

    Raises:
        AssertionError: it never was.
    """
    heard: list[News] = []
    until = monotonic() + seconds
    while not enough(heard):
        assert monotonic() < until, f"not enough in {seconds} s: {heard[-3:]}"
        heard += stream.news(0.05)
    return heard


def fill_ids(news: Sequence[News]) -> list[str]:
    return [each.trade.trade_id for each in news if isinstance(each, FillNews)]


def statuses(news: Sequence[News], kraken_order_id: str) -> list[str]:
    return [
        each.order.status
        for each in news
        if isinstance(each, OrderNews) and each.order.kraken_order_id == kraken_order_id
    ]


def gaps(news: Sequence[News]) -> list[GapNews]:
    return [each for each in news if isinstance(each, GapNews)]
