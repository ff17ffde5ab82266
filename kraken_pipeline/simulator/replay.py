"""A market of recorded candles: the price walks inside the finest recorded one around a time.

Candles finer than what is recorded are not known; OHLC answers no row and `last` 0 for them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.simulator import candles, catalog, walk
from kraken_pipeline.simulator.candles import DAY, Candle, Candles
from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.market import LastDay, day_before
from kraken_pipeline.simulator.recorded import Recording, ReplayError, decimals, recordings
from kraken_pipeline.simulator.track import Track, united

BEFORE: Final = 60 * DAY
AFTER: Final = 30 * DAY
"""How much time around it the chosen instant should have recorded."""
SERIES_SECONDS: Final = (60, 300, 900, 3600, 14_400, 86_400)
"""Lengths of candles that traders look at."""
NEVER: Final = 10**9
"""The length of a candle where nothing is recorded, seconds."""
_LARGEST: Final = 10.0**16
QUOTES: Final = ("USDT", "USDC", "USD", "EUR", "GBP", "XBT", "ETH")


class ReplayMarket:
    """The market that a folder of candles holds."""

    def __init__(self, folder: Path) -> None:
        """Read the folder.

        Raises:
            ReplayError: it has nothing usable, or a file in it can't be read.
        """
        by_pair: defaultdict[str, list[Recording]] = defaultdict(list)
        for recording in recordings(folder):
            by_pair[recording.pair].append(recording)
        self.identity: Mapping[str, str | int] = {"replay": _digest(folder)}
        self._recorded = {_pair(name, found): found for name, found in by_pair.items()}
        self._tracks: dict[str, Track] = {}
        self.listing = Listing(self._recorded, [catalog.asset("USD")])

    def start(self, at: datetime | None) -> datetime:
        """Return where time begins: `at`, or a day around which most is recorded.

        That is the latest of the days with the most series, where a pair counts once for each
        interval that it can be served in for 60 days before and 30 after.

        Raises:
            ReplayError: `at` lies outside of what is recorded.
        """
        spans = [_spans(found) for found in self._recorded.values()]
        first = min(span[0][0] for span in spans)
        last = max(span[-1][1] for span in spans)
        if at is not None:
            if not first <= at.timestamp() < last:
                bounds = [datetime.fromtimestamp(each, UTC).isoformat() for each in (first, last)]
                raise ReplayError(
                    f"{at.isoformat()} lies outside of what is recorded, {' to '.join(bounds)}"
                )
            return at
        days = np.arange(-(-first // DAY) * DAY, last, DAY)
        enough = sum(_series(found, days) for found in self._recorded.values())
        latest = int(days[np.flatnonzero(enough == np.max(enough))[-1]])
        return datetime.fromtimestamp(latest, UTC)

    def is_open(self, pair: Pair, at: float) -> bool:
        """Tell whether anything is recorded of a pair around a time."""
        return self._track(pair).finest_level(at) is not None

    def _track(self, pair: Pair) -> Track:
        """Return what is recorded of a pair, put together when it is first asked for."""
        if pair.key not in self._tracks:
            self._tracks[pair.key] = Track(
                self._recorded[pair],
                price_decimals=pair.price_decimals,
                volume_decimals=pair.volume_decimals,
                step=10 ** (pair.price_decimals - pair.pair_decimals),
            )
        return self._tracks[pair.key]

    def finest_seconds(self, pair: Pair, at: float) -> int:
        """Return how long the finest candle around a time lasts; ages where there is none."""
        level = self._track(pair).finest_level(at)
        return level.seconds if level else NEVER

    def whole(self, pair: Pair, seconds: int, start: int, stop: int) -> Candles:
        """Return the full candles that open from `start` up to but without `stop`."""
        level = self._track(pair).levels.get(seconds)
        return level.between(start, stop) if level else candles.empty()

    def pieces(self, pair: Pair, start: int, at: float) -> Candles:
        """Return the finest candles from `start` to `at`, the last one as it stands."""
        track, parts = self._track(pair), [candles.empty()]
        for seconds, found in track.stretches(start, at):
            done = int(np.searchsorted(found.time, at - seconds, side="right"))
            parts.append(found[:done])
            for index in range(done, len(found)):
                forming = track.candle(found, index, seconds)
                parts.append(candles.column([candles.begun(forming, at)]))
        return candles.joined(parts)

    def last_days(self, pairs: Sequence[Pair], at: float) -> Iterator[LastDay]:
        """Yield the last 24 hours of pairs, those together whose candles have the same times."""
        groups: defaultdict[tuple[int, int, bytes], list[tuple[Pair, Candle, Candles]]]
        groups = defaultdict(list)
        for pair in pairs:
            full = self.finest(pair, at)
            if full is not None:
                pieces = self.pieces(pair, day_before(at, full.seconds), at)
                groups[full.seconds, full.step, pieces.time.tobytes()].append((pair, full, pieces))
        for (seconds, step, _), found in groups.items():
            some, fulls, parts = zip(*found, strict=True)
            inside = walk.walked(
                candles.panel([candles.column([full]) for full in fulls]), seconds, at
            )
            yield LastDay(
                pairs=some, walk=inside, begun=inside.begun(step), pieces=candles.panel(parts)
            )

    def finest(self, pair: Pair, at: float) -> Candle | None:
        """Return the full finest candle around a time."""
        return self._track(pair).finest(at)

    def reaching(
        self, pair: Pair, start: float, end: float, *, low: int, high: int
    ) -> Iterator[Candle]:
        """Yield finest candles between two times that trade at `low` or below, `high` or above."""
        track = self._track(pair)
        for seconds, found in track.stretches(start, end):
            for index in np.flatnonzero((found.low <= low) | (found.high >= high)):
                yield track.candle(found, int(index), seconds)

    def prepare(self, at: float) -> None:
        """Do nothing: all is in memory."""


def _series(recorded: Sequence[Recording], days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each day in how many intervals a pair can be served around it."""
    most = np.zeros(len(days), dtype=np.int64)
    for seconds in sorted({each.seconds for each in recorded}):
        served = sum(each % seconds == 0 for each in SERIES_SECONDS)
        for begin, end in _spans([each for each in recorded if each.seconds == seconds]):
            around = (days - BEFORE >= begin) & (days + AFTER <= end)
            most = np.maximum(most, around * served)
    return most


