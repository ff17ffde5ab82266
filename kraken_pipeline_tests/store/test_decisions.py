from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from kraken_pipeline.domain.intents import Action, Namespace, Target, Unit
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store import schema
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline_tests.store.builders import HOUR, NOW, decision

HOURLY = timeframe("1h")


@pytest.fixture
def decisions(database: Database) -> SqlDecisionStore:
    return SqlDecisionStore(database)


def rows(database: Database, name: str) -> list[dict[str, Any]]:
    with database.reading() as connection:
        found = connection.execute(select(schema.metadata.tables[name])).mappings()
        return [dict(each) for each in found]


def test_intents_are_read_as_they_were_decided(decisions: SqlDecisionStore) -> None:
    said = decision("ETHUSD", "XBTUSD")
    decisions.record(said, {})

    assert set(decisions.pending(Namespace.TRADE)) == set(said.intents)


def test_a_bar_is_decided_once(database: Database, decisions: SqlDecisionStore) -> None:
    first = decisions.record(decision("XBTUSD"), {"a": "1"})
    again = decisions.record(decision("ETHUSD"), {"a": "2"})

    assert (first, again) == (True, False)
    assert [each.pair for each in decisions.pending(Namespace.TRADE)] == ["XBTUSD"]
    assert decisions.state(Namespace.TRADE, "trend", "1h", version="1") == {"a": "1"}


def test_an_intent_keeps_its_action_and_its_target(decisions: SqlDecisionStore) -> None:
    said = decision("XBTUSD", "ETHUSD")
    target = Target(unit=Unit.WEIGHT, amount=Decimal("0.025"))
    part = replace(said.intents[0], action=Action.REDUCE, target=target)
    intents = (part, replace(said.intents[1], action=Action.INCREASE))
    decisions.record(replace(said, intents=intents), {})

    kept = {each.pair: each for each in decisions.pending(Namespace.TRADE)}
    assert kept == {each.pair: each for each in intents}


def test_a_bar_is_known_to_be_decided_by_that_strategy_only(decisions: SqlDecisionStore) -> None:
    decisions.record(decision(), {})

    assert decisions.is_decided(Namespace.TRADE, "trend", HOURLY, NOW)
    assert not decisions.is_decided(Namespace.TRADE, "other", HOURLY, NOW)
    assert not decisions.is_decided(Namespace.REHEARSAL, "trend", HOURLY, NOW)
    assert not decisions.is_decided(Namespace.TRADE, "trend", HOURLY, NOW + HOUR)


def test_the_oldest_decision_is_answered_first(decisions: SqlDecisionStore) -> None:
    for hours in (1, 0, 2):
        decisions.record(decision("XBTUSD", closed_at=NOW + hours * HOUR), {})

    closes = [each.closed_at for each in decisions.pending(Namespace.TRADE)]
    assert closes == [NOW, NOW + HOUR, NOW + 2 * HOUR]


def test_namespaces_do_not_mix(decisions: SqlDecisionStore) -> None:
    decisions.record(decision("XBTUSD", namespace=Namespace.REHEARSAL), {"a": "1"})

    assert decisions.pending(Namespace.TRADE) == ()
    assert len(decisions.pending(Namespace.REHEARSAL)) == 1
    assert decisions.state(Namespace.TRADE, "trend", "1h", version="1") == {}


def test_research_leaves_no_row_of_intents_nor_of_the_journal(
    database: Database, decisions: SqlDecisionStore
) -> None:
    decisions.record(decision("XBTUSD", namespace=Namespace.RESEARCH), {"a": "1"})

    assert rows(database, "intents") == rows(database, "journal") == []
    [kept] = rows(database, "decisions")
    assert '"pair":"XBTUSD"' in kept["research_intents"]
    assert decisions.state(Namespace.RESEARCH, "trend", "1h", version="1") == {"a": "1"}


def test_why_nothing_was_wanted_is_kept_as_compact_json(
    database: Database, decisions: SqlDecisionStore
) -> None:
    decisions.record(decision(no_signals={"XBTUSD": "flat", "ETHUSD": "no data"}), {})

    [kept] = rows(database, "decisions")
    assert kept["no_signals"] == '{"ETHUSD":"no data","XBTUSD":"flat"}'


def test_stg_2_each_version_of_a_strategy_finds_its_own_state(decisions: SqlDecisionStore) -> None:
    decisions.record(decision(closed_at=NOW, strategy_version="1"), {"a": "1"})
    decisions.record(decision(closed_at=NOW + HOUR, strategy_version="2"), {"b": "2"})

    of = (Namespace.TRADE, "trend", "1h")
    assert [decisions.state(*of, version=each) for each in "123"] == [{"a": "1"}, {"b": "2"}, {}]


def test_a_late_decision_of_an_older_bar_does_not_turn_the_state_back(
    decisions: SqlDecisionStore,
) -> None:
    decisions.record(decision(closed_at=NOW), {"a": "new"})
    decisions.record(decision(closed_at=NOW - HOUR, decided_at=NOW + HOUR), {"a": "old"})

    assert decisions.state(Namespace.TRADE, "trend", "1h", version="1") == {"a": "new"}


def test_a_failure_in_the_middle_keeps_nothing_of_the_decision(
    database: Database, decisions: SqlDecisionStore
) -> None:
    said = decision("XBTUSD")
    twice = replace(said, intents=said.intents * 2)

    with pytest.raises(Exception, match="intent_id"):
        decisions.record(twice, {"a": "1"})
    assert rows(database, "decisions") == rows(database, "strategy_state") == []
