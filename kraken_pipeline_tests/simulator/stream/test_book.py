"""Books as a client keeps them: every checksum is its own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from random import Random
from typing import Any
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.market import last_price
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.watch import Watch
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Json, Line

MARKET = SyntheticMarket(1)
BEGIN = datetime(2026, 10, 1, 7, tzinfo=UTC)


@dataclass
class Kept:
    """A book as Kraken tells clients to keep it."""

    depth: int
    bids: dict[Decimal, str] = field(default_factory=dict)
    asks: dict[Decimal, str] = field(default_factory=dict)
    checks: int = 0

    def apply(self, row: Json) -> None:
        """Apply a row whose numbers are texts, and hold its checksum against the book."""
        for name in ("bids", "asks"):
            levels = getattr(self, name)
            for level in row[name]:
                levels[Decimal(level["price"])] = level["price"], level["qty"]
            alive = [item for item in levels.items() if Decimal(item[1][1])]
            alive.sort(key=lambda item: item[0], reverse=name == "bids")
            setattr(self, name, dict(alive[: self.depth]))
        assert int(row["checksum"]) == self.checksum()
        self.checks += 1

    def checksum(self) -> int:
        best = chain([*self.asks.values()][:10], [*self.bids.values()][:10])
        return crc32("".join(stripped(part) for level in best for part in level).encode())


def stripped(number: str) -> str:
    return number.replace(".", "").lstrip("0")


class Ear(Connection):
    """A connection that keeps a book."""

    def __init__(self, depth: int) -> None:
        super().__init__(1, lambda point, subject: None)
        self.kept = Kept(depth)

    def tell(self, channel: str, frame: str) -> None:
        self.kept.apply(json.loads(frame, parse_float=str)["data"][0])


STEPS = st.lists(
    st.tuples(
        st.floats(0.01, 200),
        st.lists(st.tuples(st.integers(-80, 80).filter(bool), st.integers(1, 10**9)), max_size=4),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(
    steps=STEPS,
    depth=st.sampled_from([10, 25, 100]),
    name=st.sampled_from(["BTC/USD", "ETH/BTC", "TBTC/USD"]),
)
def test_every_difference_leads_to_the_checksum_with_own_orders_at_random(
    steps: list[tuple[float, list[tuple[int, int]]]], depth: int, name: str
) -> None:
    pair = MARKET.listing.pair(name)
    assert pair is not None
    watch, ear, at = Watch(MARKET, pair, BEGIN), Ear(depth), BEGIN
    watch.subscribe(("book", depth), ear, (), snapshot=True)

    for seconds, orders in steps:
        at += timedelta(seconds=seconds)
        price = last_price(MARKET, pair, at.timestamp())
        own = [
            Resting(
                id=f"O{rank}",
                owner="account",
                side=Side.BUY if offset < 0 else Side.SELL,
                price=price + offset * pair.tick,
                qty=lots * pair.lot,
                rank=rank,
            )
            for rank, (offset, lots) in enumerate(orders)
            if price + offset * pair.tick > 0
        ]
        watch.look(at, own)

    assert ear.kept.checks > 0


def numbers_as_text(line: Line) -> list[Any]:
    return [json.loads(text, parse_float=str) for text in line.texts]


def test_placing_and_canceling_at_random_keeps_every_checksum(client: Client, line: Line) -> None:
    line.subscribe("book", symbol=["BTC/USD"], depth=10)
    random = Random(7)  # noqa: S311 any will do
    placed: list[str] = []

    for _ in range(40):
        act = random.choice(["place", "place", "cancel", "wait"])
        if act == "place":
            price = round(50_935 - random.randrange(300) / 10, 1)
            answer = line.order(limit_price=price, order_qty=0.001)
            placed += [answer["result"]["order_id"]] if answer["success"] else []
        elif act == "cancel" and placed:
            line.trade("cancel_order", order_id=[placed.pop(random.randrange(len(placed)))])
        else:
            client.control("clock", advance_seconds=random.randrange(1, 20))
    line.settled()

    kept = Kept(10)
    for frame in numbers_as_text(line):
        if frame.get("channel") == "book":
            kept.apply(frame["data"][0])
    assert kept.checks > 20
