"""Holdings under a new name: kept with the positions, and found again by whoever replays them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.renames import Conversion
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.conversions import SqlConversionStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.transfers import SqlTransferStore
from kraken_pipeline_tests.store.builders import LOOKUP, MINUTE, NOW, fill

NEW = {"pair": "NEWUSD", "price": Decimal(1)}


def held(database: Database) -> dict[str, Position]:
    return {each.pair: each for each in SqlBookStore(database).positions()}


def conversion(of: Position, *, minutes: int) -> Conversion:
    return Conversion(
        conversion_id=f"C{minutes}",
        book=of.book,
        from_asset=Asset("XBT"),
        to_asset=Asset("NEW"),
        ratio=Decimal(1000),
        effective_at=NOW,
        from_pair=of.pair,
        to_pair="NEWUSD",
        qty=of.qty,
        to_qty=Qty(of.qty * 1000),
        cost=of.cost,
        at=NOW + minutes * MINUTE,
    )


@pytest.fixture
def carried(database: Database) -> Database:
    """Return books whose XBT has become NEW."""
    SqlBookStore(database).book([fill("T1", minutes=5)], [], LOOKUP)
    holding = held(database)["XBTUSD"]
    SqlConversionStore(database).convert([(holding, conversion(holding, minutes=1))])
    return database


def test_a_holding_goes_on_with_its_cost(carried: Database) -> None:
    [kept] = SqlConversionStore(carried).conversions()

    assert kept.at == NOW + 5 * MINUTE  # not before the fill that it moves
    assert [held(carried)[each].qty for each in ("XBTUSD", "NEWUSD")] == [0, 1000]
    assert held(carried)["NEWUSD"].cost == 100
    assert verify(carried).faults == ()


def test_what_is_sold_later_realises_against_the_cost_of_the_old_name(carried: Database) -> None:
    sale = fill("T2", minutes=9, side=Side.SELL, qty=Qty(Decimal(1000)), cost=Decimal(90), **NEW)
    SqlBookStore(carried).book([sale], [], LOOKUP)

    assert held(carried)["NEWUSD"].realised == Decimal(-10) - sale.fee
    assert verify(carried).faults == ()


@pytest.mark.parametrize("pair", ["XBTUSD", "NEWUSD"])
def test_a_fill_that_is_heard_late_is_booked_in_its_place(carried: Database, pair: str) -> None:
    SqlBookStore(carried).book([fill("T0", minutes=0, pair=pair)], [], LOOKUP)

    assert sum(each.cost for each in held(carried).values()) == 200
    assert verify(carried).faults == ()


def test_dust_of_the_new_name_can_be_moved_at_the_same_instant(carried: Database) -> None:
    holding = held(carried)["NEWUSD"]
    SqlTransferStore(carried).move(holding, "dust", at=NOW, reason="too small")

    assert verify(carried).faults == ()


def test_a_holding_that_changed_meanwhile_is_not_carried_over(carried: Database) -> None:
    old = replace(held(carried)["NEWUSD"], qty=Qty(Decimal(1)))

    with pytest.raises(ConflictError, match="changed"):
        SqlConversionStore(carried).convert([(old, conversion(old, minutes=9))])


def test_a_row_that_nobody_told_of_is_found(carried: Database) -> None:
    with carried.writing() as connection:
        connection.exec_driver_sql("UPDATE conversions SET cost = '1'")

    assert any("conversions" in each for each in verify(carried).faults)
