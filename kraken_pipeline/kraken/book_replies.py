"""Books, trades and spreads, read into our words. Pure; what is missing or odd is an error."""

from collections.abc import Iterable
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.market_reports import Depth, Level, PublicTrade, Spread, TradesPage
from kraken_pipeline.domain.symbols import modern
from kraken_pipeline.kraken.fields import Record, record

TAKER: Final = MappingProxyType({"b": Side.BUY, "s": Side.SELL})
LIMIT: Final = "l"
LEVEL: Final = ("price", "qty", "at")
"""The places of a row, as of those below."""
TRADE: Final = ("price", "qty", "at", "taker", "order", "misc", "trade_id")
OLD_TRADE: Final = TRADE[:-1]
SPREAD: Final = ("at", "bid", "ask")
LAST: Final = "last"
SIDES: Final = ("bids", "asks")


def rows_of(reply: object, pair: Pair, method: str) -> Record:
    """Return a reply's part about the pair: it must hold that one pair, under any of its names.

    Raises:
        UnexpectedReplyError: it holds another pair, several, or none (F-SUB-11).
    """
    fields = record(reply, f"{method} {pair.name}")
    slashed = (f"{pair.base}/{pair.quote}", f"{modern(pair.base)}/{modern(pair.quote)}")
    keys = [key for key in fields.fields if key != LAST]
    if len(keys) != 1 or keys[0] not in {pair.key, pair.name, *slashed}:
        raise UnexpectedReplyError(f"{fields.where}: it holds {keys} and not the pair")
    return Record(fields.where, {"rows": fields.fields[keys[0]], **_last(fields)})


def depth_from(reply: object, pair: Pair) -> Depth:
    """Read Depth.

    Raises:
        UnexpectedReplyError: a level is malformed, out of order, or of another pair.
    """
    book = rows_of(reply, pair, "Depth").record("rows")
    return _book(pair, *([_level(row) for row in _rows(book, side, LEVEL)] for side in SIDES))


def grouped_book_from(reply: object, pair: Pair) -> Depth:
    """Read GroupedBook, whose levels are steps of several ticks.

    Raises:
        UnexpectedReplyError: a level is malformed or out of order.
    """
    book = record(reply, f"GroupedBook {pair.name}")
    return _book(
        pair,
        *(
            [
                _grouped(record(each, f"{book.where}.{side}[{index}]"))
                for index, each in enumerate(book.items(side))
            ]
            for side in SIDES
        ),
    )


def trades_from(reply: object, pair: Pair) -> TradesPage:
    """Read Trades: a page of them, oldest first.

    Raises:
        UnexpectedReplyError: a trade is malformed, or of another pair.
    """
    page = rows_of(reply, pair, "Trades")
    cursor = page.text(LAST)
    if not (cursor.isascii() and cursor.isdecimal()):
        raise UnexpectedReplyError(f"{page.where}: the field 'last' is {cursor[:40]!r}")
    return TradesPage(
        trades=tuple(map(_trade, _rows(page, "rows", TRADE, OLD_TRADE))), cursor=cursor
    )


def spreads_from(reply: object, pair: Pair) -> tuple[Spread, ...]:
    """Read Spread: the best prices of the last while, oldest first.

    Raises:
        UnexpectedReplyError: a row is malformed, or of another pair.
    """
    page = rows_of(reply, pair, "Spread")
    return tuple(
        Spread(at=row.instant("at"), bid=row.price("bid"), ask=row.price("ask"))
        for row in _rows(page, "rows", SPREAD)
    )


def _book(pair: Pair, bids: list[Level], asks: list[Level]) -> Depth:
    falls = all(better.price > worse.price for better, worse in pairwise(bids))
    rises = all(better.price < worse.price for better, worse in pairwise(asks))
    if not (falls and rises):
        raise UnexpectedReplyError(f"the book of {pair.name} is not in the order of its prices")
    return Depth(pair=pair.name, bids=tuple(bids), asks=tuple(asks))


def _level(row: Record) -> Level:
    return Level(price=row.price("price"), qty=row.qty("qty"), at=row.instant("at"))


def _grouped(row: Record) -> Level:
    return Level(price=row.price("price"), qty=row.qty("qty"))


def _trade(row: Record) -> PublicTrade:
    return PublicTrade(
        trade_id=row.whole("trade_id") if "trade_id" in row.fields else None,
        price=row.price("price"),
        qty=row.qty("qty"),
        taker_side=TAKER[row.one_of("taker", frozenset(TAKER))],
        is_limit=row.text("order") == LIMIT,
        at=row.instant("at"),
    )


def _rows(fields: Record, name: str, *shapes: tuple[str, ...]) -> Iterable[Record]:
    """Yield the rows of a list, each with a name for its places."""
    named = {len(shape): shape for shape in shapes}
    for index, row in enumerate(fields.items(name)):
        where = f"{fields.where}.{name}[{index}]"
        if not isinstance(row, list) or len(row) not in named:
            raise UnexpectedReplyError(f"{where} is {str(row)[:100]} and no row of {shapes[0]}")
        yield Record(where, dict(zip(named[len(row)], row, strict=True)))


def _last(fields: Record) -> dict[str, object]:
    return {LAST: fields.fields[LAST]} if LAST in fields.fields else {}
