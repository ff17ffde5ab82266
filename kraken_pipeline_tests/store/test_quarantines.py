"""Quarantines: who is kept out, for what, and until when."""

from datetime import datetime

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Namespace, Outcome
from kraken_pipeline.domain.quarantines import Quarantine
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.quarantines import SqlQuarantineStore
from kraken_pipeline_tests.store.builders import HOUR, NOW, decision

FAULT = "STRATEGY_FAULT: x"


@pytest.fixture
def store(database: Database) -> SqlQuarantineStore:
    return SqlQuarantineStore(database)


def kept(database: Database, hours: int, reason: str = "", **changes: object) -> datetime:
    at = NOW + hours * HOUR
    outcome = Outcome.SKIPPED if reason else Outcome.NO_SIGNAL
    told = {"closed_at": at, "decided_at": at, "outcome": outcome, "reason": reason, **changes}
    assert SqlDecisionStore(database).record(decision(**told), {})
    return at


def quarantine(name: str = "Q1", at: datetime = NOW) -> Quarantine:
    return Quarantine(quarantine_id=name, strategy_id="trend", since=at, reason="3 faults")


def test_faults_are_told_newest_first_on_whatever_timeframe(
    database: Database, store: SqlQuarantineStore
) -> None:
    kept(database, 0, FAULT)
    kept(database, 1, no_signals={"XBTUSD": "BAD_INTENT: nan"})
    kept(database, 2, no_signals={"XBTUSD": "flat"})
    kept(database, 3, FAULT, timeframe="1d")
    kept(database, 4, "DATA_STALE_EVENT: no bar")
    kept(database, 5, FAULT, strategy_id="other")
    kept(database, 6, FAULT, namespace=Namespace.REHEARSAL)

    assert store.faults("trend", most=9) == (FAULT, "", "BAD_INTENT: nan", FAULT)
    assert store.faults("trend", most=2) == (FAULT, "")


def test_a_quarantine_lasts_until_a_person_ends_it_and_forgives_what_was(
    database: Database, store: SqlQuarantineStore
) -> None:
    at = kept(database, 0, FAULT)
    store.begin(quarantine(at=at), by="run")
    store.begin(quarantine("Q2", at=at), by="run")
    assert store.in_force() == {"trend": quarantine(at=at)}

    store.release(quarantine(at=at), at=at, by="me", reason="mended")
    kept(database, 1, FAULT)

    assert store.in_force() == {}
    assert store.faults("trend", most=9) == (FAULT,)


def test_the_same_fault_begins_no_second_quarantine(store: SqlQuarantineStore) -> None:
    store.begin(quarantine(), by="run")
    store.release(quarantine(), at=NOW, by="me", reason="mended")
    store.begin(quarantine(), by="run again")

    assert store.in_force() == {}


def test_a_release_without_a_reason_is_refused(store: SqlQuarantineStore) -> None:
    store.begin(quarantine(), by="run")

    with pytest.raises(InvalidValueError, match="with a reason"):
        store.release(quarantine(), at=NOW, by="me", reason=" ")


def test_the_journal_tells_of_begin_and_end(database: Database, store: SqlQuarantineStore) -> None:
    store.begin(quarantine(), by="run")
    store.release(quarantine(), at=NOW, by="me", reason="mended")

    assert verify(database).faults == ()
