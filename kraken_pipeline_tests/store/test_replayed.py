from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from kraken_pipeline.domain.ledger import LedgerEntry, replay
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.replayed import Replayed
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, NOON, row


def entries(chance: Random, number: int) -> list[LedgerEntry]:
    """Return some new entries, a few of them older than any should come."""
    found = []
    for place in range(chance.randint(1, 4)):
        late = timedelta(days=chance.choice((0, 0, 0, 5)))
        amount = Decimal(chance.randint(-(10**12), 10**12)).scaleb(-10)
        bucket = chance.choice(("ZUSD", "XXBT", "ADA"))
        made = row(f"L{number}-{place}", "deposit", str(amount), bucket, fee="0.0000000001")
        found.append(replace(made, at=NOON + number * timedelta(hours=9) - late))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_however_entries_come_they_add_up_to_what_all_of_them_do(
    database: Database, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    books, kept = SqlBookStore(database), []
    assert books.replayed_balances() == {}

    for number in range(12):
        news = entries(chance, number)
        books.book((), news, LOOKUP)
        kept += news

        assert books.replayed_balances() == replay(kept)
    with database.reading() as connection:
        assert Replayed().sums(connection) == replay(kept)


def test_what_another_process_adds_is_seen(database: Database) -> None:
    ours, theirs = SqlBookStore(database), SqlBookStore(database)
    ours.book((), [row("L1", "deposit", "5")], LOOKUP)
    assert ours.replayed_balances() == {"ZUSD": Decimal(5)}

    theirs.book((), [row("L2", "deposit", "2")], LOOKUP)

    assert ours.replayed_balances() == {"ZUSD": Decimal(7)}
