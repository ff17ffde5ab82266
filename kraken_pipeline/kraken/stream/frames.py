"""What one frame of the stream holds, decoded no further than somebody looks. Pure.

A frame that names its channel first, as Kraken writes it, is told apart by its first letters; any
other is read whole. Field order is free, unknown fields are passed over.

Source: docs.kraken.com/api/docs/websocket-v2; the numbers' form was seen in recorded frames.
"""

from typing import Any, Final

import msgspec

from kraken_pipeline.kraken.stream.numbers import Number, as_written

CHANNEL: Final = b'{"channel":"'
"""How Kraken begins a frame of a channel."""
START: Final = len(CHANNEL)
Undecodable: Final = msgspec.DecodeError
"""What a decoder raises for a frame that is no JSON, or not of the expected shape."""


class Message(msgspec.Struct, kw_only=True):
    """Any frame: of a channel, an answer to a request, or what neither of us knows."""

    channel: str = ""
    type: str = ""
    """`snapshot` or `update`."""
    # whatever the channel says, read by whoever knows the channel
    data: Any = None
    sequence: int | None = None
    method: str = ""
    req_id: int | None = None
    success: bool | None = None
    # an object, or for a batch a list
    result: Any = None
    error: str | None = None
    symbol: str | None = None
    """Of an error that concerns one."""
    time_in: str | None = None
    time_out: str | None = None


class LevelRow(msgspec.Struct, gc=False):
    """A price level: `qty` zero takes it away."""

    price: Number
    qty: Number


class BookRow(msgspec.Struct, gc=False):
    """One pair's levels, all or those that changed."""

    symbol: str
    bids: list[LevelRow]
    asks: list[LevelRow]
    checksum: int
    timestamp: str = ""


class BookFrame(msgspec.Struct, gc=False):
    """Of the channel `book`."""

    type: str
    data: list[BookRow]


class TickerHead(msgspec.Struct, gc=False):
    """Whose ticker it is; the rest stays undecoded."""

    symbol: str


class TickerHeads(msgspec.Struct, gc=False):
    """Of the channel `ticker`, as far as every frame is read."""

    data: list[TickerHead]
    type: str = ""


class TickerRow(msgspec.Struct, gc=False):
    """A ticker: best prices, and what a day traded."""

    symbol: str
    bid: Number
    bid_qty: Number
    ask: Number
    ask_qty: Number
    last: Number
    volume: Number
    vwap: Number
    timestamp: str = ""


class TickerFrame(msgspec.Struct, gc=False):
    """Of the channel `ticker`, whole."""

    data: list[TickerRow]


class TradeRow(msgspec.Struct, gc=False):
    """A public trade; `side` is the taker's."""

    symbol: str
    side: str
    price: Number
    qty: Number
    ord_type: str
    trade_id: int
    timestamp: str


class TradeFrame(msgspec.Struct, gc=False):
    """Of the channel `trade`."""

    data: list[TradeRow]
    type: str = ""


class CandleRow(msgspec.Struct, gc=False):
    """A candle as it stands, running or just ended."""

    symbol: str
    interval: int
    interval_begin: str
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    vwap: Number
    trades: int


class CandleFrame(msgspec.Struct, gc=False):
    """Of the channel `ohlc`."""

    data: list[CandleRow]
    type: str = ""


book_frame: Final = msgspec.json.Decoder(BookFrame, float_hook=as_written).decode
ticker_heads: Final = msgspec.json.Decoder(TickerHeads).decode
ticker_frame: Final = msgspec.json.Decoder(TickerFrame, float_hook=as_written).decode
trade_frame: Final = msgspec.json.Decoder(TradeFrame, float_hook=as_written).decode
candle_frame: Final = msgspec.json.Decoder(CandleFrame, float_hook=as_written).decode
message_of: Final = msgspec.json.Decoder(Message, float_hook=as_written).decode


def channel_of(frame: bytes) -> bytes:
    """Return the channel that a frame begins with, or nothing where it begins otherwise."""
    return frame[START : frame.find(b'"', START)] if frame.startswith(CHANNEL) else b""
