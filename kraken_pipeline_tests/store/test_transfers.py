from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.lots import DUST, MANUAL, Fill, Position, Transfer, booked, moved
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.transfers import SqlTransferStore
from kraken_pipeline_tests.store.builders import LOOKUP, MINUTE, NOW, fill, live

BOOKS = ("trend@1h", "trend@4h", DUST, MANUAL)


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    return SqlBookStore(database)


@pytest.fixture
def transfers(database: Database) -> SqlTransferStore:
    return SqlTransferStore(database)


def _held(books: SqlBookStore) -> dict[str, Position]:
    return {each.book: each for each in books.positions()}


def test_a_whole_holding_moves_with_its_cost(
    books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1", qty=Qty(Decimal("0.3")), cost=Decimal("33.1"))], [], LOOKUP)
    [holding] = books.positions()

    moved_now = transfers.move(holding, DUST, at=NOW + MINUTE, reason="too small")

    held = _held(books)
    assert (held[DUST].qty, held[DUST].cost) == (Decimal("0.3"), Decimal("33.1"))
    assert (held["trend@1h"].qty, held["trend@1h"].cost) == (ZERO, ZERO)
    assert held["trend@1h"].realised == holding.realised
    assert transfers.transfers() == (moved_now,)
    assert transfers.last_into(DUST, "XBTUSD") == moved_now
    assert transfers.last_into("trend@1h", "XBTUSD") is None


def test_what_changed_since_it_was_read_is_not_moved(
    books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1")], [], LOOKUP)
    [holding] = books.positions()
    books.book([fill("T2", minutes=1)], [], LOOKUP)

    with pytest.raises(ConflictError, match="XBTUSD in trend@1h changed"):
        transfers.move(holding, DUST, at=NOW, reason="too small")
    assert transfers.transfers() == ()


def test_what_an_order_is_at_work_on_is_not_moved(
    database: Database, books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    live(database)
    books.book([fill("T1")], [], LOOKUP)
    [holding] = books.positions()

    with pytest.raises(ConflictError):
        transfers.move(holding, DUST, at=NOW, reason="too small")


def test_a_fill_heard_after_a_move_is_booked_in_its_place(
    database: Database, books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1", minutes=0)], [], LOOKUP)
    [holding] = books.positions()
    transfers.move(holding, DUST, at=NOW + 5 * MINUTE, reason="too small")
    books.book([fill("T0", minutes=1, cost=Decimal(200))], [], LOOKUP)

    held = _held(books)
    assert (held["trend@1h"].qty, held["trend@1h"].cost) == (Decimal(1), Decimal(200))
    assert held[DUST].qty == 1
    assert verify(database).faults == ()


def test_a_sale_heard_after_all_was_moved_leaves_no_book_below_zero(
    database: Database, books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1")], [], LOOKUP)
    [holding] = books.positions()
    transfers.move(holding, DUST, at=NOW + 5 * MINUTE, reason="too small")
    books.book([fill("T2", minutes=1, side=Side.SELL)], [], LOOKUP)

    held = _held(books)
    assert (held["trend@1h"].qty, held["trend@1h"].uncosted) == (ZERO, Decimal(1))
    assert verify(database).faults == ()


def test_a_transfer_that_is_changed_is_seen(
    database: Database, books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1")], [], LOOKUP)
    [holding] = books.positions()
    transfers.move(holding, DUST, at=NOW, reason="too small")
    assert verify(database).faults == ()

    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE book_transfers SET qty = '2'")

    faults = verify(database).faults
    assert any("book_transfers" in each for each in faults)
    assert any("dust" in each for each in faults)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "move"]),
        st.sampled_from(BOOKS),
        st.sampled_from(BOOKS),
        st.integers(1, 50),
    ),
    max_size=12,
)


@given(steps=STEPS)
def test_p_18_books_add_up_to_what_was_traded_whatever_moves_between_them(
    fresh: Callable[[], Database], steps: list[tuple[str, str, str, int]]
) -> None:
    database = fresh()
    books, transfers = SqlBookStore(database), SqlTransferStore(database)
    bought = sold = ZERO
    for number, (act, book, other, lots) in enumerate(steps, start=1):
        held = _held(books).get(book, Position(book=book, pair="XBTUSD"))
        qty = Qty(Decimal(lots) / 100)
        if act == "move" and held.qty and book != other:
            before = _cost(books)
            transfers.move(held, other, at=NOW + number * MINUTE, reason="a test")
            assert _cost(books) == before
        if act == "sell":
            qty = Qty(min(qty, held.qty))
        if act != "move" and qty:
            bought += qty if act == "buy" else ZERO
            sold += qty if act == "sell" else ZERO
            told = fill(
                f"T{number}", minutes=number, side=Side(act), qty=qty, cost=qty * 7, book=book
            )
            books.book([told], [], LOOKUP)
    held_now = books.positions()
    faults = verify(database).faults
    database.close()

    assert sum((each.qty for each in held_now), ZERO) == bought - sold
    assert all(each.qty >= 0 and each.cost >= 0 for each in held_now)
    assert faults == ()


def _cost(books: SqlBookStore) -> Decimal:
    return sum((each.cost for each in books.positions()), ZERO)


@given(qty=st.integers(1, 10**9), cost=st.integers(0, 10**9), more=st.integers(0, 10**9))
def test_a_transfer_takes_out_of_one_book_what_it_brings_to_the_other(
    qty: int, cost: int, more: int
) -> None:
    transfer = Transfer(
        transfer_id="X1",
        pair="XBTUSD",
        from_book="trend@1h",
        to_book=DUST,
        qty=Qty(Decimal(qty)),
        cost=Decimal(cost),
        at=NOW,
        reason="a test",
    )
    giver = Position(
        book="trend@1h", pair="XBTUSD", qty=Qty(Decimal(qty + more)), cost=Decimal(cost + more)
    )
    taker = Position(book=DUST, pair="XBTUSD")

    gave, took = moved(giver, transfer), moved(taker, transfer)

    assert gave.qty + took.qty == giver.qty
    assert gave.cost + took.cost == giver.cost


def test_fills_of_the_instant_of_a_transfer_come_before_it(
    books: SqlBookStore, transfers: SqlTransferStore
) -> None:
    books.book([fill("T1")], [], LOOKUP)
    [holding] = books.positions()
    transfer = transfers.move(holding, DUST, at=NOW - timedelta(hours=1), reason="a test")

    assert transfer.at == NOW
    flat = Position(book="trend@1h", pair="XBTUSD")
    assert moved(_booked(flat, fill("T1")), transfer).qty == 0


def _booked(position: Position, told: Fill) -> Position:
    return booked(position, told)
