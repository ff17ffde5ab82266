"""Decisions with all they saw, their intents, and the strategies' own state."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from kraken_pipeline.domain.ids import Written, canonical
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Seen
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.order_rows import INTENT, intent_row, pending_intents
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.decisions import decisions, intents, strategy_state

_DECISION_FIELDS: Final = tuple(
    name for name in Decision.__slots__ if name not in {"intents", "no_signals", "seen"}
)
_DECIDED: Final = Prepared(
    select(decisions.c.decision_id).where(
        decisions.c.namespace == bindparam("namespace"),
        decisions.c.strategy_id == bindparam("strategy_id"),
        decisions.c.timeframe == bindparam("timeframe"),
        decisions.c.closed_at == bindparam("closed_at"),
    )
)
_ADD_DECISION: Final = Prepared(insert(decisions))
_ADD_INTENT: Final = Prepared(insert(intents))
_SAME: Final = and_(
    strategy_state.c.namespace == bindparam("namespace"),
    strategy_state.c.strategy_id == bindparam("strategy_id"),
    strategy_state.c.timeframe == bindparam("timeframe"),
    strategy_state.c.version == bindparam("version"),
)
_STATE: Final = Prepared(select(strategy_state.c.state).where(_SAME))
_LATER: Final = Prepared(
    select(strategy_state.c.closed_at).where(
        _SAME, strategy_state.c.closed_at > bindparam("closed_at")
    )
)
_FORGET_STATE: Final = Prepared(delete(strategy_state).where(_SAME))
_ADD_STATE: Final = Prepared(insert(strategy_state))


class SqlDecisionStore:
    """Decisions in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_decided(
        self, namespace: Namespace, strategy_id: str, frame: Timeframe, closed_at: datetime
    ) -> bool:
        """Tell whether the bar was decided."""
        with self._database.reading() as connection:
            return _is_decided(connection, namespace, strategy_id, frame.name, closed_at)

    def record(self, decision: Decision, state: Mapping[str, str]) -> bool:
        """Keep decision, intents and state in one transaction; False if the bar was decided.

        Research gets no row of intents, so that nothing can assess it (DAG-6); what it wanted
        stands in the decision itself.
        """
        with self._database.writing() as connection:
            if _is_decided(
                connection,
                decision.namespace,
                decision.strategy_id,
                decision.timeframe,
                decision.closed_at,
            ):
                return False
            wanted = [intent_row(each) for each in decision.intents]
            told = [Written(INTENT.text(each)) for each in wanted]
            row = _decision_row(decision, told)
            _ADD_DECISION.run(connection, row)
            if decision.namespace is not Namespace.RESEARCH:
                namespace = decision.namespace.value
                _ADD_INTENT.run_each(
                    connection, [{**each, "namespace": namespace} for each in wanted]
                )
                _note(connection, decision, row, told)
            _keep_state(connection, decision, state)
        return True

    def state(
        self, namespace: Namespace, strategy_id: str, timeframe: str, *, version: str
    ) -> Mapping[str, str]:
        """Return what a version of the strategy saved with its newest bar's decision.

        Empty at first: what another version saved may mean something else, and waits for it.
        """
        of = {**_of(namespace.value, strategy_id, timeframe), "version": version}
        with self._database.reading() as connection:
            found = _STATE.value(connection, of)
        saved: dict[str, str] = {} if found is None else json.loads(found)
        return saved

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered, oldest decision first."""
        with self._database.reading() as connection:
            return pending_intents(connection, namespace.value)


def _is_decided(
    connection: Connection,
    namespace: Namespace,
    strategy_id: str,
    timeframe: str,
    closed_at: datetime,
) -> bool:
    bar = {**_of(namespace.value, strategy_id, timeframe), "closed_at": closed_at}
    return _DECIDED.first(connection, bar) is not None


def _decision_row(decision: Decision, wanted: Sequence[Written]) -> dict[str, Any]:
    row = {name: getattr(decision, name) for name in _DECISION_FIELDS}
    is_research = decision.namespace is Namespace.RESEARCH
    return {
        **row,
        "namespace": decision.namespace.value,
        "outcome": decision.outcome.value,
        "no_signals": canonical(decision.no_signals),
        "research_intents": canonical(wanted) if is_research else None,
    }


def _note(
    connection: Connection,
    decision: Decision,
    row: Mapping[str, Any],
    wanted: Sequence[Written],
) -> None:
    entry = journal.Entry(
        at=decision.decided_at,
        kind="decision.made",
        subject=decision.decision_id,
        actor=decision.run_id,
        payload={"row": row, "intents": wanted, "seen": _seen_row(decision)},
    )
    journal.write(connection, entry)


def _seen_row(decision: Decision) -> dict[str, Any] | None:
    seen = decision.seen
    if seen is None:
        return None
    return {name: getattr(seen, name) for name in Seen.__slots__}


def _of(namespace: str, strategy_id: str, timeframe: str) -> dict[str, Any]:
    return {"namespace": namespace, "strategy_id": strategy_id, "timeframe": timeframe}


def _keep_state(connection: Connection, decision: Decision, state: Mapping[str, str]) -> None:
    """Write the state, unless that of a later bar is there: a late decision cannot turn it back."""
    of = {
        **_of(decision.namespace.value, decision.strategy_id, decision.timeframe),
        "version": decision.strategy_version,
    }
    bar = {**of, "closed_at": decision.closed_at}
    if _LATER.first(connection, bar) is not None:
        return
    _FORGET_STATE.run(connection, of)
    _ADD_STATE.run(connection, {**bar, "state": canonical(state)})
