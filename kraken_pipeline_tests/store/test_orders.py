from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from kraken_pipeline.domain.attempts import next_attempt
from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import (
    ConflictError,
    ImpossibleFactError,
    InvalidValueError,
    LeaseLostError,
    RefusedError,
    UnknownNameError,
)
from kraken_pipeline.domain.fate import Read
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Fact, Order, State
from kraken_pipeline.domain.plans import PlanResult
from kraken_pipeline.store import schema
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders
from kraken_pipeline_tests.store.builders import (
    HOUR,
    LEASE,
    LOOKUP,
    MINUTE,
    NOW,
    event,
    fill,
    live,
    planned,
    sending,
)


@pytest.fixture
def orders(database: Database) -> SqlOrderStore:
    return SqlOrderStore(database)


def row_count(database: Database, name: str) -> int:
    with database.reading() as connection:
        return len(connection.execute(select(schema.metadata.tables[name])).all())


def test_an_order_is_read_as_it_was_reserved(database: Database, orders: SqlOrderStore) -> None:
    made = planned(
        database,
        qty=Qty(Decimal("0.00000001")),
        limit_price=Price(Decimal("123456789.123456789")),
        post_only=True,
    )

    assert orders.order(made.local_id) == made


def test_an_order_that_is_not_there_is_named(orders: SqlOrderStore) -> None:
    with pytest.raises(UnknownNameError, match="'Onone'"):
        orders.order("Onone")


def test_a_fact_moves_the_order_and_raises_its_version(
    database: Database, orders: SqlOrderStore
) -> None:
    made = live(database)

    assert (made.state, made.version) == (State.LIVE, 2)
    assert orders.order(made.local_id) == made


def test_each_fact_is_kept_as_a_row_with_its_move(database: Database) -> None:
    made = live(database)
    table = execution_order_events
    with database.reading() as connection:
        moves = connection.execute(
            select(table.c.from_status, table.c.to_status, table.c.fact, table.c.version)
            .where(table.c.local_id == made.local_id)
            .order_by(table.c.version)
        ).all()

    assert [tuple(each) for each in moves] == [
        (None, "planned", "planned", 0),
        ("planned", "sending", "send_started", 1),
        ("sending", "live", "accepted", 2),
    ]


def test_an_order_that_changed_since_it_was_read_is_not_written(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)
    orders.record(made, event(Fact.WITHDRAWN))

    with pytest.raises(ConflictError, match="version 1, not 0"):
        orders.record(made, event(Fact.WITHDRAWN))


def test_a_fact_that_contradicts_changes_nothing(database: Database, orders: SqlOrderStore) -> None:
    made = planned(database)
    before = row_count(database, "journal")

    with pytest.raises(ImpossibleFactError):
        orders.record(made, event(Fact.ACCEPTED))
    assert orders.order(made.local_id) == made
    assert row_count(database, "journal") == before


def test_sending_needs_a_lease(database: Database, orders: SqlOrderStore) -> None:
    made = planned(database)

    with pytest.raises(LeaseLostError, match="none was given"):
        orders.record(made, event(Fact.SEND_STARTED))


def test_an_epoch_that_another_owner_followed_cannot_send(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)
    stale = orders.take_lease(LEASE, owner="a", now=NOW, length=MINUTE)
    orders.take_lease(LEASE, owner="b", now=NOW + MINUTE, length=HOUR)

    with pytest.raises(LeaseLostError, match="taken over"):
        orders.record(made, event(Fact.SEND_STARTED), epoch=stale)


def test_an_epoch_that_ran_out_cannot_send(database: Database, orders: SqlOrderStore) -> None:
    made = planned(database)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=MINUTE)

    with pytest.raises(LeaseLostError, match="ran out"):
        orders.record(made, event(Fact.SEND_STARTED, at=NOW + MINUTE), epoch=epoch)


def test_an_epoch_that_was_given_back_cannot_send(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    orders.release_lease(LEASE, owner="a")

    with pytest.raises(LeaseLostError, match="given back"):
        orders.record(made, event(Fact.SEND_STARTED), epoch=epoch)


@pytest.mark.parametrize("side", list(Side))
def test_while_a_halt_is_latched_a_buy_cannot_be_sent_and_a_sell_can(
    database: Database, orders: SqlOrderStore, side: Side
) -> None:
    made = planned(database, side=side)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    SqlHaltStore(database).latch(HaltKind.DRIFT, reason="ZUSD differs", at=NOW, by="x")

    if side is Side.SELL:
        sent = orders.record(made, event(Fact.SEND_STARTED), epoch=epoch)
        assert sent.state is State.SENDING
    else:
        with pytest.raises(RefusedError, match="KILL_DRIFT: ZUSD differs"):
            orders.record(made, event(Fact.SEND_STARTED), epoch=epoch)
        assert orders.order(made.local_id).state is State.PLANNED


def test_an_order_is_not_begun_to_be_sent_twice(database: Database, orders: SqlOrderStore) -> None:
    made = sending(database)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)

    with pytest.raises(ImpossibleFactError):
        orders.record(made, event(Fact.SEND_STARTED), epoch=epoch)


