"""PF-2, P-4: causes are kept with their entries, and say the same in whatever order they came."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from kraken_pipeline.domain.accounting.causes import Cause, Lack
from kraken_pipeline.domain.accounting.explain import explain
from kraken_pipeline.domain.accounting.residuals import Residual
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.schema.ledger import entry_causes
from kraken_pipeline_tests.builders import snapshot
from kraken_pipeline_tests.store.builders import HOUR, LOOKUP, NOW, entry, fill

OUT = entry("L1", type="transfer", subtype="spottostaking", refid="R1", asset="ADA",
            amount=Decimal(-50), fee=Decimal(0))  # fmt: skip
BACK = replace(OUT, entry_id="L2", subtype="stakingfromspot", refid="R2", asset="ADA.S",
               amount=Decimal(50), at=NOW + 30 * HOUR)  # fmt: skip
LIFE: list[LedgerEntry | Fill] = [
    OUT, BACK,
    replace(OUT, entry_id="L3", refid="R3", at=NOW + HOUR),
    replace(OUT, entry_id="L4", refid="R3", amount=Decimal(49), at=NOW + HOUR),
    replace(OUT, entry_id="L5", refid="R3", amount=Decimal(1), at=NOW + 2 * HOUR),
    entry("L6", refid="T1"), entry("L7", refid="T1", asset="XXBT", amount=Decimal(1)), fill("T1"),
    entry("L8", type="spend", refid="R4"),
    entry("L9", type="receive", refid="R4", asset="ADA", amount=Decimal(5)),
    entry("M1", type="transfer", asset="MOON", amount=Decimal(5)),
    entry("M2", type="deposit", refid="Unknown"), entry("M3", type="staking", refid="Unknown"),
    fill("T2"), entry("M4", refid="T3"),
    replace(OUT, entry_id="M5", refid="", amount=Decimal(-7)),
    replace(BACK, entry_id="M6", refid="R6", amount=Decimal(7)),
    replace(BACK, entry_id="M7", refid="", amount=Decimal(7), at=NOW + 31 * HOUR),
]  # fmt: skip
"""Moves under one refid and two, a trade, a fill and a row alone, a conversion, an unknown."""


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    return SqlBookStore(database)


@pytest.fixture
def ledger(database: Database) -> SqlLedgerStore:
    return SqlLedgerStore(database)


def book(books: SqlBookStore, told: list[LedgerEntry | Fill]) -> None:
    fills = [each for each in told if isinstance(each, Fill)]
    books.book(fills, [each for each in told if isinstance(each, LedgerEntry)], LOOKUP)


@settings(max_examples=20)
@given(chance=st.randoms(use_true_random=False), parts=st.integers(1, 6))
def test_causes_are_the_same_whatever_came_first(
    fresh: Callable[[], Database], chance: Random, parts: int
) -> None:
    database, told = fresh(), list(LIFE)
    chance.shuffle(told)
    size = -(-len(told) // parts)
    for start in range(0, len(told), size):
        book(SqlBookStore(database), told[start : start + size])

    kept = SqlLedgerStore(database).explained(None)
    database.close()
    entries = [each for each in LIFE if isinstance(each, LedgerEntry)]
    fills = {each.trade_id: each for each in LIFE if isinstance(each, Fill)}
    assert kept == explain(entries, fills, LOOKUP)


def test_entries_of_an_older_version_are_explained_on_the_next_pass(
    database: Database, books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    book(books, LIFE)
    before = ledger.explained(None)
    with database.writing() as connection:
        connection.execute(delete(entry_causes))
    book(SqlBookStore(database), [])

    assert ledger.explained(None) == before


def test_what_is_in_flight_is_so_until_its_other_end_comes(
    books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    book(books, [OUT])
    flying = [each.qty for each in ledger.in_flight()]
    book(books, [BACK])

    assert flying == [Decimal(50)]
    assert ledger.in_flight() == ()
    assert {each.event_id for each in ledger.explained(None)} == {"R1"}


def test_what_is_unknown_is_explained_once_the_exchange_lists_it(
    books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    moon = entry("M1", type="transfer", refid="R9", asset="MOON", amount=Decimal(5))
    book(books, [moon])
    unknown = ledger.unexplained()
    books.book([], [OUT], replace(LOOKUP, asset_of=Asset))

    assert [(each.told.entry, each.found_at) for each in unknown] == [(moon, NOW)]
    assert ledger.unexplained() == ()


def test_explained_since_an_instant_leaves_out_what_is_older(
    books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    book(books, [OUT, BACK])

    assert [each.entry for each in ledger.explained(NOW + HOUR)] == [BACK]


def test_entries_are_counted_by_cause(books: SqlBookStore, ledger: SqlLedgerStore) -> None:
    nothing = ledger.counts()
    book(books, LIFE)

    told = Counter(each.cause for each in ledger.explained(None))
    assert nothing == {}
    assert ledger.counts() == told


def test_a_cause_that_stays_keeps_when_it_was_found(
    database: Database, books: SqlBookStore
) -> None:
    trade = entry("L6", refid="T1")
    book(books, [OUT, trade])
    books.book([], [BACK], replace(LOOKUP, at=NOW + HOUR))
    with database.reading() as connection:
        rows = connection.execute(select(entry_causes.c.entry_id, entry_causes.c.explained_at))
        found = {row.entry_id: row.explained_at for row in rows}

    assert found == {"L1": NOW + HOUR, "L2": NOW + HOUR, "L6": NOW}


def test_the_residual_of_a_fill_is_made_anew_as_its_rows_come(
    books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    book(books, [fill("T1", cost=Decimal("100.004"))])
    book(books, [entry("L6", refid="T1")])
    half = ledger.residuals(["T1", "T2"])
    book(books, [entry("L7", refid="T1", asset="XXBT", amount=Decimal(1), fee=Decimal(0))])

    left = Residual(trade_id="T1", base=Decimal(0), quote=Decimal("-0.004"), fee=Decimal(0))
    assert half == {"T1": replace(left, base=Decimal(-1))}
    assert ledger.residuals(["T1", "T2"]) == {"T1": left}


def test_a_trade_waits_for_its_fill(books: SqlBookStore, ledger: SqlLedgerStore) -> None:
    book(books, [entry("L6", refid="T1")])
    [waiting] = ledger.explained(None)
    book(books, [fill("T1")])
    [known] = ledger.explained(None)

    assert (waiting.cause, waiting.lacks) == (Cause.FILL, Lack.FILL)
    assert (known.cause, known.lacks) == (Cause.FILL, Lack.NOTHING)


def test_what_moved_in_a_while_is_all_but_moves_between_buckets_and_valued_flows(
    books: SqlBookStore, ledger: SqlLedgerStore
) -> None:
    """PF-11, PF-13: what was held before is what is held now without it."""
    fee = replace(OUT, fee=Decimal("0.5"))
    paid = entry("L6", refid="T1", amount=Decimal(-3), fee=Decimal(0))
    known = entry("L8", type="deposit", refid="D1", amount=Decimal(10), fee=Decimal(0))
    later = replace(known, entry_id="L9", refid="D2", at=NOW + HOUR)
    book(books, [fee, BACK, paid, fill("T1"), known, later])
    books.keep_snapshot(snapshot(), [known], None, {"L8": [Asset("ADA")]})

    assert ledger.moved(NOW, None) == {"ADA": Decimal("-0.5"), "ADA.S": 0, "ZUSD": 7}
    assert ledger.moved(NOW, NOW + HOUR) == {"ADA": Decimal("-0.5"), "ZUSD": -3}
    assert ledger.moved(NOW + 31 * HOUR, None) == {}
