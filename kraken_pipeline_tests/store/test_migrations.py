import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.intents import Action, Namespace
from kraken_pipeline.store import database as database_module
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import SCHEMA_VERSION, Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.evidence import decision_of
from kraken_pipeline.store.migrations import alembic_config, migrate
from kraken_pipeline.store.schema import metadata
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline_tests.conftest import REPOSITORY


def test_the_newest_migration_is_the_version_that_the_code_names() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == SCHEMA_VERSION


def test_migrations_make_exactly_the_tables_of_the_schema(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, metadata) == []


def test_every_table_is_strict_in_sqlite(sqlite_template: Path) -> None:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.reading() as connection:
        rows = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
    database.close()
    loose = {
        row["name"] for row in rows if not row["strict"] and not row["name"].startswith("sqlite_")
    }

    assert loose == {"alembic_version"}


def test_migrating_again_changes_nothing(database: Database, url: str) -> None:
    assert migrate(url) == SCHEMA_VERSION
    assert database.schema_version() == SCHEMA_VERSION


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(migrate, [address] * 4))

    assert versions == [SCHEMA_VERSION] * 4


def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        # in the way of the last table
        connection.exec_driver_sql("CREATE TABLE nav_snapshots (x INTEGER)")
    with pytest.raises(Exception, match="already exists"):
        migrate(address)

    with database.reading() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    database.close()
    assert names == ["nav_snapshots"]


def test_a_newer_schema_is_refused_by_name(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "SCHEMA_VERSION", "0000")

    with pytest.raises(ConfigurationError, match=f"has schema {SCHEMA_VERSION}.*knows 0000"):
        connect(url)


def test_tables_that_are_not_there_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has schema none.*migrate"):
        connect(f"sqlite:///{tmp_path / 'empty.db'}")


def test_a_start_with_nothing_to_migrate_does_not_load_alembic(sqlite_template: Path) -> None:
    program = (
        "import sys\n"
        "from kraken_pipeline.store.migrations import migrate\n"
        f"migrate('sqlite:///{sqlite_template}')\n"
        "print([name for name in ('alembic', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=REPOSITORY
    )

    assert ran.stdout.decode().strip() == "[]"


