"""When a waiting order's trigger fires on the market's own path; pure.

The market is looked at print by print, so a trigger fires at the first print at or beyond its
price, whenever and however often anybody asks. The price of a print lies between two that Kraken
calls `last`; the index is taken to be the same price, where a pair has one.

Source: kraken/rest.md §6.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import Candle
from kraken_pipeline.simulator.catalog import FIAT, STABLE
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Distance, Order, stop_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched for, on a pair."""

    pair: Pair
    above: bool
    """Whether it fires when the price rises."""
    stop: Decimal
    """Where it fires, quote per base."""
    trail: Distance | None = None
    """How far the stop keeps behind the peak; None for one that stays."""
    peak: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """The print that fired a trigger."""

    at: float
    """UNIX seconds."""
    last: Decimal
    """Its price, quote per base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of watching."""

    firing: Firing | None
    watch: Watch
    """As it stands afterwards: a trailing stop may have moved."""


def has_index(pair: Pair) -> bool:
    """Tell whether there is an index price for a pair: crypto against crypto has none here."""
    return pair.quote.altname in STABLE or pair.quote.altname in FIAT


def watch_of(order: Order, pair: Pair) -> Watch:
    """Return what a waiting order watches for.

    Raises:
        ValueError: it does not wait.
    """
    if order.trigger is None or not order.waits:
        raise ValueError(f"order {order.id} waits for no trigger")
    return Watch(
        pair=pair,
        above=order.fires_above,
        stop=order.trigger.price,
        trail=order.trigger.trail,
        peak=order.trigger.peak,
    )


def reached(watch: Watch, price: Decimal) -> bool:
    """Tell whether a price fires."""
    return price >= watch.stop if watch.above else price <= watch.stop


def followed(watch: Watch, price: Decimal) -> Watch:
    """Return the watch after a price that did not fire: a trailing stop follows a better one."""
    if watch.trail is None:
        return watch
    best = min if watch.above else max
    peak = price if watch.peak is None else best(watch.peak, price)
    stop = stop_of(watch.trail, peak, watch.pair.tick, above=watch.above)
    return Watch(pair=watch.pair, above=watch.above, stop=stop, trail=watch.trail, peak=peak)


def watched(watch: Watch, path: Iterable[Candle], start: float, end: float) -> Seen:
    """Follow the market from after `start` up to and with `end`, UNIX seconds, until it fires.

    Args:
        watch: what is watched for.
        path: the candles in between, ascending; those that can't matter may be left out.
        start: up to where the market was followed before.
        end: how far to go.
    """
    for candle in path:
        if not _matters(watch, candle):
            continue
        for low, high in candles.runs(candle, start, end):
            number = _fires_in(watch, candle, low, high)
            if number is not None:
                last = _price(watch, candle, number)
                return Seen(
                    firing=Firing(at=candles.print_time(candle, number), last=last), watch=watch
                )
            # the price moves one way inside of a run, so one of its ends is the best of it
            for end_print in (low, high):
                watch = followed(watch, _price(watch, candle, end_print))
    return Seen(firing=None, watch=watch)


def _matters(watch: Watch, candle: Candle) -> bool:
    """Tell whether a candle can fire a watch or move its stop."""
    low, high = watch.pair.price(candle.low), watch.pair.price(candle.high)
    if reached(watch, high if watch.above else low):
        return True
    if watch.peak is None:
        return False
    return low < watch.peak if watch.above else high > watch.peak


def _fires_in(watch: Watch, candle: Candle, low: int, high: int) -> int | None:
    """Return the first print of a run that fires, or None.

    A trailing stop moves with the first print of a run before the run can come back to it.
    """
    if reached(watch, _price(watch, candle, low)):
        return low
    watch = followed(watch, _price(watch, candle, low))
    if not reached(watch, _price(watch, candle, high)):
        return None
    return bisect_left(
        range(high + 1),
        x=True,
        lo=low,
        key=lambda number: reached(watch, _price(watch, candle, number)),
    )


def _price(watch: Watch, candle: Candle, number: int) -> Decimal:
    return watch.pair.price(candles.print_price(candle, number))
