"""One-minute candles that two channels agree on, and of every other minute why it is not proven.

The candle's channel repeats the running candle, the tape's tells each trade. A frame that was lost
shows as a difference between the two, and a minute in which both say nothing is silent. After a
new connection the candle's channel begins with past candles, which are final, and the tape's with
the last trades: where those reach back to one that is known, nothing was missed. Pure.

Source: HIS-5; docs.kraken.com/api/docs/websocket-v2/ohlc and /trade.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.minutes import Minute
from kraken_pipeline.domain.money import EXACT, ZERO, Price
from kraken_pipeline.domain.trade_bars import TradeBar
from kraken_pipeline.kraken.stream.frames import CandleFrame, CandleRow, TradeFrame, TradeRow
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.numbers import decimal_of, moment_of

SNAPSHOT: Final = "snapshot"
KEY: Final = 16
"""Letters of a time that name its minute: `2026-11-23T09:41`. They sort as the minutes do."""
MOST_TALLIES: Final = 60
MOST_CANDLES: Final = 900
"""Of minutes that nobody takes, as where the disk is full: those before them are asked of REST.
The exchange tells at most 720 candles at once."""
KEPT: Final = timedelta(minutes=5)
"""How long minutes are kept that were taken, in case a trade of theirs comes late."""
MINUTE: Final = timedelta(minutes=1)
UTC_END: Final = "Z"

Key = str


@dataclass(slots=True)
class _Tally:
    """The trades of a minute that were heard."""

    ids: set[int] = field(default_factory=set)
    volume: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class _Kept:
    """What is known of a pair."""

    pulse: Pulse
    candles: dict[Key, CandleRow] = field(default_factory=dict)
    tallies: dict[Key, _Tally] = field(default_factory=dict)
    told_from: Key = ""
    """The first minute that the last snapshot of candles told; from it on every candle was told."""
    told_until: Key = ""
    """Its last minute, which ran still."""
    has_candles: bool = False
    """Whether they were told since the connection stands."""
    has_trades: bool = False
    whole_after: str | None = None
    """Every trade after this instant was heard; None where none was heard yet."""
    newest_id: int = -1
    closed_until: Key = ""
    """Minutes before this one were taken."""
    known_from: Key = ""
    """Minutes before this one are forgotten."""
    silent_from: Key = ""
    """The first of those that were taken as silent since the last candle was told."""
    silent_until: Key = ""
    """The first after them."""
    gaps: int = 0


class Minutes:
    """Follows the minutes of pairs. Used by one thread, or under the lock of its owner."""

    def __init__(self) -> None:
        """Begin with no pair."""
        self._kept: dict[str, _Kept] = {}
        self._late: dict[tuple[str, Key], None] = {}
        self._traded_at = ""
        """The time of the newest trade, as Kraken wrote it: such texts sort as times do."""

    def follow(self, symbol: str, *, pulse: Pulse) -> None:
        """Keep a pair's minutes from now on."""
        self._kept.setdefault(symbol, _Kept(pulse=pulse))

    def hear_candles(self, told: CandleFrame, at: float) -> None:
        """Take a frame of candles of one minute; others are passed over."""
        for symbol, rows in groupby(told.data, key=lambda each: each.symbol):
            kept = self._kept.get(symbol)
            minutes = [each for each in rows if each.interval == 1]
            if kept is None or not minutes:
                continue
            keys = [_key(each.interval_begin) for each in minutes]
            known = kept.candles.get(max(keys))
            is_calm = told.type == SNAPSHOT and known is not None and known in minutes
            kept.pulse.beat(at, is_calm=is_calm)
            if told.type == SNAPSHOT:
                kept.has_candles = True
                kept.told_from, kept.told_until = min(keys), max(keys)
                self._hear_silence(symbol, kept, keys)
            kept.silent_from = kept.silent_until = ""
            for row in minutes:
                self._hear_candle(symbol, kept, row)

    def hear_trades(self, told: TradeFrame) -> None:
        """Take a frame of the tape. A trade that is known, as in a second snapshot, is not new."""
        for symbol, group in groupby(told.data, key=lambda each: each.symbol):
            kept = self._kept.get(symbol)
            if kept is None:
                continue
            rows = list(group)
            if told.type == SNAPSHOT:
                self._begin_tape(kept, rows)
            for row in rows:
                self._hear_trade(symbol, kept, row)

    def lose(self) -> None:
        """Learn that the connection is gone: what happens until the next one is not heard."""
        for kept in self._kept.values():
            kept.gaps += kept.has_trades
            kept.has_candles = kept.has_trades = False

    def untold(self) -> list[str]:
        """Return the pairs of which not both channels have spoken since the connection stands."""
        return [
            symbol
            for symbol, kept in self._kept.items()
            if not (kept.has_candles and kept.has_trades)
        ]

    def traded_at(self) -> datetime | None:
        """Return when the newest trade was made, of whatever pair.

        A time that nobody can read is forgotten: the next trade has another.
        """
        try:
            return moment_of(self._traded_at) if self._traded_at else None
        except UnexpectedReplyError:
            self._traded_at = ""
            return None

    def gaps(self, symbol: str) -> int:
        """Return how often the pair was not heard for a while."""
        kept = self._kept.get(symbol)
        return 0 if kept is None else kept.gaps

    def minute(self, symbol: str, opened_at: datetime) -> Minute:
        """Return what is known of a minute that is over.

        Args:
            symbol: as the stream spells it.
            opened_at: when it began, UTC.

        Raises:
            UnexpectedReplyError: a number of its candle is none.
        """
        kept, key = self._kept.get(symbol), _key(opened_at.isoformat())
        if kept is None:
            return _doubtful("it is not followed")
        candle, tally = kept.candles.get(key), kept.tallies.get(key)
        was_told = kept.told_from <= key < kept.told_until
        if not was_told:
            if not (kept.has_trades and kept.has_candles):
                return _doubtful("it is not heard")
            if kept.whole_after is None or _key(kept.whole_after) >= key:
                return _doubtful("not all of its trades were heard")
        doubt = _difference(candle, tally, is_whole=not was_told)
        if doubt:
            return _doubtful(doubt)
        bar = None if candle is None else _bar(candle, opened_at)
        return Minute(bar=bar, doubt="")

    def take(self, until: datetime) -> None:
        """Note that the minutes before an instant were taken, and forget the older of them."""
        closed, last, oldest = (
            _key(each.isoformat()) for each in (until, until - MINUTE, until - KEPT)
        )
        for kept in self._kept.values():
            if last not in kept.candles and last not in kept.tallies:
                kept.silent_from, kept.silent_until = kept.silent_from or last, closed
            kept.closed_until, kept.known_from = closed, oldest
            # the newest stays: if its pair fell mute in the middle of it, a snapshot will tell
            newest = max(kept.candles, default="")
            for key in [each for each in kept.candles if each < oldest and each != newest]:
                del kept.candles[key]
            for key in [each for each in kept.tallies if each < oldest]:
                del kept.tallies[key]

    def late(self) -> list[tuple[str, datetime]]:
        """Return the minutes, with their pairs, that changed after they were taken; once each."""
        found = [(symbol, moment_of(f"{key}:00Z")) for symbol, key in self._late]
        self._late.clear()
        return found

    def _hear_candle(self, symbol: str, kept: _Kept, row: CandleRow) -> None:
        key = _key(row.interval_begin)
        known = kept.candles.get(key)
        if (known is None and key < kept.known_from) or (
            known is not None and row.trades <= known.trades
        ):
            return  # of long ago, told twice, or after a later one
        if key < kept.closed_until:
            self._late[symbol, key] = None
        kept.candles[key] = row
        if len(kept.candles) > MOST_CANDLES:
            del kept.candles[min(kept.candles)]

    def _hear_silence(self, symbol: str, kept: _Kept, keys: list[Key]) -> None:
        """Find the minutes that passed for silent while the subscription was broken.

        Both channels of a pair may fall mute and nothing show it for longer than minutes are kept;
        what is told when they are asked for anew shows it.
        """
        for key in keys:
            if kept.silent_from <= key < kept.silent_until:
                self._late[symbol, key] = None

    def _begin_tape(self, kept: _Kept, rows: list[TradeRow]) -> None:
        """Find out from the last trades whether any was missed before them."""
        oldest = min(rows, key=lambda each: each.trade_id)
        if kept.whole_after is None or oldest.trade_id > kept.newest_id:
            kept.whole_after = oldest.timestamp
        kept.has_trades = True

    def _hear_trade(self, symbol: str, kept: _Kept, row: TradeRow) -> None:
        key = _key(row.timestamp)
        kept.newest_id = max(kept.newest_id, row.trade_id)
        self._traded_at = max(self._traded_at, row.timestamp)
        if key < kept.known_from:
            return
        tally = kept.tallies.setdefault(key, _Tally())
        if len(kept.tallies) > MOST_TALLIES:
            del kept.tallies[min(kept.tallies)]
        if row.trade_id in tally.ids:
            return
        tally.ids.add(row.trade_id)
        tally.volume = EXACT.add(tally.volume, decimal_of(row.qty, "trade: qty"))
        if key < kept.closed_until:
            self._late[symbol, key] = None


