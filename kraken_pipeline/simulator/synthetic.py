"""A made-up market: every price is a function of the seed, the pair and the time.

Nothing is stored, so a restart or a leap in time agrees with itself. An asset's price in USD is a
fractal curve on the lattice of hours, rough or smooth by the asset, so that some trend and some
chop; a pair's price is the base's by the quote's, so that prices agree across quotes. An hour
fixes its open, high, low, close, volume and count; minutes are laid between so that they add up to
it exactly. All other candles are made of these two.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.simulator import candles, catalog, minutes, walk
from kraken_pipeline.simulator.candles import DAY, HOUR, MINUTE, Candle, Candles
from kraken_pipeline.simulator.kept import Kept
from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.market import LastDay, day_before
from kraken_pipeline.simulator.noise import Floats, fractal, key, quarters

FIRST_HOUR: Final = 1_420_070_400 // HOUR
"""Trading began on 2015-01-01."""
OCTAVES: Final = 14
BLOCK: Final = 256
"""Hours that are kept together."""
FEW_HOURS: Final = 2
"""Hours whose minutes are kept when they are asked for."""
FEW_PAIRS: Final = 8
"""Pairs that are worked out one by one."""
SPREAD: Final = 0.5
"""Share of the daily deviation that each octave brings: with it a day deviates as it says."""
MOST_TRADES: Final = 6000.0

Hours = minutes.Hours


class SyntheticMarket:
    """The made-up market of one seed."""

    def __init__(self, seed: int) -> None:
        self.identity: Mapping[str, str | int] = {"seed": seed}
        self.listing = Listing(
            catalog.made_up_pairs(), [catalog.asset(ticker) for ticker in catalog.FIAT]
        )
        tickers = sorted(a.altname for a in self.listing.assets.values() if _has_price(a.altname))
        self._asset_row = {ticker: row for row, ticker in enumerate(tickers)}
        self._asset_keys = np.array([key(seed, ticker) for ticker in tickers], dtype=np.uint64)
        self._log_start = np.log([catalog.usd_price(ticker) for ticker in tickers])
        self._deviation = np.array([_daily_deviation(seed, ticker) for ticker in tickers])
        self._amplitudes = np.array([_amplitudes(seed, ticker) for ticker in tickers])
        self._pair_keys = {
            pair.key: np.uint64(key(seed, pair.altname)) for pair in self.listing.pairs
        }
        self._latest: dict[str, tuple[int, int, int]] = {}
        """The hour that each pair was asked for last, its low and its high."""
        self._latest_minutes: dict[str, Candle] = {}
        """The minute that each pair was asked for last."""
        self._blocks = Kept(
            self.listing, lambda pairs, block: self._made(pairs, block * BLOCK, BLOCK)
        )
        self._minutes = Kept(
            self.listing,
            lambda pairs, hour: minutes.laid(self._keys(pairs), self._hours(pairs, hour, 1)),
        )

    def is_open(self, pair: Pair, at: float) -> bool:
        """Tell whether trading had begun."""
        return at >= FIRST_HOUR * HOUR

    def finest_seconds(self, pair: Pair, at: float) -> int:
        """Return a minute: this market knows every one."""
        return MINUTE

    def whole(self, pair: Pair, seconds: int, start: int, stop: int) -> Candles:
        """Return the full candles that open from `start` up to but without `stop`."""
        start = max(start, -(-FIRST_HOUR * HOUR // seconds) * seconds)
        if start >= stop:
            return candles.empty()
        first, last = start // HOUR, -(-stop // HOUR)
        if seconds >= HOUR:
            hours = self._hours([pair], first, last - first)
            return candles.coarser(hours.candles().of(0), seconds)
        if last - first <= FEW_HOURS:
            fine = candles.joined([self._minutes.of([pair], hour) for hour in range(first, last)])
        else:
            fine = minutes.laid(self._keys([pair]), self._hours([pair], first, last - first))
        cut = fine.of(0)[slice((start - first * HOUR) // MINUTE, (stop - first * HOUR) // MINUTE)]
        return candles.coarser(cut, seconds) if seconds > MINUTE else cut

    def pieces(self, pair: Pair, start: int, at: float) -> Candles:
        """Return minutes, then hours, then minutes again, that cover `start` to `at`."""
        minute = int(at) // MINUTE * MINUTE
        parts = [self._pieces([pair], start, minute).of(0)] if start < minute else []
        if at > minute:
            parts.append(candles.column([candles.begun(self.finest(pair, at), at)]))
        return candles.joined(parts or [candles.empty()])

    def last_days(self, pairs: Sequence[Pair], at: float) -> Iterator[LastDay]:
        """Yield the last 24 hours of all pairs together, or of a few pairs one by one."""
        minute = int(at) // MINUTE * MINUTE
        for group in [[pair] for pair in pairs] if len(pairs) <= FEW_PAIRS else [pairs]:
            inside = walk.walked(self._within_hour(group, minute, minute + MINUTE), MINUTE, at)
            begun = inside.begun()
            pieces = self._pieces(group, day_before(at, MINUTE), minute)
            if at > minute:
                pieces = candles.joined([pieces, begun])
            yield LastDay(pairs=group, walk=inside, begun=begun, pieces=pieces)

    def _pieces(self, pairs: Sequence[Pair], start: int, stop: int) -> Candles:
        first, last = -(-start // HOUR), stop // HOUR
        if first > last:
            return self._within_hour(pairs, start, stop)
        parts = [self._within_hour(pairs, last * HOUR, stop)]
        if first < last:
            parts.insert(0, self._hours(pairs, first, last - first).candles())
        if start < first * HOUR:
            parts.insert(0, self._within_hour(pairs, start, first * HOUR))
        return candles.joined(parts)

    def _within_hour(self, pairs: Sequence[Pair], start: int, stop: int) -> Candles:
        hour = start // HOUR
        of_hour = self._minutes.of(pairs, hour)
        return of_hour[slice((start - hour * HOUR) // MINUTE, (stop - hour * HOUR) // MINUTE)]

    def finest(self, pair: Pair, at: float) -> Candle:
        """Return the full minute around a time."""
        of_hour = self._minutes.of([pair], int(at) // HOUR).of(0)
        return of_hour.row(int(at) % HOUR // MINUTE, MINUTE)

    def reaching(
        self, pair: Pair, start: float, end: float, *, low: int, high: int
    ) -> Iterator[Candle]:
        """Yield the minutes that trade at `low` or below, `high` or above, looked up by hours."""
        first, stop = int(start) // HOUR, -int(-end // HOUR)
        if int(start) // MINUTE + 1 == -int(-end // MINUTE):
            candle = self._running(pair, int(start) // MINUTE)
            if candle.low <= low or candle.high >= high:
                yield candle
            return
        if stop - first == 1:
            lowest, highest = self._extremes(pair, first)
            if lowest > low and highest < high:
                return
        hours = self._hours([pair], first, stop - first)
        for hour in first + np.flatnonzero((hours.low[0] <= low) | (hours.high[0] >= high)):
            fine = self._minutes.of([pair], int(hour)).of(0)
            inside = (fine.time + MINUTE > start) & (fine.time < end)
            for index in np.flatnonzero(inside & ((fine.low <= low) | (fine.high >= high))):
                yield fine.row(int(index), MINUTE)

    def _running(self, pair: Pair, minute: int) -> Candle:
        """Return a minute, kept: who looks at the market often looks at one minute many times."""
        kept = self._latest_minutes.get(pair.key)
        if kept is None or kept.time != minute * MINUTE:
            kept = self._latest_minutes[pair.key] = self.finest(pair, minute * MINUTE)
        return kept

    def _extremes(self, pair: Pair, hour: int) -> tuple[int, int]:
        """Return the low and high of an hour, kept: resting orders ask for it all the time."""
        kept, lowest, highest = self._latest.get(pair.key, (-1, 0, 0))
        if kept != hour:
            hours = self._hours([pair], hour, 1)
            lowest, highest = int(hours.low[0, 0]), int(hours.high[0, 0])
            self._latest[pair.key] = hour, lowest, highest
        return lowest, highest

    def prepare(self, at: float) -> None:
        """Work out all that the last day of all pairs is made of, but for the running minute.

        Only the speed of what is asked next depends on it.
        """
        for hour in (int(at) // HOUR, day_before(at, MINUTE) // HOUR):
            self._minutes.of(self.listing.pairs, hour)

    def _keys(self, pairs: Sequence[Pair]) -> NDArray[np.uint64]:
        return np.array([self._pair_keys[pair.key] for pair in pairs], dtype=np.uint64)

    def _hours(self, pairs: Sequence[Pair], first: int, count: int) -> Hours:
        """Return the hours of pairs, short spans from what is kept."""
        block = first // BLOCK
        if count > BLOCK or first < 0:
            return self._made(pairs, first, count)
        found = self._blocks.of(pairs, block)
        if first + count > (block + 1) * BLOCK:
            found = found.followed_by(self._blocks.of(pairs, block + 1))
        return found.cut(first - block * BLOCK, count)

    def _made(self, pairs: Sequence[Pair], first: int, count: int) -> Hours:
        """Work out the hours of pairs: a row a pair, a column an hour."""
        price, deviation = self._prices(pairs, first, count + 1)
        keys, index = self._keys(pairs), np.arange(first, first + count, dtype=np.int64)
        opened, closed = price[:, :-1], price[:, 1:]
        hourly = deviation / np.sqrt(DAY / HOUR)
        reach = opened * hourly[:, None]
        up, down, busy, _ = quarters(keys, index)
        high = np.rint(np.maximum(opened, closed) + reach * up * up)
        low = np.maximum(np.rint(np.minimum(opened, closed) - reach * down * down), 1)
        moved = np.abs(closed - opened) / np.maximum(reach, 1e-9)
        usual = np.array([_hourly_volume(pair) for pair in pairs])
        volume = np.rint(usual[:, None] * (0.25 + busy + 0.4 * np.minimum(moved, 4)))
        bundles = np.array([_hourly_trades(pair) for pair in pairs])[:, None] * (0.5 + busy)
        bundles = np.clip(np.rint(bundles), 1, MOST_TRADES)
        return Hours(
            first=first,
            open=opened.astype(np.int64),
            high=high.astype(np.int64),
            low=low.astype(np.int64),
            close=closed.astype(np.int64),
            vwap=np.rint((opened + high + low + closed) / 4).astype(np.int64),
            volume=volume.astype(np.int64),
            bundles=bundles.astype(np.int64),
            extra=np.floor(up * bundles * 2).astype(np.int64),
            reach=reach,
        )

    def _prices(self, pairs: Sequence[Pair], first: int, count: int) -> tuple[Floats, Floats]:
        """Return prices in whole units at each hour, and each pair's daily deviation."""
        base = [self._asset_row[pair.base.altname] for pair in pairs]
        quote = [self._asset_row[pair.quote.altname] for pair in pairs]
        rows, where = np.unique([base, quote], return_inverse=True)
        curves = fractal(self._asset_keys[rows], self._amplitudes[rows], first, count)
        curves += self._log_start[rows][:, None]
        of_base, of_quote = where.reshape(2, -1)
        scale = 10.0 ** np.array([pair.price_decimals for pair in pairs])
        price = np.exp(curves[of_base] - curves[of_quote]) * scale[:, None]
        return np.maximum(np.rint(price), 2), np.hypot(
            self._deviation[base], self._deviation[quote]
        )