def _spans(recorded: Sequence[Recording]) -> tuple[tuple[int, int], ...]:
    return united([(int(r.time[0]), int(r.time[-1]) + r.seconds) for r in recorded])


def _digest(folder: Path) -> str:
    """Return a name for what a folder holds, wherever it lies."""
    found = sorted((path.name, path.stat().st_size) for path in folder.glob("*.csv"))
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def _pair(name: str, recorded: Sequence[Recording]) -> Pair:
    quote = next((each for each in QUOTES if name.endswith(each) and name != each), None)
    if quote is None:
        raise ReplayError(f"pair {name} is in none of the quotes {', '.join(QUOTES)}; rename it")
    base = name.removesuffix(quote)
    seen = max(decimals(each.prices) for each in recorded)
    price = float(np.median(np.concatenate([each.prices[:, 3] for each in recorded])))
    daily = float(np.median([each.volume.mean() * DAY / each.seconds for each in recorded]))
    known = catalog.figures().get(base) or catalog.derived(
        base, usd=price * catalog.usd_price(quote), daily_base=daily, pair_decimals=seen
    )
    pair = catalog.pair_of(known, quote)
    largest = max(float(each.volume.max()) for each in recorded)
    volume_decimals = 8
    while largest * 10.0**volume_decimals > _LARGEST:
        volume_decimals -= 1
    return replace(
        pair,
        price_decimals=max(seen, pair.pair_decimals),
        volume_decimals=volume_decimals,
    )
