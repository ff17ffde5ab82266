"""What is being done and how long it took, a line a stage, on stderr."""

import sys
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.bars.history import Refreshed
from kraken_pipeline.services.books.book import Booked

WIDTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A finished stage."""

    name: str
    seconds: float
    outcome: object


class Progress:
    """Prints as things happen, and keeps what happened for the summary."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self.stages: list[Stage] = []
        self._rewrites = sys.stderr.isatty()

    def begin(self, name: str) -> None:
        """Say that a stage began, where the line can be written over later."""
        if self._rewrites:
            sys.stderr.write(f"\r  {name:<{WIDTH}} …")
            sys.stderr.flush()

    def bars(self, frame: str, done: int, due: int) -> None:
        """Say how many pairs of a timeframe are fetched."""
        end = "\r" if self._rewrites else "\n"
        if self._rewrites or done < due:
            sys.stderr.write(f"  {'bars ' + frame:<{WIDTH}} {done} of {due} pairs{end}")
            sys.stderr.flush()

    def finished(self, name: str, seconds: float, outcome: object) -> None:
        """Say what a stage gave and how long it took."""
        self.stages.append(Stage(name=name, seconds=seconds, outcome=outcome))
        start = "\r\x1b[K" if self._rewrites else ""
        sys.stderr.write(f"{start}  {name:<{WIDTH}} {seconds:7.2f} s  {said(outcome)}\n")
        sys.stderr.flush()


def said(outcome: object) -> str:
    """Say in a few words what a stage gave."""
    if isinstance(outcome, Universe):
        return f"{len(outcome.members)} pairs in, {len(outcome.reasons)} out"
    if isinstance(outcome, Refreshed):
        failed = f", {len(outcome.failures)} failed" if outcome.failures else ""
        return f"{outcome.added} new bars of {outcome.asked} pairs{failed}"
    if isinstance(outcome, Booked):
        return f"equity {outcome.snapshot.equity:.2f}, {outcome.fills} new fills"
    if isinstance(outcome, dict):
        return ", ".join(f"{count} {state}" for state, count in sorted(outcome.items()))
    return _said_of_decisions(outcome)


def _said_of_decisions(outcome: object) -> str:
    if isinstance(outcome, tuple):
        wanted = sum(len(each.intents) for each in outcome)
        return f"{len(outcome)} decisions, {wanted} intents" if outcome else "no newly closed bar"
    verdicts = getattr(outcome, "verdicts", None)
    if verdicts is not None:
        approved = sum(each.approved for each in verdicts)
        return f"{approved} of {len(verdicts)} intents approved"
    return "" if outcome is None else str(outcome)
