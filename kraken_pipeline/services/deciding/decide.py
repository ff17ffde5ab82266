"""Closed bars, holdings and state to a decision, recorded with the identity of all it saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.certificates import Reason
from kraken_pipeline.domain.errors import DataStaleError, InvalidValueError, StrategyFaultError
from kraken_pipeline.domain.ids import (
    DecisionId,
    canonical,
    chance_seed,
    decision_id,
    digest,
)
from kraken_pipeline.domain.intents import Decision, Holding, Intent, Namespace, Outcome, Seen
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.quarantines import FAULT, QUARANTINED
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.bars import certified
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.bars.filled_bars import filled
from kraken_pipeline.services.deciding.evaluate import Evaluate, isolated
from kraken_pipeline.services.deciding.quarantine import NoWard, Ward
from kraken_pipeline.services.deciding.showing import Configured, Showing, Shown
from kraken_pipeline.services.deciding.wishes import Market, Occasion, intents_of
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.services.ports.books import Positions
from kraken_pipeline.services.ports.decisions import Deciding
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.universe import UniverseReading
from kraken_pipeline.services.risk.assess import known_snapshot
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy, View, Wishes

SURVIVORS: Final = "; SURVIVORSHIP: "
"""What is said of research on a bar that is older than the universes begins so."""
STALE: Final = "DATA_STALE_STRATEGY"
"""What is said of a close that a strategy would not judge begins so; its own words follow."""
Heard = tuple[Wishes, tuple[Intent, ...], dict[str, str]]
"""What a strategy said, the intents that it makes, and why other wishes make none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDesk:
    """What deciding needs."""

    strategies: tuple[Configured, ...]
    named: Callable[[str], Strategy]
    """Gives a strategy by its type, also one that is not configured any more."""
    bars: BarReading
    certificates: Certificates
    universes: UniverseReading
    decisions: Deciding
    books: Positions
    config_hash: str
    clock: Clock
    evaluate: Evaluate = isolated
    """Asks a strategy; a backtest has all the time there is."""
    ward: Ward | NoWard = field(default_factory=NoWard)
    """Keeps out who went wrong too often."""
    showing: Showing = field(default_factory=Showing)
    enough: frozenset[Reason] = certified.PROVEN
    """Why bars may be missing that a strategy looks at; a backtest believes more than life."""


def decide(
    desk: DecisionDesk, frame: Timeframe, *, namespace: Namespace, run_id: str, late: str = ""
) -> tuple[Decision, ...]:
    """Decide the newest closed bar of a timeframe for each strategy that has not yet.

    Args:
        desk: what is needed.
        frame: the timeframe.
        namespace: who the decision is for.
        run_id: the Dagster run or the command.
        late: why nothing may be decided any more; empty when all is in time.

    Returns:
        The decisions that were made now; none where every strategy had decided the bar.

    Raises:
        InvalidValueError: there is no universe yet.
    """
    closed_at = last_close(frame, desk.clock())
    return decide_close(desk, frame, closed_at, namespace=namespace, run_id=run_id, late=late)


def decide_close(
    desk: DecisionDesk,
    frame: Timeframe,
    closed_at: datetime,
    *,
    namespace: Namespace,
    run_id: str,
    late: str = "",
) -> tuple[Decision, ...]:
    """Decide one closed bar for each strategy that has not yet; see `decide`.

    Research on a bar of the past sees the universe that was in force then.
    """
    universe = desk.universes.latest()
    if universe is None:
        raise InvalidValueError("there is no universe yet; refresh pair_universe first")
    caveat = ""
    if namespace is Namespace.RESEARCH:
        then = desk.universes.refresh(at=closed_at)
        caveat = _survivors(universe) if then is None else ""
        universe = universe if then is None else then.universe
    due = [
        each
        for each in desk.strategies
        if frame.name in each.timeframes
        and not desk.decisions.is_decided(namespace, each.strategy_id, frame, closed_at)
    ]
    kept_out = desk.ward.in_force(namespace)
    made = []
    for configured in due:
        ask = Ask(desk, configured, frame, closed_at, universe, namespace, run_id, caveat)
        quarantine = kept_out.get(configured.strategy_id)
        why = late or ("" if quarantine is None else f"{QUARANTINED}: {quarantine}")
        decision, state = ask.skipped(why) if why else ask.decided()
        if desk.decisions.record(decision, state):
            made.append(decision)
            desk.ward.count(decision)
    return tuple(made)


