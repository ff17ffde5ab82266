"""Everything together: one object with one method for each use of the product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Final

from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import EVERYTHING, KILLS, Halt, Scope
from kraken_pipeline.domain.intents import Decision, Namespace
from kraken_pipeline.domain.quarantines import Quarantine
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.bars import history
from kraken_pipeline.services.deciding import decide, quarantine
from kraken_pipeline.services.deciding.decide import DecisionDesk
from kraken_pipeline.services.deciding.soundness import soundness
from kraken_pipeline.services.market import universe as universes
from kraken_pipeline.services.market.pair_status import review_statuses
from kraken_pipeline.services.risk import halt
from kraken_pipeline.settings import Loaded, load, prepare_data_dir
from kraken_pipeline.settings.environment import DATA_DIR
from kraken_pipeline.store.audit import Audit
from kraken_pipeline.store.journal import Head
from kraken_pipeline.strategies.checks import Outcome
from kraken_pipeline.wiring import desks, heads, signs
from kraken_pipeline.wiring.configured import configured_strategies
from kraken_pipeline.wiring.edge import Edge
from kraken_pipeline.wiring.modes import claim_data_dir, destination, world_of
from kraken_pipeline.wiring.pair_status import status_desk
from kraken_pipeline.wiring.panicked import panic_is_here
from kraken_pipeline.wiring.paper import open_edge
from kraken_pipeline.wiring.secrecy import keep_secrets
from kraken_pipeline.wiring.stages import Observer, nobody
from kraken_pipeline.wiring.stores import open_stores
from kraken_pipeline.wiring.trading import Trading
from kraken_pipeline.wiring.universe import universe_desk

RECENT_BARS: Final = 720
"""On a close the checks look this far back; by hand, at the whole month."""
REHEARSALS: Final = "rehearsal"
"""Folder in the data folder of live for the simulator that a rehearsal trades on."""


@dataclass(frozen=True, kw_only=True)
class Pipeline(Trading):
    """The product, wired. Each method is one use of it and calls one service."""

    @property
    def is_live(self) -> bool:
        """Whether the account is a real one: what a person changes by hand then is confirmed."""
        return not self.edge.rehearses and destination(self.loaded).is_kraken

    @cached_property
    def timeframes(self) -> frozenset[str]:
        """Timeframes on which an enabled strategy decides."""
        return frozenset(name for each in self._decisions.strategies for name in each.timeframes)

    @property
    def has_no_universe(self) -> bool:
        """Whether the universe was never refreshed."""
        return self.stores.universes.latest() is None

    def stale_frames(self, now: datetime) -> tuple[Timeframe, ...]:
        """Return the timeframes whose newest bar that is over is not stored, shortest first."""
        return tuple(
            each
            for each in TIMEFRAMES.values()
            if max(self.stores.bars.newest(each).values(), default=EPOCH) + each.length
            < last_close(each, now)
        )

    def undecided_frames(self, now: datetime) -> tuple[Timeframe, ...]:
        """Return the timeframes whose newest close some strategy has not decided."""
        return tuple(
            each
            for each in TIMEFRAMES.values()
            for configured in self._decisions.strategies
            if each.name in configured.timeframes
            and not self.stores.decisions.is_decided(
                Namespace.TRADE, configured.strategy_id, each, last_close(each, now)
            )
        )

    def refresh_universe(self) -> Universe:
        """Fetch, filter and keep the pairs, and apply what their statuses say."""
        review = partial(review_statuses, status_desk(self))
        with self._stage("universe") as done:
            desk = replace(universe_desk(self), review=review)
            return done(universes.refresh_universe(desk))

    def refresh_bars(self, frame: Timeframe) -> history.Refreshed:
        """Fetch every bar of a timeframe that closed since the last time.

        Raises:
            InvalidValueError: there is no universe yet.
        """
        with self._stage(f"bars {frame.name}") as done:
            known = self.stores.universes.latest()
            if known is None:
                raise InvalidValueError("there is no universe yet; refresh pair_universe first")
            desk = desks.history(self)
            return done(history.refresh(desk, frame, known.managed, now=self.clock()))

    def month_report(
        self, frame: Timeframe, month: str, now: datetime, *, whole: bool
    ) -> MonthReport:
        """Say what is stored of a month; faults in all of it, or among the bars of late."""
        since = None if whole else now - RECENT_BARS * frame.length
        return self.stores.bars.report(frame, month, now=now, since=since)

    def decide(
        self,
        frame: Timeframe,
        *,
        run_id: str,
        closed_at: datetime | None = None,
        late: str = "",
        namespace: Namespace = Namespace.TRADE,
    ) -> tuple[Decision, ...]:
        """Decide a closed bar, the newest if none is named, where that has not been done."""
        at = last_close(frame, self.clock()) if closed_at is None else closed_at
        desk = self._researched if namespace is Namespace.RESEARCH else self._decisions
        with self._stage(f"decisions {frame.name}") as done:
            return done(
                decide.decide_close(desk, frame, at, namespace=namespace, run_id=run_id, late=late)
            )

    def soundness(self, frame: Timeframe, *, closes: int) -> Mapping[str, Outcome]:
        """Return what came of trying each strategy of a timeframe for look-ahead and warm-up."""
        return soundness(self._researched, frame, closes=closes)

    def quarantined(self) -> tuple[Quarantine, ...]:
        """Return the strategies that are not asked, as they went wrong too often."""
        return tuple(desks.ward(self).in_force(Namespace.TRADE).values())

    def release(self, strategy_id: str, *, at: datetime, by: str, reason: str) -> Quarantine:
        """Let a strategy that went wrong too often decide again, and return what it was for.

        Raises:
            UnknownNameError: it is not in quarantine.
            InvalidValueError: no reason was given.
        """
        store = desks.ward(self).store
        return quarantine.release(store, strategy_id, at=at, by=by, reason=reason)

    def breach(self) -> str:
        """Name the kill switch that latched, or nothing: it calls for panic."""
        breached = [each for each in self.stores.halts.latched() if each.kind in KILLS]
        return f"halt-{breached[0].halt_id}" if breached else ""

    def halts(self) -> tuple[Halt, ...]:
        """Return what is latched."""
        return self.stores.halts.latched()

    def halt(self, *, reason: str, by: str, scope: Scope = EVERYTHING) -> bool:
        """Stop opening, of everything or in a scope."""
        is_news = halt.halt(self._halts, reason=reason, by=by, scope=scope)
        heads.publish_at_once(self)
        return is_news

    def panic_is_told(self) -> bool:
        """Have the books say that the panic file lies here, if it does: it stops every machine."""
        return panic_is_here(self)

    def resume(self, *, reason: str, by: str, scope: Scope | None = None) -> tuple[int, bool]:
        """Clear every halt and the panic file, or the halts of a scope.

        With everything a guardian that is lost is forgotten too.
        """
        if scope is None:
            signs.dismiss(self.loaded.data_dir)
        cleared = halt.resume(self._halts, reason=reason, by=by, scope=scope)
        heads.publish_at_once(self)
        return cleared

    def publish_head(self) -> Head:
        """Publish the end of the journal beside the database, and return it (AUD-1)."""
        return heads.publish(self)

    def audit(self) -> Audit:
        """Verify the journal, the tables against it, and the ends of it that were published."""
        return heads.verified(self)

    def close(self) -> None:
        """Let go of the stores and of a simulator that we started."""
        self.edge.close()
        self.stores.close()

    @property
    def _researched(self) -> DecisionDesk:
        """With the strategies that are not asked when a bar closes as well."""
        strategies = configured_strategies(self.loaded.settings)
        return replace(self._decisions, strategies=strategies)

    @cached_property
    def _decisions(self) -> DecisionDesk:
        return desks.decisions(self)


def connect(
    environ: Mapping[str, str],
    *,
    rehearse: bool = False,
    observer: Observer = nobody,
    progress: Callable[[str, int, int], None] = lambda frame, done, due: None,
) -> Pipeline:
    """Read the configuration and wire everything for the mode that it names.

    Args:
        environ: the environment, usually `os.environ`.
        rehearse: paper whatever the configuration says, and orders only checked, never placed.
        observer: told of each finished stage.
        progress: told of each batch of bars.

    Raises:
        ConfigurationError: something in the configuration or the folders is wrong, or the mode is
            live and a gate is closed.
        StorageError: the books cannot be read.
    """
    keep_secrets(environ)
    loaded = load(environ)
    if rehearse and loaded.settings.execution.mode == "live":
        # the account's own folder stays the account's
        loaded = load({**environ, DATA_DIR: str(loaded.data_dir / REHEARSALS)})
    is_kraken = not rehearse and destination(loaded).is_kraken
    prepare_data_dir(loaded)
    world = world_of(loaded.settings, is_kraken=is_kraken)
    claim_data_dir(loaded.data_dir, world)
    pipeline = Pipeline(
        loaded=loaded,
        stores=open_stores(loaded, world=world),
        edge=_live(loaded, environ) if is_kraken else open_edge(loaded, rehearse=rehearse),
        observer=observer,
        progress=progress,
    )
    if heads.are_configured(environ):
        heads.examine(pipeline)
    return pipeline


def _live(loaded: Loaded, environ: Mapping[str, str]) -> Edge:
    from kraken_pipeline.wiring.live import open_live  # noqa: PLC0415 - paper never loads it

    return open_live(loaded, environ)
