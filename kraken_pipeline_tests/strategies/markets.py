"""Made-up markets of many pairs, shown to a strategy as it would see them at a close."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from kraken_pipeline.domain.timeframes import last_close, timeframe
from kraken_pipeline.strategies.base import Bars, Floats, Snapshot, Strategy

HOLES = 0.01
CLOSED_AT = datetime(2026, 11, 2, 12, 15, tzinfo=UTC)


def panel(
    name: str, close: Floats, *, closed_at: datetime = CLOSED_AT, spread: float = 0.01
) -> Bars:
    """Return bars that end at the last close of the timeframe; `spread` to both sides is range."""
    frame = timeframe(name)
    rows = len(close)
    newest = int(last_close(frame, closed_at).timestamp()) - frame.seconds
    return Bars(
        frame=frame,
        pairs=tuple(f"P{at}USD" for at in range(close.shape[1])),
        opened_at=np.arange(rows, dtype=np.int64) * frame.seconds
        + newest
        - frame.seconds * (rows - 1),
        open=close,
        high=close * (1 + spread),
        low=close * (1 - spread),
        close=close,
        volume=np.ones_like(close),
    )


def walk(rows: int, pairs: int, *, seed: int, step: float = 0.01) -> Floats:
    """Return a random walk of prices; the same for the same seed."""
    steps = np.random.default_rng(seed).normal(0, step, (rows, pairs))
    return np.asarray(100 * np.exp(np.cumsum(steps, axis=0)))


def column(*values: float) -> Floats:
    """Return one pair's values, oldest first."""
    return np.array(values, dtype=np.float64)[:, np.newaxis]


def shown(
    panels: Mapping[str, Bars],
    *,
    name: str = "15m",
    held: Sequence[str] = (),
    untradable: Sequence[str] = (),
    parameters: Mapping[str, object],
) -> Snapshot:
    """Return what a strategy sees at `CLOSED_AT`."""
    pairs = panels[name].pairs
    return Snapshot(
        frame=timeframe(name),
        closed_at=CLOSED_AT,
        pairs=pairs,
        tradable=frozenset(pairs) - frozenset(untradable),
        held=frozenset(held),
        parameters=parameters,
        panels=panels,
    )


def random_panels(
    strategy: Strategy, *, name: str = "15m", pairs: int = 12, seed: int = 1, extra: int = 0
) -> dict[str, Bars]:
    """Return the bars that a strategy needs, and `extra` older ones."""
    wanted = strategy.needs(name, strategy.parameters({}))
    longest = max(wanted.values()) + 400
    return {
        each: panel(each, walk(longest, pairs, seed=seed + at)[-count - extra :])
        for at, (each, count) in enumerate(sorted(wanted.items()))
    }


def only(bars: Bars, columns: Sequence[int]) -> Bars:
    """Return some of the pairs."""
    picked = {
        each: getattr(bars, each)[:, columns] for each in ("open", "high", "low", "close", "volume")
    }
    return replace(bars, pairs=tuple(bars.pairs[at] for at in columns), **picked)


def without_row(bars: Bars, row: int, pair: int) -> Bars:
    """Return the bars with one of them missing for one pair."""
    holed = {
        each: getattr(bars, each).copy() for each in ("open", "high", "low", "close", "volume")
    }
    for each in holed.values():
        each[row, pair] = np.nan
    return replace(bars, **holed)


def cut(history: dict[str, Bars], snapshot: Snapshot) -> Snapshot:
    """Show only the bars of a history that were closed by the snapshot's close."""
    panels = {}
    for name, bars in history.items():
        over = bars.opened_at + bars.frame.seconds <= snapshot.closed_at.timestamp()
        rows = {
            each: getattr(bars, each)[over] for each in ("open", "high", "low", "close", "volume")
        }
        panels[name] = replace(bars, opened_at=bars.opened_at[over], **rows)
    return replace(snapshot, panels=panels)


def stretch(
    strategy: Strategy,
    parameters: Mapping[str, object],
    *,
    name: str,
    rows: int,
    seed: int,
    tick: float = 0.0,
) -> dict[str, Bars]:
    """Return bars of six pairs on which `rows` closes can be decided, the last at `CLOSED_AT`.

    Prices are moved to a tick, if there is one, so that bounds are met exactly now and then. The
    last pair has holes.
    """
    panels = {}
    span = timeframe(name).seconds * rows
    for at, (each, count) in enumerate(sorted(strategy.needs(name, parameters).items())):
        length = count + span // timeframe(each).seconds + 1
        close = walk(length, 6, seed=seed + at)
        close = np.maximum(np.round(close / tick) * tick, tick) if tick else close
        close[np.random.default_rng(seed).random(length) < HOLES, -1] = np.nan
        panels[each] = panel(each, close, closed_at=last_close(timeframe(name), CLOSED_AT))
    return panels


def at_each_close(
    panels: Mapping[str, Bars], name: str, *, rows: int, parameters: Mapping[str, object]
) -> Iterator[tuple[int, Snapshot]]:
    """Yield the row of each of the last closes, and what is seen there; nothing is held."""
    bars = panels[name]
    for row in range(len(bars.opened_at) - rows, len(bars.opened_at)):
        closed_at = datetime.fromtimestamp(int(bars.opened_at[row]) + bars.frame.seconds, tz=UTC)
        seen = shown(panels, name=name, parameters=parameters)
        yield row, cut(dict(panels), replace(seen, closed_at=closed_at))
