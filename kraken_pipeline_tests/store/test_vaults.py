from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.accounting.vaults import Look
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.vaults import SqlVaultStore
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, NOON, row

LOOK = Look(at=NOON, refused="", hidden={Asset("XBT"): Decimal("0.60"), Asset("ETH"): Decimal(2)})


def test_the_last_look_is_kept_whole_instead_of_the_one_before(database: Database) -> None:
    looks = SqlVaultStore(database)
    assert (looks.look(), looks.hidden()) == (None, {})
    looks.keep(LOOK)
    later = Look(at=NOON + timedelta(hours=1), refused="denied", hidden={Asset("XBT"): Decimal(1)})

    looks.keep(later)

    assert looks.look() == later
    assert looks.hidden() == later.hidden


def test_the_rewards_of_some_buckets_are_added_up(database: Database) -> None:
    entries = [
        row("L1", "earn/reward", "1", "XXBT"),
        row("L2", "earn/reward", "2", "XBT.VAULT"),
        row("L3", "reward", "4", "XXBT"),
        row("L4", "earn/allocation", "8", "XXBT"),
        row("L5", "staking", "16", "XXBT"),
        row("L6", "earn/reward", "32", "XETH"),
    ]
    SqlBookStore(database).book((), entries, LOOKUP)

    assert SqlVaultStore(database).rewards(["XXBT", "XBT.VAULT"]) == 7
    assert SqlVaultStore(database).rewards([]) == 0


def test_how_far_the_exchange_was_read_is_not_told_by_a_vault(database: Database) -> None:
    books = SqlBookStore(database)
    books.book((), [row("L1", "deposit", "1", "XXBT")], LOOKUP)
    ours = replace(row("VLT-1", "earn/reward", "2", "XBT.VAULT"), at=NOON + timedelta(days=1))

    books.book((), [ours], LOOKUP)

    assert books.last_entry_at() == NOON
