from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Purpose, Trigger
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import (
    HOUR,
    LOOKUP,
    MINUTE,
    NOW,
    event,
    fill,
    live,
    sending,
)

EARLY = NOW - HOUR


@pytest.fixture
def evidence(database: Database) -> SqlLockEvidence:
    return SqlLockEvidence(database)


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    return SqlBookStore(database)


def test_round_trips_are_told_with_all_that_was_bought_also_long_before(
    books: SqlBookStore, evidence: SqlLockEvidence
) -> None:
    books.book([fill("T1"), fill("T2", minutes=90, side=Side.SELL, cost=Decimal(101))], [], LOOKUP)

    [found] = evidence.round_trips(NOW + HOUR)

    assert (found.book, found.pair, found.trade_id) == ("trend@1h", "XBTUSD", "T2")
    assert (found.cost, found.profit) == (Decimal(100), Decimal("0.48"))
    assert evidence.round_trips(NOW + 90 * MINUTE) == ()


def test_what_was_bought_by_hand_is_no_round_trip_of_a_strategy(
    books: SqlBookStore, evidence: SqlLockEvidence
) -> None:
    books.book([fill("T1", book=MANUAL), fill("T2", side=Side.SELL, book=MANUAL)], [], LOOKUP)

    assert evidence.round_trips(EARLY) == ()


def test_what_a_protective_stop_sold_is_told_as_stopped(
    database: Database, books: SqlBookStore, evidence: SqlLockEvidence
) -> None:
    stop = live(database, purpose=Purpose.PROTECT, side=Side.SELL)
    sold = fill("T2", minutes=1, side=Side.SELL, kraken_order_id=str(stop.kraken_order_id))
    books.book([fill("T1"), sold], [], LOOKUP)

    [found] = evidence.round_trips(EARLY)

    assert found.is_stopped


def test_an_order_that_is_refused_is_rejected_and_one_that_is_taken_is_not(
    database: Database, evidence: SqlLockEvidence
) -> None:
    refused = sending(database)
    SqlOrderStore(database).record(refused, event(Fact.REFUSED))
    taken = live(database, "ETHUSD", plan_id="P2", closed_at=NOW + HOUR)
    sending(database, "ADAUSD", plan_id="P3", closed_at=NOW + 2 * HOUR)

    found = {each.local_id: each.is_rejected for each in evidence.endings(EARLY)}

    assert found == {refused.local_id: True, taken.local_id: False}
    assert evidence.endings(NOW) == ()


@pytest.mark.parametrize(
    ("why", "in_force", "rejected"),
    [
        ("Post only order", "GTC", True),
        ("Self trade prevention", "GTC", True),
        ("User requested", "GTC", False),
        ("", "GTC", False),
        ("Immediate or cancel", "IOC", False),
    ],
)
def test_what_the_exchange_cancels_by_itself_without_a_fill_is_rejected(
    database: Database, evidence: SqlLockEvidence, why: str, in_force: str, *, rejected: bool
) -> None:
    taken = live(database, time_in_force=in_force)
    SqlOrderStore(database).record(taken, event(Fact.CANCELED_SEEN, detail=why))

    [found] = evidence.endings(EARLY)

    assert found.is_rejected is rejected


def test_what_we_canceled_is_not_rejected(database: Database, evidence: SqlLockEvidence) -> None:
    orders = SqlOrderStore(database)
    canceling = orders.record(live(database), event(Fact.CANCEL_STARTED))
    orders.record(canceling, event(Fact.CANCELED_SEEN, detail="Post only order"))

    [found] = evidence.endings(EARLY)

    assert not found.is_rejected


@pytest.mark.parametrize(
    ("side", "price", "bps"), [(Side.BUY, "60060.1001", 10), (Side.SELL, "59940.0999", 10)]
)
def test_slippage_is_counted_from_the_price_of_the_decision_and_worse_is_above_zero(
    database: Database,
    books: SqlBookStore,
    evidence: SqlLockEvidence,
    side: Side,
    price: str,
    bps: int,
) -> None:
    order = live(database, side=side)
    told: dict[str, Any] = {
        "kraken_order_id": str(order.kraken_order_id),
        "side": side,
        "qty": Qty(Decimal(2)),
    }
    books.book(
        [
            fill("T1", cost=2 * Decimal(price) + 1, **told),
            fill("T2", minutes=3, cost=2 * Decimal(price) - 1, **told),
        ],
        [],
        LOOKUP,
    )

    [found] = evidence.slips(EARLY)

    assert (found.local_id, found.pair, found.bps) == (order.local_id, "XBTUSD", Decimal(bps))
    assert found.at == NOW + 3 * MINUTE


def test_slippage_of_a_protective_stop_is_counted_from_its_trigger(
    database: Database, books: SqlBookStore, evidence: SqlLockEvidence
) -> None:
    trigger = Trigger(price=Price(Decimal(100)))
    stop = live(
        database,
        purpose=Purpose.PROTECT,
        side=Side.SELL,
        order_type="stop-loss",
        trigger=trigger,
    )
    sold = fill(
        "T1", side=Side.SELL, kraken_order_id=str(stop.kraken_order_id), cost=Decimal("99.5")
    )
    books.book([sold], [], LOOKUP)

    [found] = evidence.slips(EARLY)

    assert found.bps == 50


def test_what_is_of_no_order_of_ours_has_no_slippage(
    books: SqlBookStore, evidence: SqlLockEvidence
) -> None:
    books.book([fill("T1", book=MANUAL)], [], LOOKUP)

    assert evidence.slips(NOW - timedelta(days=1)) == ()
