"""Public replies of Kraken's, read into our words. Pure; what is missing or odd is an error."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple, cast

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
_AMOUNT: Final = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
AMOUNTS: Final = re.compile(rf"{_AMOUNT}(?:\n{_AMOUNT})*", re.ASCII)
"""Prices or volumes of candles, a line each: not below zero, no exponent."""
ROW: Final = 8
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
    columns = _columns_of(fields.where, fields.items(keys[0]), frame)
    times = columns.opened_at
    if any(later <= time for time, later in pairwise(times)):
        raise UnexpectedReplyError(f"{fields.where}: the open times do not ascend")
    kept = slice(bisect_left(times, first), bisect_right(times, last))
    return Candles(
        pair=pair.name,
        timeframe=frame.name,
        opened_at=times[kept],
        open=columns.open[kept],
        high=columns.high[kept],
        low=columns.low[kept],
        close=columns.close[kept],
        volume=columns.volume[kept],
        trades=columns.trades[kept],
    )


class _Columns(NamedTuple):
    """The places of a row, in Kraken's order."""

    opened_at: tuple[int, ...]
    open: tuple[str, ...]
    high: tuple[str, ...]
    low: tuple[str, ...]
    close: tuple[str, ...]
    vwap: tuple[str, ...]
    volume: tuple[str, ...]
    trades: tuple[int, ...]


def _columns_of(where: str, rows: list[object], frame: Timeframe) -> _Columns:
    """Turn rows into columns; whole columns are looked at, as 720 rows of eight come at once."""
    if not rows:
        return _Columns((), (), (), (), (), (), (), ())
    for row in rows:
        if not isinstance(row, list) or len(row) != ROW:
            raise UnexpectedReplyError(f"{where}: {str(row)[:100]} is no {frame.name} candle")
    columns = _Columns(*zip(*cast("list[list[Any]]", rows), strict=True))
    odd = [name for name, column in columns._asdict().items() if not _is_sound(name, column, frame)]
    if odd:
        raise UnexpectedReplyError(
            f"{where}: a row is no {frame.name} candle: its {', '.join(odd)} is odd"
        )
    return columns


def _is_sound(name: str, column: Sequence[object], frame: Timeframe) -> bool:
    if name == "opened_at":
        return all(is_whole(each) and each % frame.seconds == 0 for each in column)
    return all(map(is_whole, column)) if name == "trades" else _are_amounts(column)


def _are_amounts(column: Sequence[object]) -> bool:
    """One match over all of them: a break within a value would make one line too many."""
    if set(map(type, column)) != {str}:
        return False
    text = "\n".join(cast("Sequence[str]", column))
    return text.count("\n") == len(column) - 1 and AMOUNTS.fullmatch(text) is not None


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
