from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.executions import (
    execution,
    grounds,
    last_results,
    recent_executions,
)
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import HOUR, MINUTE, NOW, event, live, planned


def test_recent_executions_are_newest_first_with_every_step(database: Database) -> None:
    older = live(database)
    newer = planned(database, "ETHUSD", plan_id="P2", closed_at=NOW + HOUR, created_at=NOW + HOUR)

    found = recent_executions(database, limit=5)
    assert [each.order for each in found] == [newer, older]
    assert [each.fact for each in found[1].steps] == ["planned", "send_started", "accepted"]
    assert len(recent_executions(database, limit=1)) == 1


def test_an_execution_tells_why_an_order_ended(database: Database) -> None:
    made = planned(database)
    SqlOrderStore(database).record(made, event(Fact.WITHDRAWN, detail="PLAN_AGE"))

    last = execution(database, made.local_id).steps[-1]
    assert (last.from_status, last.to_status, last.detail) == ("planned", "withdrawn", "PLAN_AGE")
    assert (last.at, last.source) == (NOW + MINUTE, "test")


def test_last_results_are_newest_first(database: Database) -> None:
    results = []
    for number in range(3):
        planned(database, plan_id=f"P{number}", closed_at=NOW + number * HOUR)
        results.append(
            PlanResult(
                plan_id=PlanId(f"P{number}"),
                started_at=NOW,
                completed_at=None,
                status="assessed",
                summary="1 order",
            )
        )
        SqlOrderStore(database).note_result(results[-1])

    assert last_results(database, limit=2) == (results[2], results[1])


def test_an_order_leads_back_to_what_it_was_decided_on(database: Database) -> None:
    made = planned(database, qty=Decimal("0.5"))

    found = grounds(database, made.local_id)
    assert (found.strategy_id, found.closed_at, found.reason) == ("trend", NOW, "crossed")
    assert (found.decided_by, found.inputs_hash, found.plan_id) == ("run", "i", "P1")
    assert found.figures == '{"equity":"100000"}'


def test_an_order_that_is_not_there_has_no_grounds(database: Database) -> None:
    with pytest.raises(UnknownNameError, match="'Onone'"):
        grounds(database, "Onone")
