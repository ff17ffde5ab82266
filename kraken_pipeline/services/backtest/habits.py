"""What is usual of pairs during a run: the same reckoning as in life, once for each day."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.backtest.history import History
from kraken_pipeline.services.market.habits import DAYS, habits_of

DAILY: Final = "1d"


class Habits:
    """Habits from the daily bars of a history; without them nothing is known to be usual."""

    def __init__(self, history: History, *, rules: UniverseRules, compares: bool) -> None:
        """Take the bars.

        Args:
            history: with daily bars from long enough before the run on, if there are any.
            rules: over how many days, and from which correlation on, pairs move as one.
            compares: whether it matters what moves as one.
        """
        self._history = history
        self._rules = rules
        self._compares = compares
        self._known: dict[str, Habit] = {}
        self._day: datetime | None = None

    def __call__(self, names: Collection[str], now: datetime) -> Mapping[str, Habit]:
        """Return what is usual of pairs at an instant: it changes when a day ends."""
        if DAILY not in self._history.panels:
            return {}
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        wanted = set(names) & set(self._history.pairs)
        if day != self._day or not wanted <= self._known.keys():
            # whom a pair moves with depends on all of them: none is asked for by itself
            pairs = self._history.pairs if self._compares else sorted(wanted)
            self._known = habits_of(
                self._history, pairs, day, rules=self._rules, compares=self._compares
            )
            self._day = day
        return {name: self._known[name] for name in wanted}


def days_needed(rules: UniverseRules) -> int:
    """Return how many daily bars before a run its habits look at."""
    return max(DAYS, rules.cluster_days + 1)
