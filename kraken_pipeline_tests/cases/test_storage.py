"""F-SUB-15, F-SUB-16, F-STO, F-RSK-4: a disk that fails, books that are older than they were."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, ConflictError, StorageError
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.database import SCHEMA_VERSION, Database, connect
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.full_disk import full_disk
from kraken_pipeline_tests.services.paper import SETTLE_WINDOW, Paper, stores_at

LOW = "49000"
"""A limit at which a buy rests."""
HIGH = 0x80
"""The bit that makes of a letter what is no text."""


def test_f_sub_15_what_cannot_be_written_down_is_not_sent(desk: Paper) -> None:
    order = desk.planned(limit=LOW)

    with full_disk(), pytest.raises(StorageError, match="cannot be kept"):
        desk.submit()

    assert desk.orders_there() == []
    assert desk.now_of(order).state is State.PLANNED
    assert verify(desk.stores.database).faults == ()


def test_f_sub_15_once_there_is_room_again_the_same_order_goes_once(desk: Paper) -> None:
    order = desk.planned(limit=LOW)
    with full_disk(), pytest.raises(StorageError):
        desk.submit()

    desk.submit()

    assert desk.orders_there() == [order.cl_ord_id]
    assert desk.now_of(order).state is State.LIVE


def test_f_sub_15_nor_is_it_sent_while_another_holds_the_database(
    desk: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.planned(limit=LOW)
    monkeypatch.setattr("kraken_pipeline.store.database.BUSY_SECONDS", 0.1)
    with (
        stores_at(desk.url) as impatient,
        closing(sqlite3.connect(desk.url.removeprefix("sqlite:///"))) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConflictError):
            desk.submit(orders=impatient.orders)

    assert desk.orders_there() == []


@pytest.fixture
def filling_up() -> Iterator["FillingUp"]:
    made = FillingUp()
    yield made
    made.make_room()


@dataclass
class FillingUp:
    """A disk that is full from the moment on at which the exchange has the order."""

    full: object = None

    def before(self, gateway: Gateway) -> Gateway:
        def add(order: Order, **more: object) -> Placed | Rehearsed:
            reply = gateway.add(order, **more)  # type: ignore[arg-type]  # handed on as it came
            self.full = full_disk()
            self.full.__enter__()
            return reply

        return overriding(gateway, add=add)

    def make_room(self) -> None:
        if self.full is not None:
            self.full.__exit__(None, None, None)  # type: ignore[attr-defined]  # a context
            self.full = None


def test_f_sub_16_an_answer_that_could_not_be_written_is_found_again_at_the_exchange(
    desk: Paper, filling_up: FillingUp
) -> None:
    order = desk.planned(limit=LOW)
    with pytest.raises(StorageError):
        desk.submit(gateway=filling_up.before(desk.trader))
    filling_up.make_room()
    assert desk.now_of(order).state is State.SENDING

    desk.turn(seconds=SETTLE_WINDOW.total_seconds() + 10)
    desk.settle()
    desk.submit()

    assert desk.now_of(order).state is State.LIVE
    assert desk.orders_there() == [order.cl_ord_id]
    assert verify(desk.stores.database).faults == ()


@pytest.mark.parametrize("bit", [1, HIGH])
@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_f_sto_1_a_damaged_journal_is_found(desk: Paper, place: float, bit: int) -> None:
    for _ in range(3):
        desk.planned(limit=LOW)
    desk.submit()
    desk.stores.database.close()
    file = Path(desk.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(payload,)] = database.execute("SELECT payload FROM journal WHERE seq = 5")
    content = bytearray(file.read_bytes())
    begin = content.index(payload.encode())
    content[begin + int(len(payload) * place)] ^= bit
    file.write_bytes(content)

    with suppress(StorageError):  # a text that is none any more is not even read
        assert any("entry 5 " in each for each in verify(desk.stores.database).faults)
        return
    assert bit == HIGH


def test_f_sto_1_a_page_that_is_torn_is_no_quiet_loss(desk: Paper) -> None:
    desk.planned(limit=LOW)
    desk.stores.database.close()
    file = Path(desk.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[4096 : len(content) : 2] = b"\xff" * len(content[4096 : len(content) : 2])
    file.write_bytes(content)

    with pytest.raises((StorageError, ConfigurationError), match="disk image"):
        verify(desk.stores.database)


DIES_BEFORE_THE_COMMIT = """
import os, sys
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.migrations import migrate
Database._commit = lambda self, connection: os._exit(9)
migrate(sys.argv[1])
"""


def test_f_sto_2_a_migration_that_is_killed_is_made_by_the_next_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    killed = subprocess.run([sys.executable, "-c", DIES_BEFORE_THE_COMMIT, url], check=False)
    with closing(Database(url)) as half_way:
        assert (killed.returncode, half_way.schema_version()) == (9, None)

    assert migrate(url) == SCHEMA_VERSION

    with closing(connect(url)) as database:
        assert verify(database).faults == ()


def test_f_sto_2_books_of_a_newer_version_are_refused_and_left_as_they_are(desk: Paper) -> None:
    with desk.stores.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    for opened in (migrate, connect):
        with pytest.raises(ConfigurationError, match="has schema 9999"):
            opened(desk.url)

    assert desk.stores.database.schema_version() == "9999"
