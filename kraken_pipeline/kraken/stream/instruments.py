"""What can be traded and under which rules, as the stream says it. Pure.

A row that cannot be read is left out and counted, and the others stay: one odd listing must not
take the whole market away.

Source: docs.kraken.com/api/docs/websocket-v2/instrument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.fields import Record, record
from kraken_pipeline.kraken.stream.book import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A pair's rules."""

    symbol: str
    """As the stream spells it: `BTC/USD`."""
    base: str
    quote: str
    status: str
    """`online`, or what is still allowed; a word that is new to us is kept as it is."""
    places: Places
    tick: Decimal
    """Smallest price step, in quote per base."""
    lot: Decimal
    """Smallest qty step, in base."""
    min_qty: Decimal
    """Smallest order, in base."""
    min_cost: Decimal
    """Smallest order, in quote."""


class Instruments:
    """Keeps the rules by symbol. Used by one thread, or under the lock of its owner."""

    def __init__(self) -> None:
        self._pairs: dict[str, Instrument] = {}
        self.assets: dict[str, str] = {}
        """Asset to its status."""
        self.odd: dict[str, str] = {}
        """Symbols whose row could not be read, and why."""

    def hear(self, data: object) -> tuple[Instrument, ...]:
        """Take what a frame of the channel says, and return the pairs that are not as they were.

        Raises:
            UnexpectedReplyError: it is not of the channel's shape.
        """
        fields = record(data, "instrument")
        for row in fields.items("assets"):
            asset = record(row, "instrument.assets")
            self.assets[asset.name_in("id")] = asset.text("status")
        changed = []
        for row in fields.items("pairs"):
            pair = self._read(record(row, "instrument.pairs"))
            if pair is not None and self._pairs.get(pair.symbol) != pair:
                self._pairs[pair.symbol] = pair
                changed.append(pair)
        return tuple(changed)

    def _read(self, row: Record) -> Instrument | None:
        symbol = row.name_in("symbol")
        try:
            pair = _instrument(symbol, row)
        except UnexpectedReplyError as odd:
            self.odd[symbol] = str(odd)
            return None
        self.odd.pop(symbol, None)
        return pair

    def get(self, symbol: str) -> Instrument | None:
        """Return a pair's rules, or None where it is not listed."""
        return self._pairs.get(symbol)

    def all(self) -> Mapping[str, Instrument]:
        """Return the rules of every pair, by symbol."""
        return dict(self._pairs)

    def known(self, symbols: Iterable[str]) -> list[Instrument]:
        """Return the rules of those pairs that are listed."""
        return [self._pairs[symbol] for symbol in symbols if symbol in self._pairs]


def _instrument(symbol: str, row: Record) -> Instrument:
    return Instrument(
        symbol=symbol,
        base=row.name_in("base"),
        quote=row.name_in("quote"),
        status=row.name_in("status"),
        places=Places(price=row.whole("price_precision"), qty=row.whole("qty_precision")),
        tick=row.positive("price_increment"),
        lot=row.positive("qty_increment"),
        min_qty=row.unsigned("qty_min"),
        min_cost=row.unsigned("cost_min"),
    )
