from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError, UnexpectedReplyError
from kraken_pipeline.kraken.stream.book import Book, Places
from kraken_pipeline.kraken.stream.frames import BookRow, LevelRow, book_frame
from kraken_pipeline_tests.kraken.stream.recorded_frames import book_frames, lines

BTC = Places(price=1, qty=8)
DOCUMENTED = 3310070434
"""The checksum of the example of Kraken's guide."""
ASKS = """45285.2 0.00100000|45286.4 1.54571953|45286.6 1.54571109|45289.6 1.54560911
45290.2 0.15890660|45291.8 1.54553491|45294.7 0.04454749|45296.1 0.35380000
45297.5 0.09945542|45299.5 0.18772827"""
BIDS = """45283.5 0.10000000|45283.4 1.54582015|45282.1 0.10000000|45281.0 0.10000000
45280.3 1.54592586|45279.0 0.07990000|45277.6 0.03310103|45277.5 0.30000000
45277.3 1.54602737|45276.6 0.15445238"""
LEVELS = st.dictionaries(st.integers(1, 60), st.integers(0, 10**6), min_size=1, max_size=25)


def _levels(text: str) -> list[LevelRow]:
    parts = [each.split() for line in text.splitlines() for each in line.split("|")]
    return [LevelRow(price, qty) for price, qty in parts]


def row(bids: list[LevelRow], asks: list[LevelRow], checksum: int = 0) -> BookRow:
    return BookRow("BTC/USD", bids, asks, checksum)


def test_the_checksum_is_that_of_the_documented_example() -> None:
    assert Book(BTC, 10).load(row(_levels(BIDS), _levels(ASKS), DOCUMENTED))


def test_every_recorded_frame_leaves_the_book_that_kraken_had(recorded: Path) -> None:
    book = Book(BTC, 10)
    first, *updates = [book_frame(frame).data[0] for frame in book_frames(recorded)]

    right = [book.load(first), *(book.apply(each) for each in updates)]

    assert len(right) == 510
    assert all(right)


def test_a_frame_that_is_left_out_is_noticed(recorded: Path) -> None:
    book = Book(BTC, 10)
    first, _, *updates = [book_frame(frame).data[0] for frame in book_frames(recorded)]
    book.load(first)

    assert not all(book.apply(each) for each in updates)


def test_a_recorded_snapshot_of_fewer_levels_adds_up_over_those(recorded: Path) -> None:
    [snapshot] = [
        frame
        for frame in map(book_frame, lines(recorded, "kasync_book.jsonl"))
        if frame.type == "snapshot"
    ]
    book = Book(BTC, 10)
    book.load(snapshot.data[0])

    assert book.best == (Decimal("66788.0"), Decimal("66788.1"))
    assert [len(book.bids()), len(book.asks())] == [5, 5]


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=6), st.sampled_from([10, 25]))
def test_a_book_is_what_was_set_last_best_first_and_no_deeper_than_asked(
    changes: list[tuple[dict[int, int], dict[int, int]]], depth: int
) -> None:
    book = Book(Places(price=2, qty=4), depth)
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for new_bids, new_asks in changes:
        bids = _after(bids, new_bids, depth, best_is_highest=True)
        asks = _after(asks, new_asks, depth, best_is_highest=False)
        expected = _text(asks, best_is_highest=False) + _text(bids, best_is_highest=True)
        assert book.apply(row(_rows(new_bids), _rows(new_asks), crc32(expected.encode())))

    assert [level.price for level in book.asks()] == [Decimal(each) / 100 for each in sorted(asks)]
    assert all(better.price > worse.price for better, worse in pairwise(book.bids()))
    assert {level.price: level.qty for level in book.bids()} == {
        Decimal(price) / 100: Decimal(qty) / 10_000 for price, qty in bids.items()
    }


def _rows(levels: dict[int, int]) -> list[LevelRow]:
    return [
        LevelRow(f"{Decimal(price) / 100:.2f}", f"{Decimal(qty) / 10_000:.4f}")
        for price, qty in levels.items()
    ]


def _after(
    levels: dict[int, int], changes: dict[int, int], depth: int, *, best_is_highest: bool
) -> dict[int, int]:
    changed = {price: qty for price, qty in {**levels, **changes}.items() if qty}
    kept = sorted(changed, reverse=best_is_highest)[:depth]
    return {price: changed[price] for price in kept}


def _text(levels: dict[int, int], *, best_is_highest: bool) -> str:
    best = sorted(levels, reverse=best_is_highest)[:10]
    return "".join(f"{price}{levels[price]}" for price in best)


def test_a_price_that_comes_twice_in_one_message_counts_as_it_comes_last() -> None:
    book = Book(BTC, 10)
    book.load(row([LevelRow("9.0", "1.00000000"), LevelRow("9.0", "2.00000000")], []))

    assert [level.qty for level in book.bids()] == [2]


def test_a_bid_as_high_as_an_ask_is_seen() -> None:
    book = Book(BTC, 10)
    book.load(row([LevelRow("9.0", "1.00000000")], [LevelRow("9.0", "1.00000000")]))

    assert book.is_crossed


def test_more_decimals_than_the_pair_has_are_no_price_of_it() -> None:
    with pytest.raises(UnexpectedReplyError):
        Book(BTC, 10).load(row([LevelRow("9.05", "1.00000000")], []))


def test_a_depth_that_kraken_does_not_offer_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="depth 11"):
        Book(BTC, 11)
