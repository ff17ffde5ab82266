"""What went wrong in the strategies of a run; who fails too often in a row is asked no more."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from kraken_pipeline.domain.intents import Decision, Outcome
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.quarantines import Quarantine, due, fault_of
from kraken_pipeline.domain.timeframes import timeframe


class Faults:
    """Faults, counted as in life (STG-6), where a person would have to let go who is kept out."""

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: how many in a row are too many.
        """
        self._most = most
        self._kept_out: dict[str, Quarantine] = {}
        self._in_a_row: dict[str, list[str]] = {}
        self._heard: dict[str, datetime] = {}
        self._count: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def is_kept_out(self, strategy_id: str) -> bool:
        """Tell whether a strategy is not to be asked."""
        return strategy_id in self._kept_out

    def hear(self, decision: Decision) -> None:
        """Count what went wrong at a decision, if anything did."""
        book = book_of(decision.strategy_id, decision.timeframe)
        fault, before = fault_of(decision), self._heard.get(book)
        self._heard[book] = decision.closed_at
        slept = before is not None and before < (
            decision.closed_at - timeframe(decision.timeframe).length
        )
        if slept or (not fault and decision.outcome is not Outcome.SKIPPED):
            # where it is not asked as it could wish for nothing, life asks it and nothing is wrong
            self._in_a_row.pop(decision.strategy_id, None)
        if fault:
            self._add(decision, fault)

    def _add(self, decision: Decision, fault: str) -> None:
        name = decision.strategy_id
        self._count[name] += 1
        self._last[name] = f"at {decision.closed_at:%F %H:%M}, {fault}"
        faults = [fault, *self._in_a_row.get(name, ())]
        self._in_a_row[name] = faults
        found = due(name, faults, most=self._most, at=decision.decided_at)
        if found is not None:
            self._kept_out[name] = found

    def said(self) -> Iterator[str]:
        """Yield what a reader of the run must know of them, a sentence a strategy."""
        for name, count in self._count.items():
            yield f"{name} went wrong at {count} of its closes, last {self._last[name]}"
        for name, each in self._kept_out.items():
            yield (
                f"{name} was not asked any more after {self._most} faults in a row until "
                f"{each.since:%F %H:%M}; in life a person may release it"
            )
