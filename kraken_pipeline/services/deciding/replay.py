"""A decision made once more from what was kept of it, by the code that makes decisions (AUD-2)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, PipelineError
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import Decision, Holding, Seen
from kraken_pipeline.domain.timeframes import TIMEFRAMES, last_close
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.bars import certified
from kraken_pipeline.services.deciding.decide import SURVIVORS, Ask, DecisionDesk
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy

_AS_TEXT: Final = frozenset({"terms", "target"})
"""Parts of an intent that have parts of their own."""
MOST_NAMED: Final = 5
"""Bars told anew that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Bars that a decision was shown, and what is stored in their place now."""

    bars: Bars
    digest: str
    """SHA-256 of what was shown."""

    @property
    def matches(self) -> bool:
        """Whether it is the same to the last digit."""
        return self.bars.digest() == self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of deciding again."""

    decision: Decision
    again: Decision | None
    """None where it could not be made."""
    panels: Mapping[str, Shown]
    """By timeframe."""
    obstacle: str
    """Why it could not be made again, or why it may differ; empty where nothing stands against."""
    differences: tuple[str, ...]
    """Fields that came out otherwise, each with both values."""

    @property
    def is_equal(self) -> bool:
        """Whether it was made again, and is the same byte for byte (INV-8)."""
        return self.again is not None and not self.differences


def panels(
    bars: BarReading, decision: Decision, universe: Universe, named: Callable[[str], Strategy]
) -> dict[str, Shown]:
    """Return the bars that a decision was shown, read again.

    Args:
        bars: the store of the bars.
        decision: with what it saw.
        universe: of the version that the decision names.
        named: gives a strategy by its type.

    Raises:
        InvalidValueError: it kept nothing of what it saw, or its strategy is none that there is.
    """
    configured, seen = _configured(decision, named)
    needs = configured.strategy.needs(decision.timeframe, configured.parameters)
    pairs = tuple(each.name for each in universe.managed)
    return {
        name: Shown(
            bars=bars.read(
                TIMEFRAMES[name],
                pairs,
                closed_by=last_close(TIMEFRAMES[name], decision.closed_at),
                count=needs[name],
            ),
            digest=digest,
        )
        for name, digest in seen.panels.items()
        if name in needs
    }


def replay(desk: DecisionDesk, decision: Decision, universe: Universe | None) -> Replay:
    """Make a decision again from the bars that are stored and all else that was kept of it.

    Nothing is written. What it cannot be made from is named, not guessed.

    Args:
        desk: whose bars are read.
        decision: with what it saw.
        universe: of the version that the decision names; None if it is not kept any more.
    """
    if decision.seen is None and not decision.universe_version:
        return _impossible(decision, f"no strategy decided, {decision.strategy_id} did by command")
    if universe is None:
        obstacle = f"the universe {decision.universe_version} is not kept any more"
        return _impossible(decision, obstacle)
    try:
        shown = panels(desk.bars, decision, universe, desk.named)
        again = _made(desk, decision, universe)
    except PipelineError as failure:
        return _impossible(decision, str(failure))
    return Replay(
        decision=decision,
        again=again,
        panels=shown,
        obstacle=_obstacle(desk.bars, decision, again, shown),
        differences=_differences(decision, again),
    )


class _Again(Ask):
    """Asks what was asked before: state, holdings and certificates are those of then."""

    seen: Seen
    unknown: Mapping[str, str]

    def state(self) -> Mapping[str, str]:
        """Return what the strategy had saved then."""
        return self.seen.state

    def holdings(self) -> Mapping[str, Holding]:
        """Return what its book held then, as far as that was kept."""
        return {
            pair: Holding(qty=Decimal(qty), cost=Decimal(cost))
            for pair, (qty, cost) in self.seen.holdings.items()
        }

    def held(self, holdings: Mapping[str, Holding]) -> frozenset[str]:
        """Return of which pairs it held something then."""
        return self.seen.held

    def equity(self) -> Decimal | None:
        """Return what the account was worth then."""
        return None if self.seen.equity is None else Decimal(self.seen.equity)

    def absences(self, snapshot: Snapshot) -> certified.Absences:
        """Return what was not certified then, and what was known not to exist."""
        return certified.Absences(uncertified=self.unknown, silent=self.seen.filled, unproven={})


