"""A change of an order that rests is let through, or not, in the transaction that writes it."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import LeaseLostError, RefusedError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import (
    HOUR,
    LEASE,
    LOOKUP,
    MINUTE,
    NOW,
    event,
    fill,
    live,
    look_for,
    sending,
    written_off,
)


def _wish(qty: str, limit: str | None = None) -> Event:
    wanted = Amendment(
        qty=Qty(Decimal(qty)), limit_price=None if limit is None else Price(Decimal(limit))
    )
    return event(Fact.AMEND_STARTED, amendment=wanted, deadline=NOW + MINUTE)


def _epoch(database: Database) -> int:
    return SqlOrderStore(database).take_lease(LEASE, owner="a", now=NOW, length=HOUR)


def test_a_change_is_kept_with_what_it_asks_and_what_was_before(database: Database) -> None:
    orders = SqlOrderStore(database)
    made = live(database)
    assert orders.changes(made.local_id, since=NOW) == ()

    asked = orders.record(made, _wish("0.05"), epoch=_epoch(database))
    assert orders.order(made.local_id) == asked
    assert asked.amending == Amendment(qty=Qty(Decimal("0.05")))
    before = Amendment(qty=made.qty, limit_price=made.limit_price)
    changed = orders.record(asked, event(Fact.AMENDED, amendment=before))

    assert (changed.state, changed.qty) == (State.LIVE, Decimal("0.05"))
    [done] = orders.changes(made.local_id, since=NOW)
    assert done.amendment == before
    assert orders.changes(made.local_id, since=done.at + MINUTE) == ()


def test_oms_2_without_the_lease_in_force_nothing_is_changed(database: Database) -> None:
    orders = SqlOrderStore(database)
    made = live(database)

    with pytest.raises(LeaseLostError):
        orders.record(made, _wish("0.05"))

    assert orders.order(made.local_id) == made


def test_inv_7_under_a_halt_a_buy_grows_by_nothing(database: Database) -> None:
    orders = SqlOrderStore(database)
    made = live(database)
    SqlHaltStore(database).latch(HaltKind.OPERATOR, reason="a test", at=NOW, by="me")

    with pytest.raises(RefusedError, match="KILL_MANUAL"):
        orders.record(made, _wish("0.2", "30000"), epoch=_epoch(database))

    asked = orders.record(made, _wish("0.05"), epoch=_epoch(database))
    assert asked.state is State.AMENDING


def _sale(database: Database) -> Order:
    made = live(database, side=Side.SELL)
    bought = fill("T1", qty=Qty(Decimal("0.3")), book=f"{made.strategy_id}@{made.timeframe}")
    SqlBookStore(database).book([bought], [], LOOKUP)
    return made


def test_inv_6_a_sale_grows_to_what_its_book_holds(database: Database) -> None:
    orders = SqlOrderStore(database)
    made = _sale(database)
    with pytest.raises(RefusedError, match="AMEND_HELD"):
        orders.record(made, _wish("0.31"), epoch=_epoch(database))

    asked = orders.record(made, _wish("0.3"), epoch=_epoch(database))

    assert asked.open_qty == Decimal("0.3")


def test_f_sub_20_a_sale_does_not_grow_by_what_a_person_wrote_off(database: Database) -> None:
    orders = SqlOrderStore(database)
    made = _sale(database)
    gone = written_off(database, side=Side.SELL, qty=Qty(Decimal("0.1")))
    with pytest.raises(RefusedError, match=r"would sell 0\.3, 0\.2 is free"):
        orders.record(made, _wish("0.3"), epoch=_epoch(database))

    look_for(database, gone)

    asked = orders.record(made, _wish("0.3"), epoch=_epoch(database))
    assert asked.state is State.AMENDING


def test_only_what_a_person_wrote_off_since_then_is_looked_for(database: Database) -> None:
    orders = SqlOrderStore(database)
    left = orders.record(sending(database), event(Fact.FATE_UNRESOLVED))
    assert orders.written_off(since=NOW) == ()

    gone = orders.record(left, event(Fact.WRITTEN_OFF))

    assert orders.written_off(since=NOW) == (gone,)
    assert orders.written_off(since=NOW + HOUR) == ()
