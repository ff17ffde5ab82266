"""Fill months that are over from public trades, within a number of calls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kraken_pipeline.domain.certificates import Stretch
from kraken_pipeline.domain.errors import ConflictError, ExchangeError, InvalidValueError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.bars.rebuild import SECOND, RebuildDesk, rebuild


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A month that a pair lacks bars of."""

    pair: Pair
    month: str
    """`YYYY-MM-01`."""
    within: Stretch


@dataclass(slots=True, kw_only=True)
class Filled:
    """What filling did; it grows as the work goes on."""

    calls: int = 0
    trades: int = 0
    added: dict[str, int] = field(default_factory=dict)
    """Timeframe to bars that were new."""
    failures: dict[str, str] = field(default_factory=dict)
    """Pair to why the exchange did not tell; its other months were not asked."""
    left: list[Want] = field(default_factory=list)
    """What was not reached, or not to its end, within the calls."""


def fill(desk: RebuildDesk, wanted: Sequence[Want], *, now: datetime, max_calls: int) -> Filled:
    """Fill what is wanted in the order in which it is, whole days at a time.

    A run that goes over the same again goes on where this one stopped.

    Args:
        desk: what is needed.
        wanted: months that are over.
        now: on the exchange's clock.
        max_calls: after so many no more is begun; the day that is being read is still finished.
    """
    made = Filled()
    for want in wanted:
        if made.calls >= max_calls:
            made.left.append(want)
        elif want.pair.name not in made.failures:
            _fill(desk, want, made, now=now, max_calls=max_calls - made.calls)
    return made


def wanted_of(
    months: Mapping[str, Stretch], lacking: Mapping[str, frozenset[str]], pairs: Sequence[Pair]
) -> tuple[Want, ...]:
    """Return what is to be filled: the newest month first, in it the pairs as they come.

    Args:
        months: month to where it begins and ends.
        lacking: month to the names of the pairs that lack something of it.
        pairs: those with fewest trades first, so that one of many does not keep back all others.
    """
    return tuple(_wanted(months, lacking, pairs))


def _wanted(
    months: Mapping[str, Stretch], lacking: Mapping[str, frozenset[str]], pairs: Sequence[Pair]
) -> Iterator[Want]:
    for month in sorted(months, reverse=True):
        for pair in pairs:
            if pair.name in lacking.get(month, ()):
                yield Want(pair=pair, month=month, within=months[month])


def _fill(desk: RebuildDesk, want: Want, made: Filled, *, now: datetime, max_calls: int) -> None:
    since, until = (EPOCH + each * SECOND for each in want.within)
    try:
        done = rebuild(desk, want.pair, since=since, until=until, now=now, max_calls=max_calls)
    except (ExchangeError, InvalidValueError, ConflictError) as error:
        made.failures[want.pair.name] = str(error)
        return
    made.calls += done.calls
    made.trades += done.trades
    for name, count in done.added.items():
        made.added[name] = made.added.get(name, 0) + count
    if done.until < want.within[1]:
        made.left.append(want)