def test_an_id_of_the_exchange_belongs_to_one_order(
    database: Database, orders: SqlOrderStore
) -> None:
    first = live(database)
    second = sending(database, "ETHUSD", plan_id="P2", closed_at=NOW + HOUR)

    taken = event(Fact.ACCEPTED, kraken_order_id=first.kraken_order_id)
    with pytest.raises(ImpossibleFactError, match=f"is {first.local_id}"):
        orders.record(second, taken)


def test_what_may_still_fill_is_reserving_and_what_ended_is_not(
    database: Database, orders: SqlOrderStore
) -> None:
    first = live(database)
    second = planned(database, "ETHUSD", plan_id="P2", closed_at=NOW + HOUR)
    ended = planned(database, "SOLUSD", plan_id="P3", closed_at=NOW + 2 * HOUR)
    orders.record(ended, event(Fact.WITHDRAWN))

    assert {each.local_id for each in orders.reserving()} == {first.local_id, second.local_id}


def test_orders_are_found_by_the_ids_of_the_exchange(
    database: Database, orders: SqlOrderStore
) -> None:
    made = live(database)

    asked = [f"none{number}" for number in range(1_200)] + [str(made.kraken_order_id)]
    assert orders.with_exchange_ids(asked) == (made,)


def test_orders_are_found_by_the_id_that_we_gave_them(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)

    asked = [f"none{number}" for number in range(1_200)] + [made.cl_ord_id]
    assert orders.with_client_ids(asked) == (made,)


def test_the_orders_of_a_plan_are_found(database: Database, orders: SqlOrderStore) -> None:
    made = planned(database)
    planned(database, "ETHUSD", plan_id="P2", closed_at=NOW + HOUR)

    assert orders.orders_of_plan(PlanId("P1")) == (made,)


def filled(database: Database, orders: SqlOrderStore) -> str:
    made = live(database)
    done = event(Fact.FILLED_SEEN, filled_qty=made.qty, avg_fill_price=made.limit_price)
    orders.record(made, done)
    return made.local_id


def test_an_ended_order_is_unmatched_with_what_is_booked_of_it(
    database: Database, orders: SqlOrderStore
) -> None:
    local_id = filled(database, orders)
    order = orders.order(local_id)
    parts = [Qty(Decimal("0.03")), Qty(Decimal("0.07"))]
    SqlBookStore(database).book(
        [
            fill(f"T{number}", kraken_order_id=str(order.kraken_order_id), qty=qty)
            for number, qty in enumerate(parts)
        ],
        [],
        LOOKUP,
    )

    assert orders.unmatched() == ((order, Decimal("0.10")),)


def test_a_matched_order_is_settled_and_no_longer_unmatched(
    database: Database, orders: SqlOrderStore
) -> None:
    local_id = filled(database, orders)
    orders.record(orders.order(local_id), event(Fact.BOOKS_MATCHED))

    assert orders.unmatched() == ()
    with database.reading() as connection:
        settled = select(execution_orders.c.settled_at)
        assert connection.execute(settled).scalar_one() == NOW + MINUTE


def test_a_fill_that_is_heard_after_settling_must_be_matched_again(
    database: Database, orders: SqlOrderStore
) -> None:
    made = live(database)
    some = event(Fact.CANCELED_SEEN, filled_qty=Qty(Decimal("0.01")))
    canceled = orders.record(made, some)
    settled = orders.record(canceled, event(Fact.BOOKS_MATCHED))
    late = orders.record(settled, event(Fact.FILL_SEEN, filled_qty=Qty(Decimal("0.02"))))

    assert orders.unmatched() == ((late, Decimal(0)),)


def test_clean_reads_count_only_as_far_apart_as_asked(
    database: Database, orders: SqlOrderStore
) -> None:
    made = sending(database)
    counts = [
        orders.note_clean_read(
            made.local_id,
            Read(at=NOW + seconds * timedelta(seconds=1), doubts=frozenset({"é", str(seconds)})),
            spacing=timedelta(seconds=10),
        )
        for seconds in (0, 0, 9, 10, 19, 20)
    ]

    assert [len(each) for each in counts] == [1, 1, 1, 2, 2, 3]
    assert orders.clean_reads(made.local_id) == counts[-1]
    assert orders.clean_reads(made.local_id) == tuple(
        Read(at=NOW + timedelta(seconds=seconds), doubts=frozenset({"é", str(seconds)}))
        for seconds in (0, 10, 20)
    )
    assert orders.clean_reads("Onone") == ()


def test_a_clean_read_of_no_order_is_refused(orders: SqlOrderStore) -> None:
    with pytest.raises(UnknownNameError):
        orders.note_clean_read("Onone", Read(at=NOW), spacing=timedelta(seconds=10))


