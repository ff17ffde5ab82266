"""The instrument channel: all that is listed, then the pairs whose status changed.

Source: kraken/ws_v2.md §4, instrument.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from kraken_pipeline.simulator import collateral
from kraken_pipeline.simulator.api.public import LARGEST_POSITION
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Asset, Listing, Pair, display_name
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.triggers import has_index
from kraken_pipeline.simulator.wire import fixed

CHANNEL: Final = "instrument"
WARNING: Final = "tick_size is deprecated, use price_increment"


class Instruments:
    """The channel and who listens to it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._connections: dict[Connection, None] = {}
        self._statuses: tuple[str, ...] = ()
        """As they were told last, in the order of the listing."""

    def subscribe(self, connection: Connection, *, snapshot: bool) -> None:
        """Tell a connection from now on."""
        listing, now = self._exchange.market.listing, self._exchange.clock.now()
        self.look(now)
        self._statuses = self._looked(now)
        self._connections[connection] = None
        if snapshot:
            pairs = zip(listing.pairs, self._statuses, strict=True)
            rows = frames.listed(_pair(pair, status) for pair, status in pairs)
            connection.tell(CHANNEL, _frame("snapshot", _assets(listing), rows))

    def unsubscribe(self, connection: Connection) -> None:
        """Tell a connection no more."""
        self._connections.pop(connection, None)

    def look(self, now: datetime) -> None:
        """Tell which statuses have changed since they were told."""
        if not self._connections:
            return
        before, self._statuses = self._statuses, self._looked(now)
        if before == self._statuses:
            return
        pairs = zip(self._exchange.market.listing.pairs, before, self._statuses, strict=True)
        changed = [_pair(pair, status) for pair, was, status in pairs if was != status]
        frame = _frame("update", "[]", frames.listed(changed))
        for connection in self._connections:
            connection.tell(CHANNEL, frame)

    def _looked(self, now: datetime) -> tuple[str, ...]:
        return tuple(
            self._exchange.status(pair, now) for pair in self._exchange.market.listing.pairs
        )


def _frame(kind: str, assets: str, pairs: str) -> str:
    return frames.data(CHANNEL, kind, f'{{"assets":{assets},"pairs":{pairs}}}')


@lru_cache(maxsize=4)
def _assets(listing: Listing) -> str:
    return frames.listed(_asset(asset) for asset in listing.assets.values())


def _asset(asset: Asset) -> str:
    terms = collateral.TERMS.get(asset.altname)
    row = {
        "id": frames.text(display_name(asset.altname)),
        "status": frames.text(asset.status),
        "precision": str(asset.decimals),
        "precision_display": str(asset.display_decimals),
        "borrowable": frames.flag(terms is not None),
        "collateral_value": fixed(terms.value if terms else Decimal(0), 3),
        "class": frames.text("currency"),
    }
    if terms is not None:
        row["margin_rate"] = fixed(terms.margin_rate, 6)
    return frames.members(row)


def _pair(pair: Pair, status: str) -> str:
    row = {
        "symbol": frames.text(pair.display),
        "base": frames.text(display_name(pair.base.altname)),
        "quote": frames.text(display_name(pair.quote.altname)),
        "status": frames.text(status),
        "qty_precision": str(pair.lot_decimals),
        "qty_increment": fixed(pair.lot, pair.lot_decimals),
        "price_precision": str(pair.pair_decimals),
        "cost_precision": str(pair.cost_decimals),
        "marginable": frames.flag(bool(pair.leverage)),
        "has_index": frames.flag(has_index(pair)),
        "ws_display_price_precision": str(pair.pair_decimals),
        "cost_min": fixed(pair.costmin, _decimals(pair.costmin)),
        **_margin(pair),
        "tick_size": fixed(pair.tick, pair.pair_decimals),
        "price_increment": fixed(pair.tick, pair.pair_decimals),
        "qty_min": fixed(pair.ordermin, pair.lot_decimals),
    }
    return frames.members(row)


def _margin(pair: Pair) -> dict[str, str]:
    if not pair.leverage:
        return {}
    largest = str(int(pair.ordermin * LARGEST_POSITION))
    return {
        "margin_initial": fixed(Decimal(1) / max(pair.leverage), 2),
        "position_limit_long": largest,
        "position_limit_short": largest,
    }


def _decimals(value: Decimal) -> int:
    """Return how many decimals a minimum cost is written with: two, or as many as it has."""
    exponent = value.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
