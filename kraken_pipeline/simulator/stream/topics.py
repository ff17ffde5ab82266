"""What a subscribe request asks for: the pairs, and which form of the channel.

Source: kraken/ws_v2.md §4; the texts of errors in kraken/errors.md §5.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.stream import frames, level3
from kraken_pipeline.simulator.stream.book import DEPTHS
from kraken_pipeline.simulator.stream.ohlc import INTERVALS
from kraken_pipeline.simulator.stream.requests import Fields, MessageError
from kraken_pipeline.simulator.stream.tickers import TRIGGERS
from kraken_pipeline.simulator.stream.watch import Topic

NO_SYMBOL: Final = "Symbol(s) not found"
UNKNOWN_PAIR: Final = "Currency pair not supported"
ALREADY: Final = "Already subscribed"
NOT_SUBSCRIBED: Final = "Subscription Not Found"
DEFAULT_DEPTH: Final = 10
DEFAULT_INTERVAL: Final = 1
OHLC_WARNING: Final = "timestamp is deprecated, use interval_begin"


def _depth(fields: Fields) -> Topic:
    return "book", _depth_of(fields, DEPTHS)


def _level3(fields: Fields) -> Topic:
    return level3.CHANNEL, _depth_of(fields, level3.DEPTHS)


def _depth_of(fields: Fields, known: frozenset[int]) -> int:
    depth = fields.integer("depth", DEFAULT_DEPTH)
    if depth not in known:
        raise MessageError("Subscription depth not supported")
    return depth


def _interval(fields: Fields) -> Topic:
    interval = fields.integer("interval", DEFAULT_INTERVAL)
    if interval not in INTERVALS:
        raise MessageError("Subscription ohlc interval not supported")
    return "ohlc", interval


def _trigger(fields: Fields) -> Topic:
    trigger = fields.text("event_trigger", "trades")
    if trigger not in TRIGGERS:
        raise MessageError("Subscription event_trigger not supported")
    return "ticker", trigger


_TOPICS: Final[Mapping[str, Callable[[Fields], Topic]]] = MappingProxyType(
    {
        "book": _depth,
        level3.CHANNEL: _level3,
        "ohlc": _interval,
        "ticker": _trigger,
        "trade": lambda _: ("trade", ""),
    }
)
_NAMES: Final = MappingProxyType(
    {"book": "depth", "level3": "depth", "ohlc": "interval", "ticker": "event_trigger"}
)


def topic(channel: str, fields: Fields) -> Topic:
    """Return which form of a channel of pairs is meant.

    Raises:
        MessageError: there is no such form.
    """
    return _TOPICS[channel](fields)


def told(topic: Topic) -> dict[str, str]:
    """Return what an acknowledgement says of a form of a channel, as JSON."""
    name, variant = topic
    fields = {"channel": frames.text(name)}
    if name in _NAMES:
        fields[_NAMES[name]] = frames.text(variant)
    return fields


def symbols(fields: Fields) -> list[str]:
    """Return the symbols of a request.

    Raises:
        MessageError: there are none.
    """
    names = fields.texts("symbol")
    if not names:
        raise MessageError(NO_SYMBOL)
    return names


def pair_of(listing: Listing, symbol: str) -> Pair:
    """Return the pair of a symbol; only BTC/USD is one, not XBT/USD.

    Raises:
        MessageError: there is none.
    """
    pair = listing.pair(symbol)
    if pair is None or pair.display != symbol:
        raise MessageError(f"{UNKNOWN_PAIR} {symbol}", symbol=frames.text(symbol))
    return pair
