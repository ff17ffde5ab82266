"""Everyone who trades at the mirrored exchange: their book is taken from, their trades are met.

All of it runs in the thread of the exchange; what other threads have asked for comes in as news.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from queue import Empty
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.events import Event, OrderFilled
from kraken_pipeline.simulator.floor import Floor
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.mirror.depths import STALE, Depth, depth_of
from kraken_pipeline.simulator.mirror.kept import Keeper, Kept
from kraken_pipeline.simulator.mirror.listing import statuses_of
from kraken_pipeline.simulator.mirror.market import MirrorMarket
from kraken_pipeline.simulator.mirror.meeting import meet
from kraken_pipeline.simulator.mirror.queues import Queues
from kraken_pipeline.simulator.mirror.source import Said, Source
from kraken_pipeline.simulator.mirror.tape import Tape, page_of


@dataclass(slots=True)
class Statuses:
    """What the mirrored exchange says that may be done there."""

    system: str = ""
    pairs: Mapping[str, str] = field(default_factory=dict)
    """By key."""


class MirrorCrowd:
    """The others, as the floor sees them."""

    def __init__(self, source: Source, market: MirrorMarket, clock: Clock, keeper: Keeper) -> None:
        """Take up where the last run ended.

        Raises:
            StateError: what was kept is damaged.
        """
        kept = keeper.read()
        self.statuses: Final = Statuses()
        self.tape: Final = Tape(kept.cursors)
        self._source = source
        self._market = market
        self._clock = clock
        self._keeper = keeper
        self._queues = Queues(kept.places)
        self._depths: dict[str, Depth] = {}

    def is_known(self, pair: Pair) -> bool:
        """Tell whether the pair's book is young enough to be traded with."""
        depth = self._depths.get(pair.key)
        return depth is not None and self._clock.now() - depth.at <= STALE

    def ladder(self, pair: Pair, last: Decimal, at: datetime) -> Iterator[Resting]:
        """Yield the orders of others; none of a book that is too old."""
        if self.is_known(pair):
            depth = self._depths[pair.key]
            yield from chain(depth.ladder(Side.BUY), depth.ladder(Side.SELL))

    def run_to(self, floor: Floor, moment: datetime) -> None:
        """Meet what was traded up to a moment, so far as it is known."""
        self.follow(floor, moment)
        self.take_in()
        trades = self.tape.ready(moment, self.is_known)
        self._keep()
        for trade in trades:
            floor.position = min(max(trade.at, floor.position), moment)
            meet(floor, trade, self._queues)
        if trades:
            self.follow(floor, moment)
            self._keep()
        floor.position = max(moment, floor.position)

    def follow(self, floor: Floor, now: datetime) -> None:
        """Follow the pairs of open orders, and give these their places."""
        self._queues.look(chain.from_iterable(floor.account.resting().values()), self._ahead(floor))
        since: dict[str, datetime] = {}
        for order in floor.account.open.values():
            since[order.pair] = min(order.opened, since.get(order.pair, order.opened))
        self.tape.follow(since, now)

    def take_in(self) -> None:
        """Take in what was answered since the last time."""
        while True:
            try:
                said = self._source.news.get_nowait()
            except Empty:
                return
            self._TAKEN.get(said.method, MirrorCrowd._pass_over)(self, said)

    def happened(self, floor: Floor, events: tuple[Event, ...]) -> None:
        """Note what our orders took out of a book: until the next one comes it is gone."""
        for event in events:
            if isinstance(event, OrderFilled) and not event.maker:
                order = floor.account.orders[event.order_id]
                depth = self._depths.get(order.pair)
                if depth is not None:
                    level = order.side.other, event.price
                    depth.taken[level] = depth.taken.get(level, Decimal(0)) + event.qty

    def _ahead(self, floor: Floor) -> Callable[[Resting], Decimal | None]:
        def ahead(order: Resting) -> Decimal | None:
            depth = self._depths.get(floor.account.open[order.id].pair)
            return None if depth is None else depth.ahead(order.side, order.price)

        return ahead

    def _keep(self) -> None:
        self._keeper.write(Kept(cursors=self.tape.kept(), places=dict(self._queues.places)))

    def _take_depth(self, said: Said) -> None:
        pair = self._market.listing.pair(said.params["pair"])
        depth = depth_of(said.result, pair, said.at) if pair is not None else None
        if pair is not None and depth is not None:
            self._depths[pair.key] = depth

    def _take_trades(self, said: Said) -> None:
        pair = self._market.listing.pair(said.params["pair"])
        page = page_of(said.result, pair) if pair is not None else None
        if pair is None or page is None:
            return
        trades, last = page
        self.tape.hear(pair, said.params, trades, last)
        if trades:
            self._market.saw(pair, trades[-1].price, trades[-1].at)

    def _take_tickers(self, said: Said) -> None:
        rows = said.result if isinstance(said.result, dict) else {}
        for key, row in rows.items():
            pair = self._market.listing.pair(key)
            try:
                last = Decimal(row["c"][0])
            except (KeyError, IndexError, TypeError, InvalidOperation):
                continue
            if pair is not None:
                self._market.saw(pair, last.quantize(pair.tick), said.at)

    def _take_pairs(self, said: Said) -> None:
        self.statuses.pairs = {**self.statuses.pairs, **statuses_of(said.result)}

    def _take_system(self, said: Said) -> None:
        if isinstance(said.result, dict):
            self.statuses.system = str(said.result.get("status", ""))

    def _pass_over(self, said: Said) -> None:
        """Do nothing: it is answered as it came."""

    _TAKEN: Final[Mapping[str, Callable[["MirrorCrowd", Said], None]]] = MappingProxyType(
        {
            "Depth": _take_depth,
            "Trades": _take_trades,
            "Ticker": _take_tickers,
            "AssetPairs": _take_pairs,
            "SystemStatus": _take_system,
        }
    )
