"""Months as a person asks for them: what they lack, and their trades read for that."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import TYPE_CHECKING

from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.speeds import Speed, Speeds, Work
from kraken_pipeline.domain.timeframes import Timeframe, last_close, stretch_of
from kraken_pipeline.services.bars.completeness import Kept, Lack, kept, lacks
from kraken_pipeline.services.bars.past_months import Filled, fill, wanted_of
from kraken_pipeline.services.bars.plan_history import fewest_seconds
from kraken_pipeline.services.bars.rebuild import RebuildDesk
from kraken_pipeline.services.bars.renamed_history import FollowedStretches
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import ReadingFiles
from kraken_pipeline.store.speeds import SpeedFile
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.universe import followed_certificates

if TYPE_CHECKING:
    from kraken_pipeline.services.bars.tails import Fetched
    from kraken_pipeline.store.bar_archive import HistoryBarStore


def is_over(month: str, now: datetime) -> bool:
    """Tell whether a month has ended."""
    return stretch_of(month)[1] <= now.timestamp()


def kept_of(parts: Parts, frame: Timeframe) -> Kept:
    """Return what is stored and certified of every pair that is managed or has bars.

    Raises:
        ConfigurationError: a file is torn or not ours.
    """
    bars = FollowedStretches(_bars(parts), aliases(parts.loaded.settings))
    pairs = {*bars.newest(frame), *(each.name for each in _managed(parts))}
    return kept(bars, followed_certificates(parts), frame, sorted(pairs))


def lacks_by_month(
    of: Kept, months: Sequence[str], now: datetime
) -> Mapping[str, tuple[Lack, ...]]:
    """Return what each month lacks of what is over."""
    due = int(last_close(of.frame, now).timestamp())
    found = {}
    for month in months:
        first, until = stretch_of(month)
        found[month] = lacks(of, (first, min(until, due))) if first < due else ()
    return found


def mend_tails(
    parts: Parts,
    frames: Sequence[Timeframe],
    *,
    now: datetime,
    max_calls: int,
    only: frozenset[str],
) -> "Fetched":
    """Fetch what is missing among the newest 720 bars: a hole there costs a call, and no trades.

    Args:
        parts: what is wired.
        frames: of which timeframes, in any order.
        now: on the exchange's clock.
        max_calls: within which it stays.
        only: names of pairs to leave it at; empty takes all.

    Raises:
        ConflictError: another process is fetching tails.
    """
    from kraken_pipeline.wiring.histories import (  # noqa: PLC0415 - Arrow is slow to load
        fill_tails,
    )

    pairs = [each for each in _managed(parts) if not only or each.name in only]
    shortest_first = sorted(frames, key=lambda each: each.seconds)
    return fill_tails(parts, pairs, shortest_first, now=now, max_calls=max_calls)


def fill_months(
    parts: Parts,
    lacking: Mapping[str, frozenset[str]],
    *,
    now: datetime,
    max_calls: int,
    only: frozenset[str],
) -> Filled:
    """Read the trades of months that are over for the pairs that lack bars of them.

    Args:
        parts: what is wired.
        lacking: month to names of pairs.
        now: on the exchange's clock.
        max_calls: within which it stays, but for the end of a day.
        only: names of pairs to leave it at; empty takes all.
    """
    known = parts.stores.universes.latest()
    traded = {} if known is None else known.notional_24h
    pairs = [each for each in _managed(parts) if not only or each.name in only]
    pairs.sort(key=lambda each: (traded.get(each.name, Decimal(0)), each.name))
    months = {each: stretch_of(each) for each in lacking if is_over(each, now)}
    desk = RebuildDesk(
        market=parts.edge.market_behind,
        bars=_bars(parts),
        certificates=CertificateFiles(parts.stores.bars_dir),
        readings=ReadingFiles(parts.stores.bars_dir),
        progress=lambda calls, done, due: None,
    )
    began = perf_counter()
    made = fill(desk, wanted_of(months, lacking, pairs), now=now, max_calls=max_calls)
    speed_of(parts, made.calls, perf_counter() - began)
    return made


def speeds_of(parts: Parts) -> Speeds:
    """Return how fast history was brought in the last time."""
    return SpeedFile(parts.stores.bars_dir).noted()


def speed_of(parts: Parts, calls: int, seconds: float) -> Speed:
    """Return how fast calls were made, and keep it where they were enough to tell (HIS-9)."""
    fewest = fewest_seconds(calls)
    speed = Speed(at=parts.edge.clock(), done=calls, seconds=seconds, fewest=fewest)
    if fewest:
        SpeedFile(parts.stores.bars_dir).note(Work.CALLS, speed)
    return speed


def _bars(parts: Parts) -> "HistoryBarStore":
    from kraken_pipeline.store.bar_archive import (  # noqa: PLC0415 - Arrow is slow to load
        HistoryBarStore,
    )

    return HistoryBarStore(parts.stores.shelf)


def _managed(parts: Parts) -> Sequence[Pair]:
    known = parts.stores.universes.latest()
    return () if known is None else known.managed
