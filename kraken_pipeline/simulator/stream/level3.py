"""The level3 channel: a book order by order.

The house's orders have the ids that Level3 answers. One that moves to another price is deleted and
added anew, at the end of its new queue.

Source: kraken/ws_v2.md §4, level3; docs.kraken.com, "L3 checksum (WebSocket v2)": the checksum
covers every order of the ten best prices of each side in the order of its queue.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

from kraken_pipeline.simulator import house
from kraken_pipeline.simulator.candles import MINUTE
from kraken_pipeline.simulator.engine import HOUSE, Book, Resting
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.depth import CHECKED
from kraken_pipeline.simulator.stream.look import Look

CHANNEL: Final = "level3"
DEPTHS: Final = frozenset({10, 100, 1000})


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """An order as everyone may see it."""

    id: str
    ticks: int
    """Its price in the pair's ticks."""
    lots: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to an order of the book."""

    event: str
    """add, modify or delete."""
    order: Queued


class Queue:
    """One side of a book as a client keeps it: orders by price, first come first."""

    def __init__(self, depth: int, *, falls: bool) -> None:
        """Begin with no order.

        Args:
            depth: how many prices are kept.
            falls: whether the best price is the highest.
        """
        self._depth = depth
        self._falls = falls
        self._orders: dict[str, Queued] = {}

    def prices(self) -> list[int]:
        """Return the prices, best first, in ticks."""
        return sorted({order.ticks for order in self._orders.values()}, reverse=self._falls)

    def orders(self, prices: Iterable[int]) -> Iterator[Queued]:
        """Yield the orders at some prices."""
        for ticks in prices:
            yield from (order for order in self._orders.values() if order.ticks == ticks)

    def become(self, wanted: Iterable[Queued]) -> list[Told]:
        """Become another side and return how: what is gone first, then what is new or changed."""
        best = sorted({order.ticks for order in wanted}, reverse=self._falls)[: self._depth]
        now = {order.id: order for order in wanted if order.ticks in best}
        gone = [o for o in self._orders.values() if not self._stays(o, now)]
        told = [Told("delete", o) for o in gone if o.id in now or self._is_told(o, best)]
        for order in gone:
            del self._orders[order.id]
        for order in sorted(now.values(), key=lambda each: best.index(each.ticks)):
            before = self._orders.get(order.id)
            if before is None or before.lots != order.lots:
                told.append(Told("add" if before is None else "modify", order))
            self._orders[order.id] = order
        return told

    def _stays(self, order: Queued, now: dict[str, Queued]) -> bool:
        return order.id in now and now[order.id].ticks == order.ticks

    def _is_told(self, order: Queued, best: list[int]) -> bool:
        """Tell whether a client must hear that an order is gone: else it cuts it off by itself."""
        if len(best) < self._depth:
            return True
        return order.ticks >= best[-1] if self._falls else order.ticks <= best[-1]


class Level3Channel:
    """The orders of one pair, down to one depth."""

    levels: Final = 0

    def __init__(self, depth: int) -> None:
        self._bids = Queue(depth, falls=True)
        self._asks = Queue(depth, falls=False)
        self._seen: dict[str, datetime] = {}
        """Since when the account's orders are known."""

    def snapshot(self, look: Look) -> str:
        """Return every order down to the depth."""
        self._look(look)
        bids, asks = (
            frames.listed(_row(look.pair, order) for order in queue.orders(queue.prices()))
            for queue in (self._bids, self._asks)
        )
        return self._frame("snapshot", look, bids, asks)

    def update(self, look: Look) -> str | None:
        """Return what happened to the orders, if anything did."""
        told = self._look(look)
        if not any(told):
            return None
        bids, asks = (
            frames.listed(_row(look.pair, each.order, each.event) for each in side) for side in told
        )
        return self._frame("update", look, bids, asks)

    def _frame(self, kind: str, look: Look, bids: str, asks: str) -> str:
        row = {
            "symbol": frames.text(look.pair.display),
            "checksum": str(self._checksum()),
            "bids": bids,
            "asks": asks,
            "timestamp": frames.nanos(look.at),
        }
        return frames.data(CHANNEL, kind, f"[{frames.members(row)}]")

    def _checksum(self) -> int:
        digits = (
            f"{order.ticks}{order.lots}"
            for queue in (self._asks, self._bids)
            for order in queue.orders(queue.prices()[:CHECKED])
        )
        return crc32("".join(digits).encode())

    def _look(self, look: Look) -> tuple[list[Told], list[Told]]:
        book = _book(look)
        bids, asks = ([self._queued(look, o) for o in side] for side in (book.bids, book.asks))
        return self._bids.become(bids), self._asks.become(asks)

    def _queued(self, look: Look, order: Resting) -> Queued:
        pair, minute = look.pair, int(look.seconds) // MINUTE * MINUTE
        qty = order.qty if order.shown is None else order.shown
        ours = order.owner != HOUSE
        return Queued(
            id=order.id if ours else identifier("O", order.id, pair.key, minute),
            ticks=int(order.price / pair.tick),
            lots=int(qty / pair.lot),
            since=self._seen.setdefault(order.id, look.at)
            if ours
            else datetime.fromtimestamp(minute, UTC),
        )


def _book(look: Look) -> Book:
    price = look.price()
    ladder = () if price is None else house.ladder(look.pair, price, int(look.seconds) // MINUTE)
    return house.with_own(ladder, look.own)


def _row(pair: Pair, order: Queued, event: str = "") -> str:
    fields = {"event": frames.text(event)} if event else {}
    fields |= {
        "order_id": frames.text(order.id),
        "limit_price": frames.fixed(order.ticks, pair.pair_decimals),
        "order_qty": frames.fixed(order.lots, pair.lot_decimals),
        "timestamp": frames.nanos(order.since),
    }
    return frames.members(fields)
