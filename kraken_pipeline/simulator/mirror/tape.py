"""The trades of the mirrored exchange, each met once, in the order in which they were made.

How far each pair was taken in is kept on disk, so that a restart begins where the last run ended.
It is written before trades have an effect: killed just then, they are lost and never met twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.listing import Pair

NANOSECONDS: Final = 10**9
LONGEST_GAP: Final = timedelta(days=1)
"""Of what was missed no more is asked for: older trades are left out, and nothing stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A trade that others made."""

    pair: Pair
    at: datetime
    price: Decimal
    """Quote per base."""
    qty: Decimal
    """Base."""
    number: int
    """Its place in the page, for those of one moment."""


class Tape:
    """Trades that wait to be met, and how far each pair has come."""

    def __init__(self, cursors: Mapping[str, str]) -> None:
        """Take up where the last run ended: `kept` of it."""
        self._cursors = dict(cursors)
        self._waiting: list[Trade] = []

    def follow(self, wanted: Mapping[str, datetime], now: datetime) -> None:
        """Follow pairs, by key, and no others.

        Args:
            wanted: from when on trades of each matter, where none were taken in yet.
            now: nothing is asked for that lies longer before it than a day.
        """
        bound = nanoseconds(now - LONGEST_GAP)
        self._cursors = {
            key: str(max(int(self._cursors.get(key, nanoseconds(since))), bound))
            for key, since in wanted.items()
        }
        self._waiting = [each for each in self._waiting if each.pair.key in wanted]

    @property
    def cursors(self) -> Mapping[str, str]:
        """From where the next page of each pair is wanted, as Trades takes it."""
        return self._cursors

    def hear(
        self, pair: Pair, asked: Mapping[str, str], trades: Sequence[Trade], last: str
    ) -> None:
        """Take in a page that begins where the pair stands; any other is passed over.

        Args:
            pair: whose trades they are.
            asked: the parameters of the question.
            trades: of the page.
            last: where the next page begins.
        """
        if pair.key in self._cursors and asked.get("since") == self._cursors[pair.key]:
            self._waiting += trades
            self._cursors[pair.key] = last

    def ready(self, until: datetime, is_fresh: Callable[[Pair], bool]) -> Sequence[Trade]:
        """Take the trades up to a moment whose books are fresh, as they were made.

        Those of a pair whose book is old wait: what they set off could not be filled.
        """
        found: list[Trade] = []
        waiting: list[Trade] = []
        for each in self._waiting:
            is_due = each.at <= until and is_fresh(each.pair)
            (found if is_due else waiting).append(each)
        self._waiting = waiting
        return sorted(found, key=lambda each: (each.at, each.pair.key, each.number))

    def kept(self) -> dict[str, str]:
        """Return how far each pair has come: up to what still waits."""
        kept = dict(self._cursors)
        for each in self._waiting:
            before = nanoseconds(each.at) - 1
            kept[each.pair.key] = str(min(int(kept[each.pair.key]), before))
        return kept


def page_of(result: object, pair: Pair) -> tuple[list[Trade], str] | None:
    """Return the trades in the result of Trades and its `last`; None if it has no known form.

    Source: kraken/rest.md §4.
    """
    try:
        fields = dict(result) if isinstance(result, dict) else {}
        last = str(int(fields.pop("last")))
        rows = next(iter(fields.values()))
        trades = [_trade(pair, row, number) for number, row in enumerate(rows)]
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, StopIteration):
        return None
    return trades, last


def _trade(pair: Pair, row: Sequence[str], number: int) -> Trade:
    return Trade(
        pair=pair,
        at=datetime.fromtimestamp(float(row[2]), UTC),
        price=Decimal(row[0]).quantize(pair.tick),
        qty=Decimal(row[1]),
        number=number,
    )


def nanoseconds(at: datetime) -> int:
    """Return a time as Kraken's nanoseconds since 1970, to the microsecond."""
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * NANOSECONDS + at.microsecond * 1000
