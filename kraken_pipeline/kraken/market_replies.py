"""Public replies of Kraken's, read into our words. Pure; what is missing or odd is an error."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final, cast

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import InvalidValueError, UnexpectedReplyError, UnknownNameError
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import BUCKETS, Asset, PairName, SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.kraken.fields import Record, is_whole, record

STATUSES: Final = frozenset({"online", "maintenance", "cancel_only", "post_only"})
"""What SystemStatus can say."""
CURRENCY: Final = "currency"
TODAY, DAY = 0, 1
"""Places in a ticker's pairs of figures: since midnight UTC, and over 24 h."""
MOST_DECIMALS: Final = 30
AMOUNT: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
"""A candle's price or volume: not below zero, no exponent."""
ROW: Final = 8
Row = tuple[int, str, str, str, str, str, str, int]
"""Open time, open, high, low, close, vwap, volume, count."""


def listing_from(assets: object, pairs: object) -> Listing:
    """Read Assets and AssetPairs.

    Raises:
        UnexpectedReplyError: a field is missing or odd, or a name would mean two things.
    """
    altnames = {key: each.name_in("altname") for key, each in record(assets, "Assets").records()}
    listed = {
        key: _pair_from(key, each, altnames) for key, each in record(pairs, "AssetPairs").records()
    }
    names = [
        PairName(pair=each.name, key=each.key, base=each.base, quote=each.quote)
        for each in listed.values()
    ]
    try:
        symbols = SymbolTable(assets=_economic(altnames), pairs=names)
    except InvalidValueError as clash:
        raise UnexpectedReplyError(f"Assets and AssetPairs: {clash}") from clash
    by_name = {each.name: each for each in listed.values()}
    return Listing(symbols=symbols, pairs=by_name)


def _economic(altnames: Mapping[str, str]) -> dict[str, str]:
    """Leave out the buckets that Assets lists beside their own asset: `USDT.M` is USDT."""
    spellings = frozenset(altnames) | frozenset(altnames.values())
    return {key: name for key, name in altnames.items() if not _is_bucket(key, spellings)}


def _is_bucket(key: str, spellings: frozenset[str]) -> bool:
    stem, dot, suffix = key.rpartition(".")
    stems = {stem, stem.rstrip("0123456789")}
    return bool(dot) and suffix in BUCKETS and not stems.isdisjoint(spellings)


def _pair_from(key: str, fields: Record, altnames: Mapping[str, str]) -> Pair:
    decimals = fields.whole("lot_decimals")
    if decimals > MOST_DECIMALS:
        raise UnexpectedReplyError(f"{fields.where}: lot_decimals is {decimals}")
    return Pair(
        name=fields.name_in("altname"),
        key=key,
        base=_asset(fields, "base", altnames),
        quote=_asset(fields, "quote", altnames),
        asset_class=fields.name_in("aclass_base"),
        status=fields.name_in("status"),
        tick=fields.positive("tick_size"),
        lot=Decimal(1).scaleb(-decimals),
        min_qty=fields.positive("ordermin"),
        min_cost=fields.unsigned("costmin"),
    )


def _asset(fields: Record, name: str, altnames: Mapping[str, str]) -> Asset:
    key = fields.name_in(name)
    if key not in altnames:
        raise UnexpectedReplyError(f"{fields.where}: its {name} {key!r} is not among the assets")
    return Asset(altnames[key])


def tickers_from(reply: object, symbols: SymbolTable) -> dict[str, Ticker]:
    """Read Ticker: by our name, every listed pair that has a bid, an ask and a last price.

    A pair with an empty side of the book has no price to act on, so it has no ticker here. Keys
    that AssetPairs does not list, such as `:BTNL` ones, are left out.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    tickers: dict[str, Ticker] = {}
    for key, each in record(reply, "Ticker").records():
        try:
            name = symbols.pair(key)
        except UnknownNameError:
            continue
        ticker = _ticker_from(each)
        if ticker is not None:
            tickers[name.pair] = ticker
    return tickers


def _ticker_from(fields: Record) -> Ticker | None:
    bid, ask, last = (fields.item(name, 0).unsigned(name) for name in ("b", "a", "c"))
    volume = fields.item("v", DAY).unsigned("v")
    vwap = fields.item("p", DAY).unsigned("p")
    if not (bid and ask and last):
        return None
    return Ticker(
        bid=Price(bid), ask=Price(ask), last=Price(last), volume_24h=volume, vwap_24h=vwap
    )


def candles_from(reply: object, *, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
    """Read OHLC: closed candles only, from `since` on, oldest first.

    A row whose time is after `last` is still forming.

    Raises:
        UnexpectedReplyError: a row is malformed, out of order, or of another timeframe.

    Source: docs.kraken.com/api/docs/rest-api/get-ohlc-data; the rule of `last` was seen live.
    """
    fields = record(reply, f"OHLC {pair.name} {frame.name}")
    last = fields.whole("last")
    keys = [key for key in fields.fields if key != "last"]
    if len(keys) != 1:
        raise UnexpectedReplyError(f"{fields.where}: it holds {keys} and not one pair")
    first = 0 if since is None else int(since.timestamp())
    rows = [_row_from(fields.where, row, frame) for row in fields.items(keys[0])]
    if any(later[0] <= row[0] for row, later in pairwise(rows)):
        raise UnexpectedReplyError(f"{fields.where}: the open times do not ascend")
    kept = [row for row in rows if first <= row[0] <= last]
    return Candles(
        pair=pair.name,
        timeframe=frame.name,
        opened_at=tuple(row[0] for row in kept),
        open=tuple(row[1] for row in kept),
        high=tuple(row[2] for row in kept),
        low=tuple(row[3] for row in kept),
        close=tuple(row[4] for row in kept),
        volume=tuple(row[6] for row in kept),
        trades=tuple(row[7] for row in kept),
    )


def _row_from(where: str, row: object, frame: Timeframe) -> Row:
    match row:
        case [int(opened), *amounts, int(trades)] if (
            len(row) == ROW
            and is_whole(opened)
            and opened % frame.seconds == 0
            and is_whole(trades)
            and all(isinstance(each, str) and AMOUNT.fullmatch(each) for each in amounts)
        ):
            return cast(Row, tuple(row))  # every place was looked at above
        case _:
            raise UnexpectedReplyError(
                f"{where}: the row {str(row)[:100]} is no {frame.name} candle"
            )


def status_from(reply: object) -> str:
    """Read SystemStatus.

    Raises:
        UnexpectedReplyError: it says none of the four words we know.
    """
    return record(reply, "SystemStatus").one_of("status", STATUSES)


def time_from(reply: object) -> datetime:
    """Read Time: the exchange's clock, to the second, UTC.

    Raises:
        UnexpectedReplyError: it is no time.
    """
    return record(reply, "Time").instant("unixtime")
