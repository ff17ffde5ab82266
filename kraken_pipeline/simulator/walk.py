"""The walk of the price inside the candles of many pairs at one moment.

It says of all at once what `candles.begun` and `candles.print_volume` say of one.
"""

from dataclasses import dataclass

import numpy as np

from kraken_pipeline.simulator.candles import CLOSE_ENOUGH, Candles, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The prints of candles up to a moment; see `walked`."""

    full: Candles
    number: Ints
    """The last print, counted from 0; 0 before the first."""
    done: Ints
    prints: Ints
    """How many there are in the whole candle."""
    at: Ints
    """The numbers of the prints at the turns, along a last axis of four; some may be alike."""
    turns: Ints
    """Their prices."""

    def begun(self, step: int = 1) -> Candles:
        """Return the candles as they stand; `step` is how coarse prices between turns are."""
        full, close = self.full, self._close(step)
        seen = self.at <= self.number[..., None]
        high = np.maximum(np.where(seen, self.turns, close[..., None]).max(axis=-1), close)
        low = np.minimum(np.where(seen, self.turns, close[..., None]).min(axis=-1), close)
        return Candles(
            time=full.time,
            open=full.open,
            high=high,
            low=low,
            close=close,
            vwap=np.minimum(np.maximum(full.vwap, low), high),
            volume=self._traded(self.done),
            count=np.minimum(self.done, full.count),
        )

    def last_volume(self) -> Ints:
        """Return the volumes of the last prints."""
        return self._traded(self.number + 1) - self._traded(self.number)

    def _close(self, step: int) -> Ints:
        before = (self.at <= self.number[..., None]).sum(axis=-1, keepdims=True) - 1
        after = np.minimum(before + 1, self.at.shape[-1] - 1)
        start, stop = (np.take_along_axis(self.at, turn, -1)[..., 0] for turn in (before, after))
        begin, end = (np.take_along_axis(self.turns, turn, -1)[..., 0] for turn in (before, after))
        slope = (end - begin) / np.maximum(stop - start, 1)
        price = slope * (self.number - start) + begin
        on_step = np.rint(price / step).astype(np.int64) * step
        return np.where(self.number == start, begin, on_step)

    def _traded(self, done: Ints) -> Ints:
        part = done / self.prints
        share = part + 0.03 * np.sin(6 * np.pi * part)
        some = (self.full.volume * share).astype(np.int64)
        return np.where(done == self.prints, self.full.volume, some)


def walked(full: Candles, seconds: int, at: float) -> Walk:
    """Return the walk inside candles up to a moment.

    Args:
        full: a panel of the whole candles around the moment, one a pair.
        seconds: how long they last.
        at: the moment, UNIX seconds.
    """
    rises = full.close >= full.open
    first, second = np.where(rises, full.low, full.high), np.where(rises, full.high, full.low)
    turns = np.stack([full.open, first, second, full.close], axis=-1)
    place = np.zeros_like(turns)
    np.cumsum(turns[..., 1:] != turns[..., :-1], axis=-1, out=place[..., 1:])
    last = place[..., -1]
    prints = np.maximum(full.count, last + 1)
    passed = (at - full.time) / seconds
    done = np.clip((prints * passed + 0.5 + CLOSE_ENOUGH).astype(np.int64), 0, prints)
    done = np.where(full.count == 0, 0, done)
    knots = (prints - 1)[..., None] * place / np.maximum(last, 1)[..., None]
    return Walk(
        full=full,
        number=np.maximum(done - 1, 0),
        done=done,
        prints=prints,
        at=np.rint(knots).astype(np.int64),
        turns=turns,
    )
