"""Which book, which pair and which day the realised profit came from: to the last digit."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.book_steps import Place, Step, walked
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.domain.money import EXACT, ZERO


class Dimension(StrEnum):
    """What profit is put down to."""

    STRATEGY = "strategy"
    """A strategy on a timeframe, `manual` or `dust`."""
    PAIR = "pair"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one of them brought, in base currency, at weighted average cost per book and pair."""

    name: str
    fills: int
    traded: Decimal
    """The cost of all fills, bought and sold."""
    realised: Decimal
    """After fees."""
    fees: Decimal


_Key = tuple[Place, date]
_NAMES: Final[Mapping[Dimension, Callable[[_Key], str]]] = MappingProxyType(
    {
        Dimension.STRATEGY: lambda key: key[0][0],
        Dimension.PAIR: lambda key: key[0][1],
        Dimension.DAY: lambda key: key[1].isoformat(),
    }
)
_SUMS: Final = tuple(each.name for each in fields(Share) if each.name not in {"name", "fills"})


def attributed(
    steps: Mapping[Place, Sequence[Step]], days: Days, by: Dimension
) -> tuple[Share, ...]:
    """Return what each strategy, pair or day brought in some days, by name.

    Args:
        steps: all of each place, from the first on: what a sale realised follows from all before.
        days: whose profit is asked for.
        by: what it is put down to.
    """
    name_of = _NAMES[by]
    found: defaultdict[str, list[Share]] = defaultdict(list)
    for place, some in steps.items():
        before = Position(book=place[0], pair=place[1])
        for step, after in walked(place, some):
            if isinstance(step, Fill) and days.has(step.at):
                name = name_of((place, step.at.date()))
                found[name].append(_share(name, step, before, after))
            before = after
    return tuple(_total(name, shares) for name, shares in sorted(found.items()))


def _share(name: str, fill: Fill, before: Position, after: Position) -> Share:
    with localcontext(EXACT):
        return Share(
            name=name,
            fills=1,
            traded=fill.cost * fill.quote_rate,
            realised=after.realised - before.realised,
            fees=after.fees - before.fees,
        )


def _total(name: str, shares: Sequence[Share]) -> Share:
    with localcontext(EXACT):
        sums = {each: sum((getattr(one, each) for one in shares), ZERO) for each in _SUMS}
    return Share(name=name, fills=len(shares), **sums)
