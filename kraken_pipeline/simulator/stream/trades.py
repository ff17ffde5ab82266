"""The trade channel: every trade, and the last fifty to begin with.

Source: kraken/ws_v2.md §4, trade.
"""

from collections.abc import Iterable
from typing import Final

from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream import frames, units
from kraken_pipeline.simulator.stream.look import Look, moment
from kraken_pipeline.simulator.stream.tape import Print, latest

SNAPSHOT_TRADES: Final = 50


class TradeChannel:
    """The trades of one pair."""

    levels: Final = 0

    def snapshot(self, look: Look) -> str:
        """Return the last trades."""
        last = latest(look.market, look.pair, look.seconds, SNAPSHOT_TRADES)
        return frames.data("trade", "snapshot", _rows(look.pair, last))

    def update(self, look: Look) -> str | None:
        """Return the trades since the last look, if there are any."""
        if not look.prints:
            return None
        return frames.data("trade", "update", _rows(look.pair, look.prints))


def _rows(pair: Pair, prints: Iterable[Print]) -> str:
    return frames.listed(
        frames.members(
            {
                "symbol": frames.text(pair.display),
                "side": frames.text(each.side),
                "price": units.price(pair, each.price),
                "qty": units.volume(pair, each.volume),
                "ord_type": frames.text(each.ord_type),
                "trade_id": str(each.id),
                "timestamp": frames.micros(moment(each.at)),
            }
        )
        for each in prints
    )