class Ask:
    """One strategy, one bar."""

    def __init__(  # noqa: PLR0913, PLR0917 - called twice, each is one of the facts
        self,
        desk: DecisionDesk,
        configured: Configured,
        frame: Timeframe,
        closed_at: datetime,
        universe: Universe,
        namespace: Namespace,
        run_id: str,
        caveat: str,
    ) -> None:
        """Take what is asked, of whom, in whose name, and what is to be said of all of it."""
        self._desk = desk
        self._configured = configured
        self._frame = frame
        self._closed_at = closed_at
        self._universe = universe
        self._namespace = namespace
        self._run_id = run_id
        self._caveat = caveat
        self._constant = desk.showing.of(configured, universe)
        self._now = desk.clock()
        self._name = book_of(configured.strategy_id, frame.name)
        self._id = decision_id(
            namespace=namespace,
            strategy_id=configured.strategy_id,
            timeframe=frame.name,
            closed_at=closed_at,
        )

    def skipped(self, reason: str) -> tuple[Decision, Mapping[str, str]]:
        """Record that the bar was not looked at; the strategy's state stays."""
        return self._decision(Outcome.SKIPPED, reason, digest([reason])), self.state()

    def decided(self) -> tuple[Decision, Mapping[str, str]]:
        """Show the strategy its snapshot and record what it says."""
        snapshot = self._snapshot()
        opened = int(self._closed_at.timestamp()) - self._frame.seconds
        if snapshot.bars().opened_at[-1:].tolist() != [opened]:
            return self.skipped(
                f"DATA_STALE_EVENT: no {self._frame.name} bar closed at {self._closed_at:%F %H:%M}"
            )
        absent = self.absences(snapshot)
        unknown = absent.uncertified
        if snapshot.pairs and len(unknown) == len(snapshot.pairs):
            pair, why = next(iter(unknown.items()))
            return self.skipped(f"{why}; so for {pair} and every other pair")
        state = self.state()
        closes = self._desk.bars.closes(self._frame, self._closed_at)
        shown = self._shown(snapshot, absent)
        seen = self._seen(snapshot, state, absent)
        identity = _inputs_hash(seen, self._constant)
        sealed, saved = shown.sealed(), MappingProxyType({**state})

        def ask() -> Heard:
            wishes = self._configured.strategy.decide(sealed, saved)
            known = Market(closes=closes, managed=frozenset(snapshot.pairs), unknown=unknown)
            heard = intents_of(wishes, self._occasion(), known)
            canonical(wishes.state)
            return wishes, *heard

        try:
            wishes, intents, refused = self._desk.evaluate(self._name, ask)
        except DataStaleError as stale:
            # it did look, so that what it saw is kept: the skip can be made again as any decision
            words = f"{STALE}: {stale}{self._caveat}"
            return self._decision(Outcome.SKIPPED, words, identity, seen=seen), self.state()
        except StrategyFaultError as fault:
            return self.skipped(f"{FAULT}: {fault}")
        outcome = Outcome.SIGNAL if intents else Outcome.NO_SIGNAL
        reason = f"{len(intents)} of {len(snapshot.pairs)} pairs{self._caveat}"
        no_signals = {**wishes.no_signals, **refused}
        decision = self._decision(
            outcome, reason, identity, intents=intents, no_signals=no_signals, seen=seen
        )
        return decision, wishes.state

    def state(self) -> Mapping[str, str]:
        """Return what this version of the strategy saved last."""
        return self._desk.decisions.state(
            self._namespace,
            self._configured.strategy_id,
            self._frame.name,
            version=self._configured.strategy.version,
        )

    def _shown(self, snapshot: Snapshot, absent: certified.Absences) -> Snapshot:
        """Return what the strategy sees, of bars in which nothing traded in its own view (HIS-4).

        The bar that is decided is never made up: what is decided on it traded in it.
        """
        if self._configured.strategy.view is not View.FILLED or not absent.silent:
            return snapshot
        closed = int(self._closed_at.timestamp())
        until = {self._frame.name: closed - self._frame.seconds}
        made = {
            name: filled(each, absent.silent.get(name, {}), until=until.get(name, closed))
            for name, each in snapshot.panels.items()
        }
        return replace(
            snapshot,
            panels={name: bars for name, (bars, _) in made.items()},
            is_filled={name: flags for name, (_, flags) in made.items()},
        )

    def _seen(
        self, snapshot: Snapshot, state: Mapping[str, str], absent: certified.Absences
    ) -> Seen:
        is_filled = self._configured.strategy.view is View.FILLED
        return Seen(
            strategy=self._configured.strategy.name,
            panels={name: each.digest() for name, each in snapshot.panels.items()},
            held=snapshot.held,
            parameters=self._constant.parameters,
            state=dict(state),
            userref=self._configured.userref,
            view=self._configured.strategy.view.value,
            filled=absent.silent if is_filled else {},
            holdings={
                pair: (plain(each.qty), plain(each.cost))
                for pair, each in snapshot.holdings.items()
            },
            equity=None if snapshot.equity is None else plain(snapshot.equity),
        )

    def _snapshot(self) -> Snapshot:
        holdings = self.holdings()
        pairs = self._constant.pairs
        parameters = self._configured.parameters
        needs = self._configured.strategy.needs(self._frame.name, parameters)
        return Snapshot(
            frame=self._frame,
            closed_at=self._closed_at,
            pairs=pairs,
            tradable=self._constant.tradable,
            held=self.held(holdings),
            parameters=parameters,
            panels={name: self._panel(name, pairs, count) for name, count in needs.items()},
            holdings=holdings,
            equity=self.equity(),
            seed=chance_seed(
                strategy_id=self._configured.strategy_id,
                timeframe=self._frame.name,
                closed_at=self._closed_at,
            ),
        )

    def absences(self, snapshot: Snapshot) -> certified.Absences:
        """Return why bars are not there: holes of our own making, or nothing traded (HIS-3)."""
        needs = self._configured.strategy.needs(self._frame.name, self._configured.parameters)
        panels = [(snapshot.panels[name], count) for name, count in needs.items()]
        desk = self._desk
        return certified.absences(panels, self._closed_at, desk.certificates, enough=desk.enough)

    def holdings(self) -> Mapping[str, Holding]:
        """Return what the book holds; research on past bars holds nothing of today's."""
        if self._namespace is Namespace.RESEARCH:
            return {}
        book = book_of(self._configured.strategy_id, self._frame.name)
        return {
            each.pair: Holding(qty=each.qty, cost=each.cost)
            for each in self._desk.books.positions()
            if each.book == book and each.qty
        }

    def held(self, holdings: Mapping[str, Holding]) -> frozenset[str]:
        """Return of which pairs it holds something."""
        return frozenset(holdings)

    def equity(self) -> Decimal | None:
        """Return what the account was worth when it was last valued, if the strategy asks.

        Research has no account.
        """
        if self._namespace is Namespace.RESEARCH or not self._configured.strategy.asks_equity:
            return None
        snapshot = known_snapshot(self._desk.books)
        return None if snapshot is None else snapshot.equity

    def _panel(self, name: str, pairs: tuple[str, ...], count: int) -> Bars:
        frame = TIMEFRAMES[name]
        closed_by = last_close(frame, self._closed_at)
        return self._desk.bars.read(frame, pairs, closed_by=closed_by, count=count)

    def _occasion(self) -> Occasion:
        return Occasion(
            decision_id=self._id,
            strategy_id=self._configured.strategy_id,
            frame=self._frame,
            closed_at=self._closed_at,
            decided_at=self._now,
            userref=self._configured.userref,
        )

    def _decision(
        self,
        outcome: Outcome,
        reason: str,
        inputs_hash: str,
        *,
        intents: tuple[Intent, ...] = (),
        no_signals: Mapping[str, str] | None = None,
        seen: Seen | None = None,
    ) -> Decision:
        return Decision(
            decision_id=DecisionId(self._id),
            namespace=self._namespace,
            strategy_id=self._configured.strategy_id,
            strategy_version=self._configured.strategy.version,
            timeframe=self._frame.name,
            closed_at=self._closed_at,
            decided_at=self._now,
            outcome=outcome,
            reason=reason,
            universe_version=self._universe.version,
            config_hash=self._desk.config_hash,
            inputs_hash=inputs_hash,
            run_id=self._run_id,
            intents=intents,
            no_signals=no_signals or {},
            seen=seen,
        )


def _survivors(universe: Universe) -> str:
    return f"{SURVIVORS}no universe of then is kept, that of {universe.at:%F} stands for it"


def _inputs_hash(seen: Seen, shown: Shown) -> str:
    return digest(
        {
            **shown.named,
            "panels": seen.panels,
            "held": seen.held,
            "state": seen.state,
            # left out where there is none, so that older decisions keep their name
            **({"filled": seen.filled} if seen.filled else {}),
            **({"holdings": seen.holdings} if seen.holdings else {}),
            **({"equity": seen.equity} if seen.equity is not None else {}),
        }
    )
