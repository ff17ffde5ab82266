"""An order book that follows the stream and proves at each step that it is right. Pure.

Prices and quantities are whole numbers of the pair's last decimal place, so that they compare and
sort exactly, and so that a level's part of the checksum is just its two numbers, one after the
other.

Source: STR-4; docs.kraken.com/api/docs/guides/spot-ws-book-v2: CRC-32 of the best ten asks, then of
    the best ten bids, whatever the depth; 510 recorded frames agree.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from zlib import crc32

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.kraken.stream.frames import BookRow, LevelRow
from kraken_pipeline.kraken.stream.numbers import scaled_level, unscaled

DEPTHS: Final = frozenset({10, 25, 100, 500, 1000})
"""Levels per side that Kraken offers."""
SUMMED: Final = 10
"""Levels per side that the checksum covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many decimals a pair's numbers have."""

    price: int
    qty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A price level."""

    price: Decimal
    """In quote per base."""
    qty: Decimal
    """In base."""


class _Side:
    """One side, best level first: asks by price, bids by price with its sign turned.

    Three lists side by side: where a level stands, its qty, and its part of the checksum's text.
    """

    __slots__ = (
        "_depth",
        "_keys",
        "_price_places",
        "_qty_places",
        "_sign",
        "_texts",
        "_units",
        "summed",
    )

    def __init__(self, sign: int, places: Places, depth: int) -> None:
        self._sign = sign
        self._price_places = places.price
        self._qty_places = places.qty
        self._depth = depth
        self._keys: list[int] = []
        self._units: list[int] = []
        self._texts: list[str] = []
        self.summed = b""
        """The text of the best ten, for the checksum."""

    @property
    def best(self) -> int | None:
        """The best price in ticks."""
        return self._sign * self._keys[0] if self._keys else None

    def levels(self) -> tuple[Level, ...]:
        """Return the levels, best first."""
        return tuple(
            Level(
                price=unscaled(self._sign * key, self._price_places),
                qty=unscaled(units, self._qty_places),
            )
            for key, units in zip(self._keys, self._units, strict=True)
        )

    def change(self, rows: Sequence[LevelRow]) -> None:
        """Set or take away levels in the order given, then forget those beyond the depth."""
        keys, amounts, texts, sign = self._keys, self._units, self._texts, self._sign
        price_places, qty_places = self._price_places, self._qty_places
        for row in rows:
            ticks, units = scaled_level(row.price, row.qty, price_places, qty_places)
            key = sign * ticks
            at = bisect_left(keys, key)
            is_known = at < len(keys) and keys[at] == key
            if not units:
                if is_known:
                    del keys[at], amounts[at], texts[at]
            elif is_known:
                amounts[at], texts[at] = units, f"{ticks}{units}"
            else:
                keys.insert(at, key)
                amounts.insert(at, units)
                texts.insert(at, f"{ticks}{units}")
        # no delete is sent for what falls out of the depth
        if len(keys) > self._depth:
            del keys[self._depth :], amounts[self._depth :], texts[self._depth :]
        self.summed = "".join(texts[:SUMMED]).encode()


class Book:
    """One pair's book, as deep as it was asked for."""

    __slots__ = ("_asks", "_asks_sum", "_bids", "_depth", "_places", "timestamp")

    def __init__(self, places: Places, depth: int) -> None:
        """Begin without levels; the first row must be a snapshot.

        Raises:
            InvalidValueError: Kraken offers no such depth.
        """
        if depth not in DEPTHS:
            raise InvalidValueError(f"depth {depth} is none of {sorted(DEPTHS)}")
        self._places = places
        self._depth = depth
        self.timestamp = ""
        """When Kraken sent the last row, as it wrote it."""
        self._clear()

    def _clear(self) -> None:
        self._asks = _Side(1, self._places, self._depth)
        self._bids = _Side(-1, self._places, self._depth)
        self._asks_sum = 0

    def load(self, row: BookRow) -> bool:
        """Take a snapshot in place of what was known, and tell whether its checksum agrees.

        Raises:
            UnexpectedReplyError: a number does not fit the pair.
        """
        self._clear()
        return self.apply(row)

    def apply(self, row: BookRow) -> bool:
        """Take an update, and tell whether the book has the checksum that Kraken's has.

        Raises:
            UnexpectedReplyError: a number does not fit the pair.
        """
        if row.bids:
            self._bids.change(row.bids)
        if row.asks:
            self._asks.change(row.asks)
            self._asks_sum = crc32(self._asks.summed)
        self.timestamp = row.timestamp
        return crc32(self._bids.summed, self._asks_sum) == row.checksum

    @property
    def best(self) -> tuple[Decimal, Decimal] | None:
        """The best bid and ask, or None where a side is empty."""
        bid, ask = self._bids.best, self._asks.best
        if bid is None or ask is None:
            return None
        return unscaled(bid, self._places.price), unscaled(ask, self._places.price)

    @property
    def is_crossed(self) -> bool:
        """Whether somebody bids as much as somebody asks, which no order book of Kraken's shows."""
        bid, ask = self._bids.best, self._asks.best
        return bid is not None and ask is not None and bid >= ask

    def bids(self) -> tuple[Level, ...]:
        """Return the bids, best first."""
        return self._bids.levels()

    def asks(self) -> tuple[Level, ...]:
        """Return the asks, best first."""
        return self._asks.levels()