def _made(desk: DecisionDesk, decision: Decision, universe: Universe) -> Decision:
    configured, seen = _configured(decision, desk.named)
    then = replace(desk, config_hash=decision.config_hash, clock=lambda: decision.decided_at)
    ask = _Again(
        then,
        configured,
        TIMEFRAMES[decision.timeframe],
        decision.closed_at,
        universe,
        decision.namespace,
        decision.run_id,
        "".join(decision.reason.partition(SURVIVORS)[1:]),
    )
    ask.seen = seen
    ask.unknown = {
        pair: why for pair, why in decision.no_signals.items() if why.startswith(certified.CODE)
    }
    again, _ = ask.decided()
    return again


def _configured(decision: Decision, named: Callable[[str], Strategy]) -> tuple[Configured, Seen]:
    seen = decision.seen
    if seen is None:
        raise InvalidValueError(
            f"{decision.decision_id} keeps nothing of what it saw: it looked at nothing "
            f"({decision.outcome}: {decision.reason}), or is older than the keeping of it"
        )
    strategy = named(seen.strategy)
    kept = {name: json.loads(each) for name, each in seen.parameters.items()}
    configured = Configured(
        strategy_id=decision.strategy_id,
        strategy=strategy,
        timeframes=(decision.timeframe,),
        parameters=strategy.parameters(kept),
        userref=seen.userref,
    )
    return configured, seen


def _impossible(decision: Decision, obstacle: str) -> Replay:
    return Replay(decision=decision, again=None, panels={}, obstacle=obstacle, differences=())


def _obstacle(
    bars: BarReading, decision: Decision, again: Decision, shown: Mapping[str, Shown]
) -> str:
    if again.strategy_version != decision.strategy_version:
        return (
            f"{decision.strategy_id} is at version {again.strategy_version} now, the decision was "
            f"made by {decision.strategy_version}"
        )
    changed = {name: each.bars for name, each in sorted(shown.items()) if not each.matches}
    if not changed:
        return ""
    anew = [each for of in changed.values() for each in _told_anew(bars, of)]
    more = f", and {len(anew) - MOST_NAMED} more" if len(anew) > MOST_NAMED else ""
    said = f"; told anew: {', '.join(anew[:MOST_NAMED])}{more}" if anew else ""
    return f"the stored bars of {', '.join(changed)} are other than then{said}"


def _told_anew(bars: BarReading, shown: Bars) -> list[str]:
    """Return those of some bars that were told differently before (HIS-5)."""
    if not len(shown.opened_at):
        return []
    first, last = (datetime.fromtimestamp(int(each), tz=UTC) for each in shown.opened_at[[0, -1]])
    found = bars.revisions(shown.frame, first=first, last=last)
    return [
        f"{pair} {shown.frame.name} of {opened:%F %T} (revision {number})"
        for pair in sorted(found.keys() & set(shown.pairs))
        for opened, number in found[pair].items()
    ]


def _differences(decision: Decision, again: Decision) -> tuple[str, ...]:
    told, now = _plain(decision), _plain(again)
    return tuple(
        f"{name}: was {told[name]}, is {now[name]}" for name in told if told[name] != now[name]
    )


def _plain(decision: Decision) -> dict[str, str]:
    """Return a decision as one exact text a field, what it saw left out: its hash is there."""
    found = {
        each.name: getattr(decision, each.name) for each in fields(decision) if each.name != "seen"
    }
    found["intents"] = [
        {
            each.name: str(value) if each.name in _AS_TEXT else value
            for each in fields(intent)
            for value in (getattr(intent, each.name),)
        }
        for intent in sorted(decision.intents, key=lambda each: each.intent_id)
    ]
    return {name: canonical(each) for name, each in found.items()}
