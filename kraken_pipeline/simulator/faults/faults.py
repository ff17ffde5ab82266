"""Whether a fault strikes now: asked at every point, from any thread.

Each strike is logged as the rule that would bring it about alone, so a seed that makes a test fail
becomes a list that can be cut down.
"""

import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.faults.rules import Rule, Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that strikes now."""

    kind: Kind
    seconds: float = 0.0
    """How long or by how much, for kinds that say so."""
    status: int = 0
    """Of HTTP, for `HTTP_ERROR`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault that has struck."""

    at: datetime
    point: Point
    subject: str
    rule: Rule
    """What would bring about this strike and no other, told where the first fault was told."""


class Faults:
    """The faults of one simulator; none until some are told.

    Whoever serves asks `strike` at each point and does what its kind says. Nothing else is left to
    do: a strike is counted and logged by being asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Pending] = []
        self._seed: Seed | None = None
        self._occasions: Counter[tuple[Point, str]] = Counter()
        self._log: list[Struck] = []

    def strike(self, point: Point, subject: str, now: datetime) -> Strike | None:
        """Return what strikes this occasion, or None.

        Args:
            point: where the call or frame is.
            subject: the method or channel; `Point` says which.
            now: for the log.
        """
        if not self._rules and self._seed is None:
            return None
        with self._lock:
            occasion = self._occasions[point, subject]
            self._occasions[point, subject] += 1
            rule = self._due(point, subject) or self._drawn(point, subject, occasion)
            if rule is None:
                return None
            alone = replace(rule, subject=subject, times=1, after=occasion)
            self._log.append(Struck(at=now, point=point, subject=subject, rule=alone))
            return Strike(kind=rule.kind, seconds=rule.seconds, status=rule.status)

    def add(self, rule: Rule) -> None:
        """Let a rule hold from the next occasion on."""
        with self._lock:
            self._rules.append(_Pending(rule))

    def seed(self, seed: Seed) -> None:
        """Let faults strike by chance from the next occasion on, instead of an earlier seed's."""
        with self._lock:
            self._seed = seed

    def clear(self) -> None:
        """Forget every rule, the seed, the counts and the log."""
        with self._lock:
            self._rules.clear()
            self._seed = None
            self._occasions.clear()
            self._log.clear()

    def pending(self) -> list[Rule]:
        """Return the rules that have strikes left."""
        with self._lock:
            return [pending.rule for pending in self._rules if not pending.spent]

    def seeded(self) -> Seed | None:
        """Return the seed that faults are drawn from, or None."""
        with self._lock:
            return self._seed

    def log(self) -> list[Struck]:
        """Return every strike since the start or the last clearing, oldest first."""
        with self._lock:
            return list(self._log)

    def _due(self, point: Point, subject: str) -> Rule | None:
        counting = [each for each in self._rules if each.rule.fits(point, subject)]
        for each in counting:
            each.seen += 1
        due: _Pending | None = next((each for each in counting if each.due), None)
        if due is None:
            return None
        due.struck += 1
        return due.rule

    def _drawn(self, point: Point, subject: str, occasion: int) -> Rule | None:
        kind = self._seed.draws(point, subject, occasion) if self._seed else None
        if kind is None:
            return None
        traits = TRAITS[kind]
        return Rule(
            kind=kind,
            effect=point is traits.with_effect,
            seconds=traits.seconds,
            status=traits.status,
        )


class _Pending:
    """A rule and how far it has got."""

    def __init__(self, rule: Rule) -> None:
        self.rule: Final = rule
        self.seen = 0
        self.struck = 0

    @property
    def spent(self) -> bool:
        return self.rule.times is not None and self.struck >= self.rule.times

    @property
    def due(self) -> bool:
        return self.seen > self.rule.after and not self.spent
