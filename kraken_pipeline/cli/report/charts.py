"""Curves and candles as inline SVG: a few hundred bytes each instead of a library's megabytes.

Places are floats, for they are only drawn; every figure stands in a table beside its picture.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf
from typing import Final

import numpy as np

from kraken_pipeline.cli.report.markup import Html, joined, tag
from kraken_pipeline.cli.report.scales import (
    EDGE,
    WIDTH,
    Ratios,
    Scale,
    padded,
    padded_ratios,
    place,
)
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import plain
from kraken_pipeline.services.books.report import Traded

HEIGHT: Final = 200.0
TALL: Final = 320.0
"""Of candles."""
BELOW: Final = 30.0
"""For the days under a picture."""
TEXT: Final = 22.0
"""How tall it may be, for a phone makes it larger: so much is left bare at the top."""
MANYFOLD: Final = 5.0
"""How many times the least a worth must reach to be drawn by its ratios: else it begins flat."""
FEW: Final = 40
"""Points up to which each has a dot."""
MOST_MARKS: Final = 500
"""Trades that are drawn, the newest; more would hide the candles."""
MARK: Final = 6.0
"""Half of how wide a trade's mark is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A value by day."""

    name: str
    """Begins with a letter and has no space: the picture's id."""
    title: str
    points: Sequence[tuple[date, Decimal]]
    """Oldest first, at least one."""
    written: Callable[[float], str]
    """How a value is written."""
    beside: Sequence[tuple[date, Decimal]] = ()
    """What is drawn with it, dashed, within the same days; oldest first."""
    beside_title: str = ""
    by_ratio_from: float = inf
    """How many times the lowest the highest must be so that equal ratios are equally far apart."""


def curve(of: Curve) -> Html:
    """Return a picture of a value by day."""
    days = [float(day.toordinal()) for day, _ in of.points]
    values = [float(value) for _, value in of.points]
    across = Scale(low=days[0], high=days[-1], at_low=EDGE, at_high=WIDTH - EDGE)
    others = [float(value) for _, value in of.beside]
    up = _up(of, min(values + others), max(values + others))
    places = _places(of.points, across, up)
    # what is never above zero hangs from there
    ground = place(up(0.0) if max(values) <= 0 else HEIGHT - BELOW)
    ends = f"{place(across(days[0]))},{ground}", f"{place(across(days[-1]))},{ground}"
    dots = [_dot(each) for each in places] if len(places) <= FEW else []
    first, last = of.points[0][0], of.points[-1][0]
    told = (
        f"{of.title} from {of.written(values[0])} on {first} to {of.written(values[-1])} on "
        f"{last}; lowest {of.written(min(values))}, highest {of.written(max(values))}"
    )
    title = of.title
    if of.beside:
        told += f"; {of.beside_title}, dashed, ends at {of.written(others[-1])}"
        title += f"; dashed: {of.beside_title}"
    if isinstance(up, Ratios):
        title += "; equal ratios are equally far apart"
    drawn = (
        *_lines(up),
        tag("polygon", points=" ".join((ends[0], *places, ends[1])), class_="area"),
        *_beside(of, across, up),
        tag("polyline", points=" ".join(places), class_="curve"),
        *dots,
        *_values(up, of.written),
        *_ends([first.isoformat(), last.isoformat()], HEIGHT),
    )
    return _picture(of.name, title, told, HEIGHT, drawn)


def _up(of: Curve, low: float, high: float) -> Scale:
    at = {"at_low": HEIGHT - BELOW, "at_high": TEXT}
    if low > 0 and high / low >= of.by_ratio_from:
        low, high = padded_ratios(low, high)
        return Ratios(low=low, high=high, **at)
    low, high = padded(low, high)
    return Scale(low=low, high=high, **at)


def _places(points: Sequence[tuple[date, Decimal]], across: Scale, up: Scale) -> list[str]:
    return [
        f"{place(across(float(day.toordinal())))},{place(up(float(value)))}"
        for day, value in points
    ]


def _beside(of: Curve, across: Scale, up: Scale) -> Iterator[Html]:
    if of.beside:
        yield tag("polyline", points=" ".join(_places(of.beside, across, up)), class_="beside")


def _dot(at: str) -> Html:
    x, y = at.split(",")
    return tag("circle", cx=x, cy=y, r="3", class_="dot")


