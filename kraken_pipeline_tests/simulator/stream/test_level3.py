"""Books order by order as a client keeps them: every checksum is its own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.market import last_price
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.watch import Watch
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Json, Line, rows

MARKET = SyntheticMarket(1)
BEGIN = datetime(2026, 10, 1, 7, tzinfo=UTC)


@dataclass
class Orders:
    """A side by order ids, in the order in which they came."""

    falls: bool
    depth: int
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)

    def prices(self) -> list[str]:
        return sorted({price for price, _ in self.orders.values()}, key=Decimal, reverse=self.falls)

    def apply(self, row: Json) -> None:
        if row.get("event") == "delete":
            del self.orders[row["order_id"]]
        else:
            assert (row.get("event") == "modify") is (row["order_id"] in self.orders)
            self.orders[row["order_id"]] = row["limit_price"], row["order_qty"]

    def cut(self) -> None:
        kept = set(self.prices()[: self.depth])
        self.orders = {name: order for name, order in self.orders.items() if order[0] in kept}

    def digits(self) -> str:
        return "".join(
            stripped(price) + stripped(qty)
            for best in self.prices()[:10]
            for price, qty in self.orders.values()
            if price == best
        )


def stripped(number: str) -> str:
    return number.replace(".", "").lstrip("0")


class Ear(Connection):
    """A connection that keeps a book of orders."""

    def __init__(self, depth: int) -> None:
        super().__init__(1, lambda point, subject: None)
        self.sides = {
            "bids": Orders(falls=True, depth=depth),
            "asks": Orders(falls=False, depth=depth),
        }
        self.checks = 0

    def tell(self, channel: str, frame: str) -> None:
        [row] = json.loads(frame, parse_float=str)["data"]
        for name, side in self.sides.items():
            for order in row[name]:
                side.apply(order)
            side.cut()
        ours = crc32((self.sides["asks"].digits() + self.sides["bids"].digits()).encode())
        assert row["checksum"] == ours
        self.checks += 1


STEPS = st.lists(
    st.tuples(
        st.floats(0.01, 100),
        st.dictionaries(st.integers(0, 5), st.integers(-40, 40).filter(bool), max_size=5),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25)
@given(steps=STEPS, depth=st.sampled_from([10, 100]), name=st.sampled_from(["BTC/USD", "TBTC/USD"]))
def test_every_event_leads_to_the_checksum_with_own_orders_at_random(
    steps: list[tuple[float, dict[int, int]]], depth: int, name: str
) -> None:
    pair = MARKET.listing.pair(name)
    assert pair is not None
    watch, ear, at = Watch(MARKET, pair, BEGIN), Ear(depth), BEGIN
    watch.subscribe(("level3", depth), ear, (), snapshot=True)

    for seconds, orders in steps:
        at += timedelta(seconds=seconds)
        price = last_price(MARKET, pair, at.timestamp())
        own = [
            Resting(
                id=f"O{number}",
                owner="account",
                side=Side.BUY if offset < 0 else Side.SELL,
                price=price + offset * pair.tick,
                qty=pair.lot * (number + 1),
                rank=number,
            )
            for number, offset in orders.items()
        ]
        watch.look(at, own)

    assert ear.checks > 0


def test_the_orders_are_those_of_rest_and_own_ones_are_among_them(
    client: Client, line: Line
) -> None:
    placed = line.order(limit_price=50938)["result"]["order_id"]
    frames = line.subscribe("level3", symbol=["BTC/USD"], depth=100, token=line.token)

    [book] = rows(frames, "level3", "snapshot")
    theirs = client.did("Level3", pair="XBTUSD", depth=0)
    for side in ("bids", "asks"):
        assert [order["order_id"] for order in book[side]] == [
            order["order_id"] for order in theirs[side]
        ]
    assert placed in [order["order_id"] for order in book["bids"]]


def test_an_order_that_is_canceled_is_deleted_and_nothing_else(line: Line) -> None:
    placed = line.order(limit_price=50938)["result"]["order_id"]
    line.subscribe("level3", symbol=["BTC/USD"], token=line.token)
    line.trade("cancel_order", order_id=[placed])

    [book] = rows(line.settled(), "level3")
    deleted = [order["order_id"] for order in book["bids"] if order["event"] == "delete"]
    assert deleted == [placed]
    assert [order["event"] for order in book["bids"]] == ["delete", "add"]
    assert book["asks"] == []


def test_it_needs_a_token(line: Line) -> None:
    answer = line.ask("subscribe", channel="level3", symbol=["BTC/USD"])

    assert answer["error"] == "Token(s) not found"
