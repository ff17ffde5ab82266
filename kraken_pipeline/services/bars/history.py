"""Bring the bars of a timeframe up to date: closed ones only, and only what is new."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.errors import ExchangeError, InvalidValueError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import Timeframe, last_close
from kraken_pipeline.services.ports.bars import BarStore, Certificates
from kraken_pipeline.services.ports.exchange import Market

AT_ONCE = 4
"""Requests under way together: enough to hide the wire, few enough to be polite."""
PAIRS_AT_A_TIME = 100
"""Pairs fetched before their bars are written: a cut leaves what is complete."""
TAIL = 720
"""Candles of a timeframe that the exchange tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What refreshing a timeframe did."""

    timeframe: str
    asked: int
    """Pairs that had a bar to fetch."""
    added: int
    """Bars that were new."""
    first_opened_at: datetime | None
    """Open of the oldest bar that was added."""
    failures: Mapping[str, str]
    """Pair to why it could not be fetched; it is tried again the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDesk:
    """What keeping bars needs."""

    market: Market
    bars: BarStore
    certificates: Certificates
    progress: Callable[[str, int, int], None]
    """Told timeframe, pairs done and pairs due after each batch."""


def refresh(
    desk: HistoryDesk, frame: Timeframe, pairs: Sequence[Pair], *, now: datetime
) -> Refreshed:
    """Fetch every closed bar that the store does not have yet.

    A pair whose newest bar is stored is not asked, so a run that repeats costs nothing; one whose
    whole tail nobody ever asked for is, as its newest bar may have come from the stream.

    Args:
        desk: what is needed.
        frame: the timeframe.
        pairs: whose bars.
        now: on the exchange's clock; later bars are not closed.

    Raises:
        UnreachableError: no pair at all could be fetched.
        ConfigurationError: the store cannot be read or written.
    """
    newest_due = last_close(frame, now) - frame.length
    newest = _followed_on(desk, frame)
    due = [each for each in pairs if each.name not in newest or newest[each.name] < newest_due]
    failures: dict[str, str] = {}
    added, oldest = 0, None
    for start in range(0, len(due), PAIRS_AT_A_TIME):
        told, failed = _fetch(frame, due[start : start + PAIRS_AT_A_TIME], newest, desk.market)
        pages = [closed_by(page, frame, now) for page in told]
        first_time = [each for each in pages if len(each) and each.pair not in newest]
        # before the bars: a crash in between leaves a pair without any, which is asked again
        _certify(desk.certificates, frame, first_time, now)
        count, unusable = _append(desk.bars, frame, pages)
        failures.update(failed | unusable)
        added += count
        desk.progress(frame.name, min(start + PAIRS_AT_A_TIME, len(due)), len(due))
        opens = [page.opened_at[0] for page in pages if len(page)]
        oldest = min([*opens, *([oldest] if oldest is not None else [])], default=None)
    if due and len(failures) == len(due):
        pair, reason = next(iter(failures.items()))
        raise UnreachableError(f"no {frame.name} bars of any of {len(due)} pairs; {pair}: {reason}")
    return Refreshed(
        timeframe=frame.name,
        asked=len(due),
        added=added,
        first_opened_at=None if oldest is None else datetime.fromtimestamp(oldest, tz=now.tzinfo),
        failures=failures,
    )


def _followed_on(desk: HistoryDesk, frame: Timeframe) -> dict[str, datetime]:
    """Return the open time of each pair's newest bar, where all before it was asked for."""
    known = desk.certificates.of(frame)
    return {
        pair: opened
        for pair, opened in desk.bars.newest(frame).items()
        if pair in known and any(each.source is Source.OHLC for each in known[pair].spans)
    }


def tail_of(frame: Timeframe, page: Candles, now: datetime) -> Span:
    """Return what a pair's whole tail tells of: bars that it lacks are older than the pair.

    Args:
        frame: the timeframe.
        page: all that the exchange told, one candle at the least.
        now: when it was asked, on its clock.
    """
    until = page.opened_at[-1] + frame.seconds
    return Span(
        first=min(page.opened_at[0], until - TAIL * frame.seconds),
        until=until,
        source=Source.OHLC,
        origin="",
        fetched_at=now,
    )


def _certify(
    certificates: Certificates, frame: Timeframe, pages: Sequence[Candles], now: datetime
) -> None:
    """Note of a pair's first bars that all there were are here; later ones follow on them."""
    if pages:
        certificates.extend(frame, [(each.pair, tail_of(frame, each, now), ()) for each in pages])


def _append(
    bars: BarStore, frame: Timeframe, pages: Sequence[Candles]
) -> tuple[int, dict[str, str]]:
    """Store all pages at once; where one of them is wrong, each for itself, so that it is alone."""
    try:
        return bars.append(frame, pages), {}
    except InvalidValueError:
        added, unusable = 0, {}
        for page in pages:
            try:
                added += bars.append(frame, [page])
            except InvalidValueError as error:
                unusable[page.pair] = str(error)
        return added, unusable


def _fetch(
    frame: Timeframe, pairs: Sequence[Pair], newest: Mapping[str, datetime], market: Market
) -> tuple[list[Candles], dict[str, str]]:
    def one(pair: Pair) -> Candles | tuple[str, str]:
        stored = newest.get(pair.name)
        since = None if stored is None else stored + frame.length
        try:
            return market.candles(pair, frame, since)
        except (ExchangeError, InvalidValueError) as error:
            return pair.name, str(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, pairs))
    pages = [each for each in answers if isinstance(each, Candles)]
    return pages, dict(each for each in answers if not isinstance(each, Candles))


def closed_by(page: Candles, frame: Timeframe, now: datetime) -> Candles:
    """Leave out what is not over on the exchange's clock, whatever the exchange marked."""
    last_open = int(last_close(frame, now).timestamp()) - frame.seconds
    if not len(page) or page.opened_at[-1] <= last_open:
        return page
    keep = sum(1 for opened in page.opened_at if opened <= last_open)
    return Candles(
        pair=page.pair,
        timeframe=page.timeframe,
        opened_at=page.opened_at[:keep],
        open=page.open[:keep],
        high=page.high[:keep],
        low=page.low[:keep],
        close=page.close[:keep],
        volume=page.volume[:keep],
        trades=page.trades[:keep],
    )