def candles(of: Traded, name: str) -> Html | None:
    """Return a picture of a pair's candles with its trades on them; None where there are none.

    Args:
        of: the pair; trades before or after its candles are not drawn.
        name: the picture's id.
    """
    if of.bars is None:
        return None
    there = np.flatnonzero(~np.isnan(of.bars.close[:, 0]))
    if not there.size:
        return None
    opened = [int(each) for each in of.bars.opened_at[there]]
    length = of.bars.frame.seconds
    first, last = opened[0], opened[-1] + length
    # the candle of the newest trade may not be over yet
    reach = last + len(opened) * length
    marks = [each for each in of.fills if first <= each.at.timestamp() < reach][-MOST_MARKS:]
    last = max([last, *(int(each.at.timestamp()) + length for each in marks)])
    lowest = min([float(of.bars.low[there].min()), *(float(each.price) for each in marks)])
    highest = max([float(of.bars.high[there].max()), *(float(each.price) for each in marks)])
    low, high = padded(lowest, highest)
    up = Scale(low=low, high=high, at_low=TALL - BELOW, at_high=TEXT)
    across = Scale(low=first, high=last, at_low=EDGE, at_high=WIDTH - EDGE)
    wide = (across(first + length) - across(first)) * 0.7
    rows = np.column_stack(
        [each[there, 0] for each in (of.bars.open, of.bars.high, of.bars.low, of.bars.close)]
    )
    title = f"{of.pair}, candles of {of.bars.frame.name}"
    bought = sum(each.side is Side.BUY for each in marks)
    told = (
        f"{title} from {_at(first)} to {_at(last)}, lowest {lowest:.10g}, highest {highest:.10g}; "
        f"{bought} buys as triangles that point up, {len(marks) - bought} sells as ones that "
        "point down"
    )
    if missing := len(of.fills) - len(marks):
        told += f"; {missing} trades are not drawn"
        title += f" ({missing} other trades are not drawn)"
    middle = length / 2
    drawn = (
        *_lines(up),
        *_candles([across(each + middle) for each in opened], rows.tolist(), up, wide),
        *(_mark(each, across(each.at.timestamp()), up(float(each.price))) for each in marks),
        *_values(up, lambda value: f"{value:.6g}"),
        *_ends([_at(first), _at(last)], TALL),
    )
    return _picture(name, title, told, TALL, drawn)


def _at(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M}"


def _candles(
    at: Sequence[float], rows: Sequence[Sequence[float]], up: Scale, wide: float
) -> Iterator[Html]:
    """Yield what rose and what fell, each as one path of bodies and wicks."""
    paths: dict[str, list[str]] = {"up": [], "down": []}
    for x, (opened, high, low, close) in zip(at, rows, strict=True):
        top, bottom = up(max(opened, close)), up(min(opened, close))
        # a candle that closed where it opened is still to be seen
        tall = max(bottom - top, 0.8)
        paths["up" if close >= opened else "down"].append(
            f"M{place(x)} {place(up(high))}V{place(up(low))}"
            f"M{place(x - wide / 2)} {place(top)}h{place(wide)}v{place(tall)}h{place(-wide)}z"
        )
    for way, path in paths.items():
        if path:
            yield tag("path", d="".join(path), class_=way)


def _mark(fill: Fill, x: float, y: float) -> Html:
    """Return a triangle whose point is at the price; what it says is read on pointing at it."""
    way = 1 if fill.side is Side.BUY else -1
    base = place(y + way * 2 * MARK)
    told = (
        f"{fill.side.value} {plain(fill.qty)} at {plain(fill.price)} on "
        f"{fill.at:%Y-%m-%d %H:%M:%S} by {fill.book}"
    )
    path = f"M{place(x)} {place(y)}L{place(x - MARK)} {base}H{place(x + MARK)}z"
    return tag("path", tag("title", told), d=path, class_=f"mark {fill.side.value}")


def _lines(up: Scale) -> Iterator[Html]:
    for value in up.lines():
        y = place(up(value))
        yield tag("path", d=f"M{place(EDGE)} {y}H{place(WIDTH - EDGE)}", class_="grid")


def _values(up: Scale, written: Callable[[float], str]) -> Iterator[Html]:
    """Yield what the lines stand for: above them, over what is drawn."""
    for value in up.lines():
        yield tag("text", written(value), x=place(EDGE + 2), y=place(up(value) - 3))


def _ends(words: Sequence[str], height: float) -> Iterator[Html]:
    first, last = words
    y = place(height - 8)
    yield tag("text", first, x=place(EDGE), y=y)
    if last != first:
        yield tag("text", last, x=place(WIDTH - EDGE), y=y, text_anchor="end")


def _picture(name: str, title: str, told: str, height: float, drawn: Sequence[Html]) -> Html:
    svg = tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", told, id=f"{name}-desc"),
        joined(*drawn),
        id=name,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    return tag("figure", tag("figcaption", title), svg)