def _key(text: str) -> Key:
    """Return the minute of a time. Kraken writes UTC with a `Z`; any other form is read whole."""
    if text.endswith(UTC_END):
        return text[:KEY]
    return moment_of(text).isoformat()[:KEY]


def _difference(candle: CandleRow | None, tally: _Tally | None, *, is_whole: bool) -> str:
    """Return how candle and tape differ, in words; nothing where they agree.

    Args:
        candle: of the minute; None where none was told.
        tally: of its trades; None where none was heard.
        is_whole: whether every trade of the minute would have been heard.
    """
    told = 0 if candle is None else candle.trades
    heard = 0 if tally is None else len(tally.ids)
    if heard > told or (is_whole and heard < told):
        return f"its candle counts {told} trades and the tape {heard}"
    if candle is None or tally is None or heard < told:
        return ""
    volume = decimal_of(candle.volume, "ohlc: volume")
    return "" if volume == tally.volume else f"its volume is {volume}, its trades' {tally.volume}"


def _doubtful(why: str) -> Minute:
    return Minute(bar=None, doubt=why)


def _bar(row: CandleRow, opened_at: datetime) -> TradeBar:
    return TradeBar(
        opened_at=int(opened_at.timestamp()),
        open=Price(decimal_of(row.open, "ohlc: open")),
        high=Price(decimal_of(row.high, "ohlc: high")),
        low=Price(decimal_of(row.low, "ohlc: low")),
        close=Price(decimal_of(row.close, "ohlc: close")),
        volume=decimal_of(row.volume, "ohlc: volume"),
        trades=row.trades,
    )