def _has_price(ticker: str) -> bool:
    return ticker == "USD" or ticker in catalog.figures()


def _hourly_volume(pair: Pair) -> float:
    usd = catalog.figures()[pair.base.altname].usd
    return pair.daily_usd / usd / 24 * 10.0**pair.volume_decimals


def _hourly_trades(pair: Pair) -> float:
    """Return about a quarter of the trades of an ordinary hour: larger markets, larger trades."""
    return float(pair.daily_usd / 24 / (40 + pair.daily_usd**0.5 / 25) / 4.5)


def _daily_deviation(seed: int, ticker: str) -> float:
    """Return by how much the price deviates in a day, as a share of it."""
    if ticker == "USD":
        return 0.0
    if ticker in catalog.FIAT or ticker in catalog.STABLE:
        return 0.004 if ticker in catalog.FIAT else 0.0006
    known = {"XBT": 0.021, "ETH": 0.03}.get(ticker)
    return known or 0.025 + 0.035 * (key(seed, ticker, "deviation") / 2**64)


def _amplitudes(seed: int, ticker: str) -> Floats:
    """Return the octaves of an asset: rough ones chop, smooth ones trend."""
    days = 2.0 ** np.arange(OCTAVES) / 24
    roughness = 0.36 + 0.26 * (key(seed, ticker, "roughness") / 2**64)
    amplitudes = SPREAD * _daily_deviation(seed, ticker) * days**roughness
    if ticker in catalog.STABLE:
        amplitudes[5:] = 0.0
    return np.asarray(amplitudes, dtype=np.float64)
