"""Pictures that stand beside the assets, and that `history chart` writes: small PNG files.

The drawing library is loaded by whoever draws, so that no close waits for it.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from kraken_pipeline.strategies.base import Bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST: Final = 100_000
"""Bytes of a picture: it is kept in every event that shows it."""
DPI: Final = 80
CANDLES: Final = 120
"""Bars of a picture of candles; of more the bodies would run together."""
NAMED: Final = 60
"""Pairs up to which each row of the coverage bears its name."""
MARKED: Final = 60
"""Days up to which each has its dot."""
UP: Final = "#2a9d6f"
DOWN: Final = "#c8453b"


def embedded(name: str, picture: bytes) -> str:
    """Return a picture as markdown that carries it."""
    return f"![{name}](data:image/png;base64,{base64.b64encode(picture).decode()})"


def line(points: Sequence[tuple[datetime, Decimal]], *, label: str) -> bytes:
    """Draw a value over time."""
    figure = _figure(6, 2)
    axes = figure.add_subplot(ylabel=label)
    at = np.array([at.replace(tzinfo=None) for at, _ in points], dtype="datetime64[us]")
    axes.plot(at, [float(value) for _, value in points])
    axes.tick_params(axis="x", labelrotation=20)
    return _png(figure)


def days(
    at: Sequence[date],
    values: Mapping[str, Sequence[Decimal]],
    beside: Mapping[str, Sequence[Decimal | None]] = MappingProxyType({}),
    named: str = "",
) -> bytes | None:
    """Draw values of the same UTC days, one below the other; None where there is no day.

    Args:
        at: the days, in order.
        values: what stands beside its axis to the value of each day.
        beside: of some of these, what is drawn with it, dashed; None of a day that has none.
        named: what is said above of what is dashed.
    """
    if not at:
        return None
    figure = _figure(6, 1.6 * len(values))
    drawn = np.array(at, dtype="datetime64[D]")
    # of a few days a line alone would hardly be seen, of one not at all
    marker = "." if len(at) <= MARKED else ""
    rows = figure.subplots(len(values), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, each) in zip(rows, values.items(), strict=True):
        axes.plot(drawn, [float(value) for value in each], marker=marker)
        if label in beside:
            other = [np.nan if value is None else float(value) for value in beside[label]]
            axes.plot(drawn, other, "--", color="gray", linewidth=1)
            axes.set_title(f"dashed: {named}", fontsize=9)
        axes.set_ylabel(label)
        axes.grid(visible=True, alpha=0.3)
    # a single day would else stand amid years
    rows[-1].set_xlim(drawn[0] - 1, drawn[-1] + 1)
    rows[-1].tick_params(axis="x", labelrotation=20)
    return _png(figure)


def candles(bars: Bars, pair: str) -> bytes | None:
    """Draw the newest bars of a pair with their volume; None where it has none.

    Args:
        bars: of one timeframe, with the pair among them.
        pair: whose.
    """
    column = bars.pairs.index(pair)
    there = np.flatnonzero(~np.isnan(bars.close[:, column]))[-CANDLES:]
    if not there.size:
        return None
    opened, high, low, close = (
        values[there, column] for values in (bars.open, bars.high, bars.low, bars.close)
    )
    volume = bars.volume[there, column]
    at = (bars.opened_at[there]).astype("datetime64[s]")
    width = np.timedelta64(int(bars.frame.seconds * 0.7), "s")
    colors = np.where(close >= opened, UP, DOWN).tolist()

    figure = _figure(8, 4)
    price, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    price.vlines(at, low, high, colors=colors, linewidth=1)
    # a bar that closed where it opened is still to be seen
    least = max(float(high.max() - low.min()) / 500, 1e-12)
    body = np.maximum(np.abs(close - opened), least)
    price.bar(at, body, width, np.minimum(opened, close), color=colors)
    price.set_title(f"{pair} {bars.frame.name}", fontsize=10)
    price.set_ylabel("quote per base")
    below.bar(at, volume, width, color=colors)
    below.set_ylabel("volume, base")
    below.tick_params(axis="x", labelrotation=20)
    return _png(figure)


def coverage(
    shares: Mapping[str, Sequence[float | None]], months: Sequence[str], *, title: str
) -> bytes | None:
    """Draw how much of each month is stored, pair by pair; None where there is nothing to draw.

    Args:
        shares: pair to the share of each month's bars that is there, from 0 to 1; None of a month
            in which nothing is due.
        months: `YYYY-MM-01`, in order.
        title: above the picture.
    """
    if not shares or not months:
        return None
    pairs = list(shares)
    grid = np.array(
        # nothing is stored, or nothing is due: left bare, as the pair may be younger
        [[each or np.nan for each in shares[pair]] for pair in pairs],
        dtype=np.float64,
    )
    figure = _figure(min(4 + len(months) / 8, 12), min(2 + len(pairs) / 6, 9))
    axes = figure.add_subplot()
    drawn = axes.imshow(grid, aspect="auto", cmap="YlGn", vmin=0, vmax=1, interpolation="nearest")
    axes.set_facecolor("#dcdcdc")
    axes.set_title(title, fontsize=10)
    step = max(1, len(months) // 12)
    axes.set_xticks(range(0, len(months), step), [each[:7] for each in months[::step]], rotation=60)
    if len(pairs) <= NAMED:
        axes.set_yticks(range(len(pairs)), pairs, fontsize=6)
    else:
        axes.set_ylabel(f"{len(pairs)} pairs")
    figure.colorbar(drawn, label="share of the bars", shrink=0.6)
    return _png(figure)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and not needed on a bar's close

    return Figure(figsize=(width, height), layout="constrained")


def _png(figure: "Figure") -> bytes:
    """Return a picture that fits into an event, with less detail if need be."""
    dpi = DPI
    while True:
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=dpi)
        if picture.tell() <= LARGEST or dpi <= DPI // 4:
            return picture.getvalue()
        dpi //= 2
