from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kraken_pipeline.domain.errors import ConflictError, InvalidValueError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Intent, Namespace
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.store import schema
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.schema.decisions import denials
from kraken_pipeline_tests.store.builders import (
    HOUR,
    LOOKUP,
    NOW,
    decision,
    event,
    fill,
    live,
    order,
    plan,
    planned,
    verdict,
)


@pytest.fixture
def orders(database: Database) -> SqlOrderStore:
    return SqlOrderStore(database)


def decided(database: Database, *pairs: str) -> tuple[Intent, ...]:
    said = decision(*pairs)
    SqlDecisionStore(database).record(said, {})
    return said.intents


def test_an_answered_intent_is_pending_no_more(database: Database, orders: SqlOrderStore) -> None:
    first, second = decided(database, "ETHUSD", "XBTUSD")
    with orders.assessing() as assessment:
        assessment.keep(plan(verdict(first)), [])

        assert assessment.pending(Namespace.TRADE) == (second,)
    assert SqlDecisionStore(database).pending(Namespace.TRADE) == (second,)


def test_an_intent_is_answered_once(database: Database, orders: SqlOrderStore) -> None:
    [wanted] = decided(database, "XBTUSD")
    with orders.assessing() as assessment:
        assessment.keep(plan(verdict(wanted)), [])

    with (
        pytest.raises(ConflictError, match=wanted.intent_id),
        orders.assessing() as assessment,
    ):
        assessment.keep(plan(verdict(wanted), plan_id="P2"), [])


def test_an_exception_in_an_assessment_undoes_all_of_it(
    database: Database, orders: SqlOrderStore
) -> None:
    [wanted] = decided(database, "XBTUSD")

    def keep_and_die() -> None:
        with orders.assessing() as assessment:
            assessment.keep(plan(verdict(wanted)), [order(wanted)])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        keep_and_die()
    assert SqlDecisionStore(database).pending(Namespace.TRADE) == (wanted,)
    assert orders.reserving() == ()


def test_an_order_whose_intent_was_denied_is_not_reserved(
    database: Database, orders: SqlOrderStore
) -> None:
    [wanted] = decided(database, "XBTUSD")
    denied = verdict(wanted, Objection("CAP_PAIR", "after=2, max=1"))

    with (
        pytest.raises(InvalidValueError, match="no intent that plan P1 approves"),
        orders.assessing() as assessment,
    ):
        assessment.keep(plan(denied), [order(wanted)])


def test_an_intent_has_one_order(database: Database, orders: SqlOrderStore) -> None:
    [wanted] = decided(database, "XBTUSD")
    twice = [order(wanted), order(wanted, local_id="Oother")]

    with pytest.raises(IntegrityError), orders.assessing() as assessment:
        assessment.keep(plan(verdict(wanted)), twice)
    assert orders.reserving() == ()


def test_a_client_order_id_is_used_once(database: Database, orders: SqlOrderStore) -> None:
    first, second = decided(database, "ETHUSD", "XBTUSD")
    made = order(first)
    again = order(second, cl_ord_id=made.cl_ord_id)

    with pytest.raises(IntegrityError), orders.assessing() as assessment:
        assessment.keep(plan(verdict(first), verdict(second)), [made, again])


def test_nobody_writes_while_an_assessment_is_open(
    database: Database, orders: SqlOrderStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kraken_pipeline.store.database.BUSY_SECONDS", 1)
    other = connect(url)
    with orders.assessing(), pytest.raises(ConflictError):
        SqlHaltStore(other).latch(HaltKind.OPERATOR, reason="x", at=NOW, by="x")
    other.close()


def test_an_assessment_sees_orders_positions_and_halts(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)
    SqlBookStore(database).book([fill("T1")], [], LOOKUP)
    SqlHaltStore(database).latch(HaltKind.OPERATOR, reason="x", at=NOW, by="x")

    with orders.assessing() as assessment:
        assert assessment.reserving_orders() == (made,)
        assert [each.qty for each in assessment.positions()] == [Decimal(1)]
        assert [each.kind for each in assessment.halts()] == [HaltKind.OPERATOR]


def test_the_stop_distance_is_that_of_the_newest_buy_that_filled(
    database: Database, orders: SqlOrderStore
) -> None:
    some = event(Fact.FILL_SEEN, filled_qty=Qty(Decimal("0.01")))
    for number, stop in enumerate(("0.05", "0.07", "0.09")):
        made = live(
            database,
            plan_id=f"P{number}",
            closed_at=NOW + number * HOUR,
            created_at=NOW + number * HOUR,
            stop_distance=Decimal(stop),
        )
        if stop != "0.09":
            orders.record(made, some)
    SqlBookStore(database).book([fill("T1")], [], LOOKUP)

    with orders.assessing() as assessment:
        assert assessment.stop_distances() == {("trend@1h", "XBTUSD"): Decimal("0.07")}


def test_denials_are_rows_with_a_code_each(database: Database, orders: SqlOrderStore) -> None:
    wanted = decided(database, "ETHUSD", "SOLUSD", "XBTUSD")
    cap, age = Objection("CAP_PAIR", "a=1"), Objection("PLAN_AGE", "b=2")
    verdicts = [
        verdict(wanted[0], cap, age),
        verdict(wanted[1], cap),
        verdict(wanted[2]),
    ]
    with orders.assessing() as assessment:
        assessment.keep(plan(*verdicts), [])

    with database.reading() as connection:
        codes = connection.execute(select(denials.c.code)).scalars()
        assert Counter(codes) == {"CAP_PAIR": 2, "PLAN_AGE": 1}


def test_a_verdict_stands_as_it_was_given(database: Database, orders: SqlOrderStore) -> None:
    planned(database)
    with database.reading() as connection:
        row = connection.execute(select(schema.decisions.verdicts)).mappings().one()

    assert (row["verdict"], row["clamped_by"]) == ("approved", '["CAP_PAIR"]')
    assert (row["notional"], row["figures"]) == (Decimal("6010.05"), '{"equity":"100000"}')
