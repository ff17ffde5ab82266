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
from kraken_pipeline.kraken.stream.numbers import scaled, unscaled

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
    """One side, best level first: asks by price, bids by price with its sign turned."""

    __slots__ = ("_depth", "_keys", "_levels", "_places", "_sign", "summed")

    def __init__(self, sign: int, places: Places, depth: int) -> None:
        self._sign = sign
        self._places = places
        self._depth = depth
        self._keys: list[int] = []
        self._levels: dict[int, tuple[int, bytes]] = {}
        self.summed = b""
        """The text of the best ten, for the checksum."""

    @property
    def best(self) -> int | None:
        """The best price in ticks."""
        return self._sign * self._keys[0] if self._keys else None

    def levels(self) -> tuple[Level, ...]:
        """Return the levels, best first."""
        price, qty = self._places.price, self._places.qty
        return tuple(
            Level(price=unscaled(self._sign * key, price), qty=unscaled(self._levels[key][0], qty))
            for key in self._keys
        )

    def change(self, rows: Sequence[LevelRow]) -> None:
        """Set or take away levels in the order given, then forget those beyond the depth."""
        keys, levels = self._keys, self._levels
        price_places, qty_places = self._places.price, self._places.qty
        for row in rows:
            ticks = scaled(row.price, price_places)
            units = scaled(row.qty, qty_places)
            key = self._sign * ticks
            if units:
                if key not in levels:
                    keys.insert(bisect_left(keys, key), key)
                levels[key] = units, b"%d%d" % (ticks, units)
            elif levels.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]
        # no delete is sent for what falls out of the depth
        while len(keys) > self._depth:
            del levels[keys.pop()]
        self.summed = b"".join([levels[key][1] for key in keys[:SUMMED]])


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
