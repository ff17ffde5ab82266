"""Several books that want something of one pair at once: who takes his turn when, and why.

What a book holds is its own (PF-10). So nothing is netted, and nothing crosses inside our books:
each wish is answered for its own book, what sells first. Only that two orders of ours meet at the
exchange is kept from happening: a buy that an open sale of ours could fill is denied with
SELF_TRADE and may be wanted again at the next close; and a sale that meets a resting buy of ours
goes on, while Kraken cancels the buy.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side

OPPOSITE: Final = (
    "each for its own book: what sells goes first, and a buy that could meet it waits for the "
    "next close"
)
ALIKE: Final = "each for its own book, in this turn: what a cap leaves is for who comes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Books that wanted something of one pair at once, each in the turn in which it was heard."""

    pair: str
    sellers: tuple[str, ...]
    buyers: tuple[str, ...]

    @property
    def rule(self) -> str:
        """How it was decided."""
        return OPPOSITE if self.sellers and self.buyers else ALIKE


def conflicts(intents: Iterable[Intent]) -> tuple[Conflict, ...]:
    """Return every pair of which more than one book wants something, by name.

    Several sales are none: each book sells its own.

    Args:
        intents: in the turn in which they are answered.
    """
    sides: dict[Side, defaultdict[str, list[str]]] = {
        side: defaultdict(list) for side in (Side.SELL, Side.BUY)
    }
    for each in intents:
        sides[each.side][each.pair].append(book_of(each.strategy_id, each.timeframe))
    sold, bought = sides[Side.SELL], sides[Side.BUY]
    return tuple(
        Conflict(pair=pair, sellers=tuple(sold.get(pair, ())), buyers=tuple(bought[pair]))
        for pair in sorted(bought)
        if len(bought[pair]) + len(sold.get(pair, ())) > 1
    )