def test_orders_of_the_first_schema_are_kept_with_their_events(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.writing() as connection:
        for statement in FIRST_ORDERS:
            connection.exec_driver_sql(statement.format(at=_AT))

    assert migrate(address) == SCHEMA_VERSION
    with database.reading() as connection:
        orders = connection.exec_driver_sql(
            "SELECT local_id, side, purpose, attempt, volume FROM execution_orders ORDER BY 1"
        ).all()
        events = connection.exec_driver_sql(
            "SELECT local_id, version, fact FROM execution_order_events"
        ).all()
        reads = connection.exec_driver_sql("SELECT local_id FROM clean_reads").all()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    database.close()
    assert orders == [("O1", "buy", "open", 1, "0.1"), ("O2", "sell", "close", 1, "0.1")]
    assert events == [("O1", 0, "planned")]
    assert reads == [("O1",)]
    assert broken == []


_AT = "2026-01-31T00:00:00.000000Z"
FIRST_ORDERS = (
    "INSERT INTO decisions VALUES ('D1', 'trade', 's', '1', '1h', '{at}', '{at}', 'signal', '',"
    " 'U1', 'c', 'h', 'run', '{{}}', NULL)",
    "INSERT INTO plans VALUES ('P1', 'trade', '{at}', 'c', 'run')",
    "INSERT INTO intents VALUES ('I1', 'D1', 'P1', 'trade', 's', '1h', 'XBTUSD', 'buy', '1',"
    " '0.02', '{at}', '{at}', '{at}', '50000', '', NULL)",
    "INSERT INTO intents VALUES ('I2', 'D1', 'P1', 'trade', 's', '1h', 'XBTUSD', 'sell', '1',"
    " '0.02', '{at}', '{at}', '{at}', '50000', '', NULL)",
    "INSERT INTO execution_orders VALUES ('O1', 'trade', 'P1', 'I1', 'C1', 's', '1h', 'XBTUSD',"
    " 'buy', 'limit', 'GTC', 0, NULL, NULL, 'unknown', 0, '0.1', '50000', '0', NULL, '0', '1',"
    " '0.02', NULL, '{at}', NULL, NULL, '{at}', '{at}')",
    "INSERT INTO execution_orders VALUES ('O2', 'trade', 'P1', 'I2', 'C2', 's', '1h', 'XBTUSD',"
    " 'sell', 'limit', 'GTC', 0, NULL, NULL, 'unknown', 0, '0.1', '50000', '0', NULL, '0', '1',"
    " '0.02', NULL, '{at}', NULL, NULL, '{at}', '{at}')",
    "INSERT INTO execution_order_events VALUES ('O1', 0, NULL, 'planned', 'planned', 'assess', '',"
    " '{at}', NULL, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO clean_reads VALUES ('O1', '{at}')",
)


def test_intents_of_an_older_schema_entered_or_left_altogether(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.writing() as connection:
        for statement in FIRST_ORDERS:
            connection.exec_driver_sql(statement.format(at=_AT))

    migrate(address)

    behind = decision_of(database, "I1")
    database.close()
    assert {each.intent_id: each.action for each in behind.intents} == {
        "I1": Action.ENTER,
        "I2": Action.EXIT,
    }
    assert {each.target for each in behind.intents} == {None}


def test_state_of_an_older_schema_is_of_the_version_that_decided_the_bar(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.writing() as connection:
        connection.exec_driver_sql(FIRST_ORDERS[0].format(at=_AT))
        connection.exec_driver_sql(
            "INSERT INTO strategy_state VALUES ('trade', 's', '1h', ?, ?)", (_AT, '{"a":"1"}')
        )

    migrate(address)

    decisions = SqlDecisionStore(database)
    kept = [decisions.state(Namespace.TRADE, "s", "1h", version=each) for each in "12"]
    database.close()
    assert kept == [{"a": "1"}, {}]


def test_universes_of_an_older_schema_were_in_force_from_first_to_last(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    with database.writing() as connection:
        for version, first, last in (("U1", 1, 5), ("U2", 3, 3)):
            seen = (f"2026-01-0{day}T00:00:00.000000Z" for day in (first, last))
            connection.exec_driver_sql(
                "INSERT INTO universes VALUES (?, ?, ?, 'c', '[]', '[]', '{}', '{}')",
                (version, *seen),
            )

    migrate(address)

    universes = SqlUniverseStore(database)
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4, 5)]
    found = [universes.in_force_at(day) for day in days]
    newest = universes.refresh()
    database.close()
    assert [each.version for each in found if each] == ["U1", "U1", "U2", "U2", "U1"]
    assert newest is not None
    assert (newest.judged, newest.config_hash) == ({}, "c")


def test_snapshots_and_fills_of_an_older_schema_leave_their_days(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    with database.writing() as connection:
        for day, price in ((1, "10"), (1, "9.5"), (2, "2"), (4, "3")):
            seen = f"2026-01-0{day}T{len(price):02}:00:00.000000Z"
            connection.exec_driver_sql(
                "INSERT INTO nav_snapshots VALUES (?, '100', '40', '0', '0', '0', '1', ?, '0',"
                " '[]', '[]', '{}')",
                (seen, price),
            )
        for trade in ("T1", "T2"):
            connection.exec_driver_sql(
                "INSERT INTO fills VALUES (?, 'O', 'XBTEUR', 'buy', '1', '1', '100.1', '0.4',"
                " 'taker', '2026-01-02T00:00:00.000000Z', '1.1', 'manual')",
                (trade,),
            )

    migrate(address)

    books = SqlBookStore(database)
    days, trades = books.days_since(date.min), books.trades_since(date.min)
    snapshot = books.latest_snapshot()
    database.close()
    assert [each.day.day for each in days] == [1, 2, 4]
    first, _, last = days
    assert first.first_unit_price == first.highest_unit_price == 10
    assert first.lowest_unit_price == Decimal("9.5")
    assert last.last_unit_price == 3
    assert last.peak_unit_price == 10
    assert last.exposure == 60
    [traded] = trades
    assert traded.traded == Decimal("220.22")
    assert traded.fees == Decimal("0.88")
    assert snapshot is not None
    assert snapshot.drawdown_of_all_time == 0


def test_what_was_explained_before_there_were_accounts_waits_to_be_booked(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    database = Database(address)
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
    with database.writing() as connection:
        for name, event, hour in (("L1", "T1", 2), ("L2", "T1", 1), ("L3", "T2", 0)):
            at = f"2026-01-01T0{hour}:00:00.000000Z"
            connection.exec_driver_sql(
                "INSERT INTO ledger_entries VALUES (?, ?, 'trade', '', 'ZUSD', '1', '0', '1', ?)",
                (name, event, at),
            )
            connection.exec_driver_sql(
                "INSERT INTO entry_causes VALUES (?, 'fill', ?, '', '', ?)", (name, event, at)
            )

    migrate(address)

    with SqlAccountStore(database).booking() as booking:
        waiting = booking.waiting(5)
        told = booking.explained(waiting)
    database.close()
    assert waiting == ("T2", "T1")
    assert {each.entry.entry_id for each in told} == {"L1", "L2", "L3"}
