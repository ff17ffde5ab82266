"""Public replies of Kraken's, read into our words. Pure; what is missing or odd is an error."""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar, cast

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import InvalidValueError, UnexpectedReplyError, UnknownNameError
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.market_reports import AssetListed, SystemStatus
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import BUCKETS, Asset, PairName, SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.kraken.book_replies import rows_of
from kraken_pipeline.kraken.fields import Record, is_whole, record

T = TypeVar("T")
Faults = dict[str, str]
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

    A row that is malformed is left out and named; it makes no other row unreadable.

    Raises:
        UnexpectedReplyError: no row of them can be read, or a name would mean two things.
    """
    known, odd_assets = _readable(record(assets, "Assets"), _asset_from)
    altnames = {key: each.name for key, each in known.items()}
    listed, odd_pairs = _readable(
        record(pairs, "AssetPairs"), lambda key, fields: _pair_from(key, fields, known)
    )
    names = [
        PairName(pair=each.name, key=each.key, base=each.base, quote=each.quote)
        for each in listed.values()
    ]
    try:
        symbols = SymbolTable(assets=_economic(altnames), pairs=names)
    except InvalidValueError as clash:
        raise UnexpectedReplyError(f"Assets and AssetPairs: {clash}") from clash
    by_name = {each.name: each for each in listed.values()}
    return Listing(
        symbols=symbols, pairs=by_name, assets=known, left_out={**odd_assets, **odd_pairs}
    )


def _readable(fields: Record, read: Callable[[str, Record], T]) -> tuple[dict[str, T], Faults]:
    """Return what can be read by its key, and of the rest why not."""
    found: dict[str, T] = {}
    faults: Faults = {}
    for key in fields.fields:
        try:
            found[key] = read(key, fields.record(key))
        except UnexpectedReplyError as fault:
            faults[key] = str(fault)
    if faults and not found:
        raise UnexpectedReplyError(f"no row can be read; the first: {next(iter(faults.values()))}")
    return found, faults


def _asset_from(key: str, fields: Record) -> AssetListed:
    return AssetListed(
        key=key,
        name=fields.name_in("altname"),
        asset_class=fields.text_or_none("aclass"),
        decimals=fields.whole_or_none("decimals"),
        status=fields.text_or_none("status"),
        collateral_value=fields.amount_or_none("collateral_value"),
        margin_rate=fields.amount_or_none("margin_rate"),
    )


def _economic(altnames: Mapping[str, str]) -> dict[str, str]:
    """Leave out the buckets that Assets lists beside their own asset: `USDT.M` is USDT."""
    spellings = frozenset(altnames) | frozenset(altnames.values())
    return {key: name for key, name in altnames.items() if not _is_bucket(key, spellings)}


def _is_bucket(key: str, spellings: frozenset[str]) -> bool:
    stem, dot, suffix = key.rpartition(".")
    stems = {stem, stem.rstrip("0123456789")}
    return bool(dot) and suffix in BUCKETS and not stems.isdisjoint(spellings)


def _pair_from(key: str, fields: Record, assets: Mapping[str, AssetListed]) -> Pair:
    base, quote = _asset(fields, "base", assets), _asset(fields, "quote", assets)
    return Pair(
        name=fields.name_in("altname"),
        key=key,
        base=Asset(base.name),
        quote=Asset(quote.name),
        asset_class=fields.name_in("aclass_base"),
        status=fields.name_in("status"),
        tick=fields.positive("tick_size"),
        lot=_lot(fields, base),
        min_qty=fields.positive("ordermin"),
        min_cost=fields.unsigned("costmin"),
        quote_class=fields.text_or_none("aclass_quote"),
        venue=fields.text_or_none("execution_venue"),
        price_decimals=fields.whole_or_none("pair_decimals"),
        cost_decimals=fields.whole_or_none("cost_decimals"),
    )


def _lot(fields: Record, base: AssetListed) -> Decimal:
    """Return the smallest step of a volume that the balance of the base asset can show, too.

    EURUSD takes volumes of 8 decimals, the ledger counts EUR in 4: what was bought finer than that
    could never be sold again to the last digit.
    """
    decimals = fields.whole("lot_decimals")
    if decimals > MOST_DECIMALS:
        raise UnexpectedReplyError(f"{fields.where}: lot_decimals is {decimals}")
    counted = decimals if base.decimals is None else base.decimals
    return Decimal(1).scaleb(-min(decimals, counted))


def _asset(fields: Record, name: str, assets: Mapping[str, AssetListed]) -> AssetListed:
    key = fields.name_in(name)
    if key not in assets:
        raise UnexpectedReplyError(f"{fields.where}: its {name} {key!r} is not among the assets")
    return assets[key]


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
    fields = rows_of(reply, pair, f"OHLC {frame.name}")
    last = fields.whole("last")
    first = 0 if since is None else int(since.timestamp())
    columns = _columns_of(fields.where, fields.items("rows"), frame)
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


def status_from(reply: object) -> SystemStatus:
    """Read SystemStatus. A word that is new is kept: it is not `online`.

    Raises:
        UnexpectedReplyError: it says no word.
    """
    fields = record(reply, "SystemStatus")
    return SystemStatus(
        status=fields.name_in("status"),
        at=fields.rfc3339("timestamp") if "timestamp" in fields.fields else None,
        upcoming_maintenance=_announced(fields, "upcoming_maintenance"),
        emergency=_announced(fields, "emergency"),
    )


def _announced(fields: Record, name: str) -> tuple[str, ...] | None:
    """What an entry holds is not documented, so that it is kept as it was said."""
    if fields.fields.get(name) is None:
        return None
    return tuple(json.dumps(each, sort_keys=True, default=str) for each in fields.items(name))


def time_from(reply: object) -> datetime:
    """Read Time: the exchange's clock, to the second, UTC.

    Raises:
        UnexpectedReplyError: it is no time.
    """
    return record(reply, "Time").instant("unixtime")
