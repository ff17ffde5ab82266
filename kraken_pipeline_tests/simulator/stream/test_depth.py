"""Levels of a book in whole numbers: what changed between two looks, and the checksum."""

from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import house
from kraken_pipeline.simulator.engine import Book, Resting, Side
from kraken_pipeline.simulator.stream.depth import (
    Level,
    Sides,
    changes,
    checksum,
    looked_at,
    written,
)
from kraken_pipeline.simulator.synthetic import SyntheticMarket

DEPTH = 10
LEVELS = st.dictionaries(st.integers(1, 40), st.integers(1, 9), max_size=25)
MARKET = SyntheticMarket(1)
PAIRS = ("XXBTZUSD", "XETHXXBT", "TBTCUSD")
PRICE = {
    key: pair.price(100_000) for key in PAIRS if (pair := MARKET.listing.pair(key)) is not None
}


def side(levels: dict[int, int], *, falls: bool) -> tuple[Level, ...]:
    return tuple(sorted(levels.items(), reverse=falls)[:DEPTH])


@given(before=LEVELS, after=LEVELS, falls=st.booleans(), at_once=st.booleans())
def test_changes_turn_one_side_into_the_other_whenever_the_client_cuts(
    before: dict[int, int], after: dict[int, int], *, falls: bool, at_once: bool
) -> None:
    then, now = side(before, falls=falls), side(after, falls=falls)
    kept = dict(then)

    for ticks, lots in changes(then, now, DEPTH):
        kept[ticks] = lots
        if not lots:
            del kept[ticks]
        if at_once:
            kept = dict(side(kept, falls=falls))

    assert side(kept, falls=falls) == now


@given(before=LEVELS, after=LEVELS)
def test_only_what_changed_is_told(before: dict[int, int], after: dict[int, int]) -> None:
    then, now = side(before, falls=False), side(after, falls=False)

    told = changes(then, now, DEPTH)

    assert len(told) == len({ticks for ticks, _ in told})
    assert not set(told) & set(then)
    if len(now) == DEPTH:
        assert all(ticks <= now[-1][0] for ticks, _ in told)


def own(side: Side, price: Decimal, rank: int) -> Resting:
    return Resting(
        id=f"O{rank}", owner="account", side=side, price=price, qty=Decimal("0.5"), rank=rank
    )


def levels_of(orders: tuple[Resting, ...]) -> list[tuple[Decimal, Decimal]]:
    found: dict[Decimal, Decimal] = {}
    for order in orders:
        found[order.price] = found.get(order.price, Decimal(0)) + order.qty
    return list(found.items())


@pytest.mark.parametrize("key", PAIRS)
@given(
    offsets=st.lists(st.integers(-60, 60).filter(bool), max_size=6),
    minute=st.integers(29_000_000, 29_100_000),
    count=st.sampled_from([1, 10, 25, 100]),
)
def test_a_look_shows_the_book_that_orders_meet(
    key: str, offsets: list[int], minute: int, count: int
) -> None:
    pair, price = MARKET.listing.pair(key), PRICE[key]
    assert pair is not None
    orders = [
        own(Side.BUY if offset < 0 else Side.SELL, price + offset * pair.tick, rank)
        for rank, offset in enumerate(offsets)
    ]

    sides = looked_at(pair, price, minute, orders, count)

    book: Book = house.with_own(house.ladder(pair, price, minute), orders)
    for shown, met in ((sides.bids, book.bids), (sides.asks, book.asks)):
        in_full = [(ticks * pair.tick, lots * pair.lot) for ticks, lots in shown]
        assert in_full == levels_of(met)[:count]


def test_the_checksum_is_the_documented_one() -> None:
    asks = [(45285.2, 100_000), (45286.4, 154_582), (45286.6, 1_440_000_000)]
    sides = Sides(asks=tuple((round(price * 10), lots) for price, lots in asks))

    assert checksum(sides) == crc32(b"45285210000045286415458245286614400" + b"00000")


def test_levels_are_written_with_all_their_decimals() -> None:
    pair = MARKET.listing.pair("XXBTZUSD")
    assert pair is not None

    assert written(pair, [(667880, 5)]) == '[{"price":66788.0,"qty":0.00000005}]'
