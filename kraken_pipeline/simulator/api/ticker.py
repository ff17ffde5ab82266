"""Ticker: of all pairs at once, for it is asked for in every round of trading.

Source: kraken/rest.md §4.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np

from kraken_pipeline.simulator import candles, house, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.candles import DAY, MINUTE, Ints
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Listing, Rows
from kraken_pipeline.simulator.market import LastDay
from kraken_pipeline.simulator.params import Params

_TOP: Final = '"%d","%d.000"'


def ticker(exchange: Exchange, params: Params) -> str:
    """Answer Ticker, for every pair if none is named."""
    listing, at = exchange.market.listing, exchange.clock.now().timestamp()
    if not named.is_listed_class(params, "asset_class"):
        chosen = {}
    elif "pair" in params:
        chosen = named.pairs(listing, params)
    else:
        display = named.by_display(params)
        chosen = {pair.display if display else pair.key: pair for pair in listing.pairs}
    distinct = tuple({pair.key: pair for pair in chosen.values()}.values())
    rows = {
        key: row
        for day in exchange.market.last_days(distinct, at)
        for key, row in _written(listing, day, at)
    }
    shown = [(name, rows[pair.key]) for name, pair in chosen.items() if pair.key in rows]
    return f"{{{','.join(f'{wire.text(name)}:{row}' for name, row in shown)}}}"


def _written(listing: Listing, day: LastDay, at: float) -> Iterator[tuple[str, str]]:
    """Yield each pair's key and its row as JSON."""
    for pair, numbers in zip(day.pairs, _numbers(listing, day, at).tolist(), strict=True):
        yield pair.key, _form(wire.quote_decimals(pair)) % tuple(numbers)


@cache
def _form(decimals: int) -> str:
    """Return a row as a format of the numbers that fill it, for prices with so many decimals."""
    price, volume = f'"%d.%0{decimals}d"', f'"%d.%0{wire.VOLUME_DECIMALS}d"'
    both = f"[{price},{price}]"
    return (
        f'{{"a":[{price},{_TOP}],"b":[{price},{_TOP}],"c":[{price},{volume}],'
        f'"v":[{volume},{volume}],"p":{both},"t":[%d,%d],"l":{both},"h":{both},"o":{price}}}'
    )


def _numbers(listing: Listing, day: LastDay, at: float) -> Ints:
    """Return the whole numbers that fill the forms, a row a pair."""
    rows, begun, pieces = listing.rows(day.pairs), day.begun, day.pieces
    price, volume = (points.of(rows) for points in _points(listing))
    bid, ask, qty = house.tops(listing, rows, begun.close, int(at) // MINUTE)
    midnight = int(np.searchsorted(pieces.time, int(at) // DAY * DAY))
    parts = pieces[midnight:], pieces
    today, whole = (candles.merged(part) if len(part) else begun for part in parts)
    return np.hstack(
        [
            *(*price.cut(ask), qty, qty),
            *(*price.cut(bid), qty, qty),
            *(*price.cut(begun.close), *volume.cut(day.walk.last_volume())),
            *(*volume.cut(today.volume), *volume.cut(whole.volume)),
            *(*price.cut(today.vwap), *price.cut(whole.vwap)),
            *(today.count, whole.count),
            *(*price.cut(today.low), *price.cut(whole.low)),
            *(*price.cut(today.high), *price.cut(whole.high)),
            *price.cut(today.open),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Points:
    """Where the point stands in whole units and how many zeros go behind, a row a pair."""

    one: Ints
    """How many units are one."""
    zeros: Ints
    """A power of ten."""

    @classmethod
    def shown(cls, decimals: list[int], shown: list[int]) -> "_Points":
        """Return the points of units with some decimals that are shown with more."""
        counted, wanted = np.array([decimals, shown], dtype=np.int64)[..., None]
        return cls(10**counted, 10 ** (wanted - counted))

    def of(self, rows: Rows) -> "_Points":
        """Return the points of some pairs."""
        return _Points(self.one[rows], self.zeros[rows])

    def cut(self, units: Ints) -> tuple[Ints, Ints]:
        """Return what stands before the point and what behind."""
        whole = units // self.one
        return whole, (units - whole * self.one) * self.zeros


@lru_cache(maxsize=4)
def _points(listing: Listing) -> tuple[_Points, _Points]:
    """Return the points of all prices and of all volumes."""
    pairs = listing.pairs
    quotes = [wire.quote_decimals(pair) for pair in pairs]
    return (
        _Points.shown([pair.price_decimals for pair in pairs], quotes),
        _Points.shown(
            [pair.volume_decimals for pair in pairs], [wire.VOLUME_DECIMALS] * len(pairs)
        ),
    )