def result(status: str, completed: timedelta | None = None) -> PlanResult:
    return PlanResult(
        plan_id=PlanId("P1"),
        started_at=NOW,
        completed_at=None if completed is None else NOW + completed,
        status=status,
        summary=f"1 {status}",
    )


def test_a_result_is_written_over_what_was_noted_before(
    database: Database, orders: SqlOrderStore
) -> None:
    planned(database)
    orders.note_result(result("assessed"))
    orders.note_result(result("submitted"))

    assert orders.unfinished_plans() == (result("submitted"),)


@pytest.mark.parametrize("status", ["settled", "failed"])
def test_a_plan_that_is_over_is_not_unfinished(
    database: Database, orders: SqlOrderStore, status: str
) -> None:
    planned(database)
    orders.note_result(result(status, HOUR))

    assert orders.unfinished_plans() == ()


def test_a_result_of_no_plan_is_refused(orders: SqlOrderStore) -> None:
    with pytest.raises(UnknownNameError, match="'P1'"):
        orders.note_result(result("assessed"))


def _attempted(orders: SqlOrderStore, made: Order) -> tuple[Order, Order]:
    """Return an order that is sent, and the next attempt at it."""
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    sent = orders.record(made, event(Fact.SEND_STARTED, deadline=NOW), epoch=epoch)
    return sent, next_attempt(made, now=NOW + MINUTE)


def test_a_refusal_is_written_with_the_next_attempt(
    database: Database, orders: SqlOrderStore
) -> None:
    sent, again = _attempted(orders, planned(database))

    refused = orders.record_refusal(sent, event(Fact.REFUSED, detail="no"), again=again)

    assert refused.state is State.REJECTED
    assert orders.reserving() == (again,)
    assert verify(database).faults == ()


@pytest.mark.parametrize(
    "changes", [{"attempt": 3}, {"qty": Qty(Decimal(1_000_000))}, {"intent_id": "Iother"}]
)
def test_nothing_else_than_the_next_attempt_goes_with_a_refusal(
    database: Database, orders: SqlOrderStore, changes: dict[str, object]
) -> None:
    sent, again = _attempted(orders, planned(database))
    wrong = replace(again, **changes)  # type: ignore[arg-type] # replace itself refuses wrong fields

    with pytest.raises(InvalidValueError, match="no next attempt"):
        orders.record_refusal(sent, event(Fact.REFUSED), again=wrong)

    assert orders.order(sent.local_id) == sent
    assert orders.reserving() == (sent,)


def test_an_order_that_may_exist_has_no_next_attempt(
    database: Database, orders: SqlOrderStore
) -> None:
    sent, again = _attempted(orders, planned(database))

    with pytest.raises(InvalidValueError, match="no next attempt"):
        orders.record_refusal(sent, event(Fact.FATE_UNCLEAR), again=again)

    assert orders.order(sent.local_id) == sent


def test_a_refusal_of_which_somebody_learned_more_plans_nothing(
    database: Database, orders: SqlOrderStore
) -> None:
    sent, again = _attempted(orders, planned(database))
    orders.record(sent, event(Fact.FATE_UNCLEAR))

    with pytest.raises(ConflictError):
        orders.record_refusal(sent, event(Fact.REFUSED), again=again)

    assert [each.state for each in orders.reserving()] == [State.UNKNOWN]


def test_a_pair_cools_until_the_latest_that_was_said(
    database: Database, orders: SqlOrderStore
) -> None:
    for number, minutes in enumerate([5, 3]):
        made = planned(database, closed_at=NOW + number * HOUR, plan_id=f"P{number}")
        sent, _ = _attempted(orders, made)
        pause = Cooldown(pair="XBTUSD", until=NOW + minutes * MINUTE, reason="no funds")
        orders.record_refusal(sent, event(Fact.REFUSED), cooldown=pause)

    with orders.assessing() as assessment:
        assert assessment.cooldowns() == {"XBTUSD": NOW + 3 * MINUTE}
    assert verify(database).faults == ()


def test_several_orders_leave_in_one_transaction_or_none_of_them(
    database: Database, orders: SqlOrderStore
) -> None:
    made = [
        planned(database, closed_at=NOW - number * HOUR, plan_id=f"P{number}")
        for number in range(2)
    ]
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    stale = [made[0], replace(made[1], version=7)]

    with pytest.raises(ConflictError):
        orders.record_all([(each, event(Fact.SEND_STARTED)) for each in stale], epoch=epoch)
    assert {each.state for each in orders.reserving()} == {State.PLANNED}

    sent = orders.record_all([(each, event(Fact.SEND_STARTED)) for each in made], epoch=epoch)
    assert {each.state for each in sent} == {State.SENDING}
    assert set(orders.reserving()) == set(sent)


def test_several_orders_need_the_lease_as_one_does(
    database: Database, orders: SqlOrderStore
) -> None:
    made = planned(database)

    with pytest.raises(LeaseLostError):
        orders.record_all([(made, event(Fact.SEND_STARTED))])
