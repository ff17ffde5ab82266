"""How much faster than real the simulator's time runs: one account, 20 pairs, orders on all."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import process_time

from kraken_pipeline.simulator.api import account, trading
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine_limits import TIERS
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.simulation import Settings, opened
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.feed import Feed

PAIRS = 20
AIM = 500
ROUNDS = 5
SPANS = {60.0: 4 * 3600, 1.0: 600}
"""How long is raced, in the exchange's seconds, by the seconds between two looks at the market."""
ORDERS = (
    {"type": "buy", "ordertype": "limit", "price": "-1%"},
    {"type": "buy", "ordertype": "limit", "price": "-0.2%"},
    {"type": "sell", "ordertype": "limit", "price": "+1%"},
    {"type": "sell", "ordertype": "stop-loss", "price": "-2%"},
    {"type": "sell", "ordertype": "take-profit-limit", "price": "+2%", "price2": "+1.9%"},
    {"type": "sell", "ordertype": "trailing-stop", "price": "+1%"},
)


def run() -> None:
    """Print how many seconds of the exchange pass in one of the machine's."""
    print(f"{PAIRS} pairs, {len(ORDERS)} orders on each, placed again as they go; {ROUNDS} rounds")
    print(f"  aim {AIM} or more where nobody listens")
    for step in SPANS:
        _print(f"advanced every {step:g} s", [_raced(step, streamed=False) for _ in range(ROUNDS)])
    _print("every 1 s, all streamed", [_raced(1.0, streamed=True) for _ in range(ROUNDS)])


def _print(title: str, rates: list[float]) -> None:
    print(
        f"  {title:<26} median {statistics.median(rates):8.0f} x real "
        f"({min(rates):.0f} to {max(rates):.0f})"
    )


def _raced(step: float, *, streamed: bool) -> float:
    """Return the exchange's seconds by those of one core, so that nobody else's work counts."""
    span = timedelta(seconds=SPANS[step])
    with _exchange() as (exchange, clock):
        feed = _streaming(exchange) if streamed else None
        end, minute = clock.now() + span, clock.now()
        begun = process_time()
        while clock.now() < end:
            clock.turn(clock.now() + timedelta(seconds=step))
            exchange.advance()
            if feed is not None:
                for _ in feed.tick(clock.now()):
                    pass
            if clock.now() >= minute:
                minute += timedelta(minutes=1)
                _cycle(exchange)
        return span.total_seconds() / (process_time() - begun)


@contextmanager
def _exchange() -> Iterator[tuple[Exchange, FixedClock]]:
    with tempfile.TemporaryDirectory() as folder:
        told = Settings(folder=Path(folder), secret="c2VjcmV0", clock="fixed")  # noqa: S106 made up
        with opened(told) as service:
            exchange = service.exchange
            exchange.counters.tier = TIERS["pro"]
            for pair in exchange.market.listing.pairs[:PAIRS]:
                exchange.deposit(pair.base, pair.ordermin * 1000)
                exchange.deposit(pair.quote, pair.costmin * 100_000)
            _place(exchange)
            if not isinstance(exchange.clock, FixedClock):
                raise TypeError("the exchange was told to have a clock that stands")
            yield exchange, exchange.clock


def _place(exchange: Exchange) -> None:
    """Place on each pair what is not open there."""
    found = {(o.pair, o.side.value, o.ordertype) for o in exchange.account.open.values()}
    for pair in exchange.market.listing.pairs[:PAIRS]:
        volume = str((pair.ordermin * 3).quantize(pair.lot))
        for order in ORDERS:
            if (pair.key, order["type"], order["ordertype"]) not in found:
                try:
                    wanted = order | {"pair": pair.altname, "volume": volume}
                    trading.add_order(exchange, Params(wanted))
                except RefusedError:  # its funds are gone
                    continue


def _cycle(exchange: Exchange) -> None:
    """Do what a client does each minute: look at the account, place what is missing."""
    for method in (account.balance, account.open_orders, account.trades_history):
        method(exchange, Params({}))
    _place(exchange)


def _streaming(exchange: Exchange) -> Feed:
    feed, connection = Feed(exchange), _Deaf(1, lambda point, subject: None)
    for pair in exchange.market.listing.pairs[:PAIRS]:
        for topic in (("book", 10), ("ticker", "trades"), ("trade", "")):
            feed.subscribe(pair, topic, connection, snapshot=True)
    return feed


class _Deaf(Connection):
    """A connection whose frames are made and not kept."""

    def tell(self, channel: str, frame: str) -> None:
        """Drop a frame."""
