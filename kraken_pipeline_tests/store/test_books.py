from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from kraken_pipeline.domain.errors import ConflictError, ImpossibleFactError, StorageError
from kraken_pipeline.domain.ledger import LedgerEntry, replay
from kraken_pipeline.domain.lots import MANUAL, Fill, Position, booked
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.swings import Swing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.nav import nav_snapshots
from kraken_pipeline.store.schema.shared import journal
from kraken_pipeline_tests.store.builders import HOUR, LOOKUP, MINUTE, NOW, entry, fill, live


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    return SqlBookStore(database)


def brute_force(fills: list[Fill]) -> set[Position]:
    """Replay every fill from the beginning, by time."""
    positions: dict[tuple[str, str], Position] = {}
    for each in sorted(fills, key=lambda one: (one.at, one.trade_id)):
        place = each.book, each.pair
        flat = Position(book=each.book, pair=each.pair)
        positions[place] = booked(positions.get(place, flat), each)
    return set(positions.values())


def test_a_fill_is_read_as_it_was_booked(books: SqlBookStore) -> None:
    told = [fill("T1", maker=True, price=Price(Decimal("0.000000000012"))), fill("T2", minutes=1)]
    books.book(told[::-1], [], LOOKUP)

    assert books.fills_after(None) == tuple(told)
    assert books.fills_after(NOW) == (told[1],)
    assert books.last_fill_at() == NOW + MINUTE


def test_the_same_fill_told_twice_moves_the_position_once(books: SqlBookStore) -> None:
    first = books.book([fill("T1"), fill("T1")], [entry("L1"), entry("L1")], LOOKUP)
    again = books.book([fill("T1")], [entry("L1")], LOOKUP)

    assert (first, again) == ((1, 1), (0, 0))
    assert [each.qty for each in books.positions()] == [Decimal(1)]


def test_the_rate_of_a_fill_is_kept_as_first_told(books: SqlBookStore) -> None:
    books.book([fill("T1", quote_rate=Decimal("1.1"))], [], LOOKUP)
    books.book([fill("T1", quote_rate=Decimal("1.2"))], [], LOOKUP)

    [kept] = books.fills_after(None)
    assert kept.quote_rate == Decimal("1.1")


def test_a_fill_told_otherwise_is_refused_with_all_that_came_with_it(books: SqlBookStore) -> None:
    books.book([fill("T1")], [], LOOKUP)

    with pytest.raises(ImpossibleFactError, match="trade T1: qty was 1, is told as 2"):
        books.book([fill("T2"), fill("T1", qty=Qty(Decimal(2)))], [], LOOKUP)
    assert len(books.fills_after(None)) == 1


def test_a_ledger_entry_told_otherwise_is_refused(books: SqlBookStore) -> None:
    books.book([], [entry("L1")], LOOKUP)

    with pytest.raises(ImpossibleFactError, match="ledger entry L1: amount was -100"):
        books.book([], [entry("L1", amount=Decimal(-99))], LOOKUP)


def test_a_manual_fill_moves_to_the_strategy_that_turns_out_to_own_it(
    books: SqlBookStore,
) -> None:
    books.book([fill("T1", book=MANUAL), fill("T2", book=MANUAL, pair="ETHUSD")], [], LOOKUP)
    counts = books.book([fill("T1", book="trend@1h")], [], LOOKUP)

    assert counts == (0, 0)
    assert {(each.book, each.pair) for each in books.positions()} == {
        (MANUAL, "ETHUSD"),
        ("trend@1h", "XBTUSD"),
    }


def test_a_position_that_was_sold_stays_as_a_flat_one(books: SqlBookStore) -> None:
    sold = fill("T2", minutes=1, side=Side.SELL, cost=Decimal(110), price=Price(Decimal(110)))
    books.book([fill("T1"), sold], [], LOOKUP)

    [position] = books.positions()
    assert (position.qty, position.realised) == (Decimal(0), Decimal("9.48"))


FILLS = st.lists(
    st.builds(
        lambda number, minutes, side, qty, price, place: fill(
            f"T{number}",
            minutes=minutes,
            side=side,
            qty=Qty(qty),
            price=Price(price),
            cost=qty * price,
            book=place[0],
            pair=place[1],
        ),
        number=st.integers(0, 10**6),
        minutes=st.integers(0, 5),
        side=st.sampled_from(Side),
        qty=st.decimals("0.0001", 10, places=4),
        price=st.decimals(1, 1000, places=2),
        place=st.sampled_from([("a@1h", "XBTUSD"), ("a@1h", "ETHUSD"), (MANUAL, "XBTUSD")]),
    ),
    max_size=12,
    unique_by=lambda each: each.trade_id,
)


@given(fills=FILLS, cut=st.integers(0, 12))
def test_positions_equal_a_replay_of_every_fill_however_they_came(
    fresh: Callable[[], Database], fills: list[Fill], cut: int
) -> None:
    database = fresh()
    books = SqlBookStore(database)
    books.book(fills[:cut], [], LOOKUP)
    books.book(fills, [], LOOKUP)
    kept = set(books.positions())
    database.close()

    assert kept == brute_force(fills)


def test_the_ledger_adds_up_exactly_by_bucket(books: SqlBookStore) -> None:
    told = [
        entry("L1", amount=Decimal("123456789012345.1234567891")),
        entry("L2", amount=Decimal("-0.0000000001"), fee=Decimal("0.1")),
        entry("L3", asset="XXBT", amount=Decimal(1), fee=Decimal(0)),
    ]
    books.book([], told, LOOKUP)

    assert books.replayed_balances() == replay(told)
    assert books.replayed_balances()["ZUSD"] == Decimal("123456789012344.763456789")
    assert books.last_entry_at() == NOW


def test_only_what_came_from_outside_is_a_flow(books: SqlBookStore) -> None:
    told: list[LedgerEntry] = [
        entry("L1", type="deposit"),
        entry("L2", type="withdrawal", minutes=1),
        entry("L3", type="trade", minutes=1),
        entry("L4", type="transfer", subtype="spottostaking", minutes=1),
        entry("L5", type="transfer", subtype="airdrop", minutes=2),
    ]
    books.book([], told, LOOKUP)

    assert [each.entry_id for each in books.unvalued_flows()] == ["L1", "L2", "L5"]


def test_a_flow_is_in_the_units_of_one_snapshot(books: SqlBookStore) -> None:
    told = [entry("L1", type="deposit"), entry("L2", type="deposit", minutes=1)]
    books.book([], told, LOOKUP)
    books.keep_snapshot(SNAPSHOT, told[:1])

    assert books.unvalued_flows() == (told[1],)
    with pytest.raises(ConflictError, match="flow L1 is in the units"):
        books.keep_snapshot(later(1), told)
    assert books.latest_snapshot() == SNAPSHOT
    assert books.unvalued_flows() == (told[1],)


def test_a_flow_stays_counted_when_its_snapshot_is_pruned(books: SqlBookStore) -> None:
    told = [entry("L1", type="deposit")]
    books.book([], told, LOOKUP)
    books.keep_snapshot(SNAPSHOT, told)
    books.keep_snapshot(later(1), [])
    books.prune_snapshots(NOW + HOUR)

    assert books.unvalued_flows() == ()


def test_the_book_of_an_order_is_known_by_its_id_at_the_exchange(
    database: Database, books: SqlBookStore
) -> None:
    made = live(database)

    found = books.strategy_books([str(made.kraken_order_id), "Kforeign"])
    assert found == {made.kraken_order_id: "trend@1h"}


def test_nothing_new_leaves_no_entry_in_the_journal(
    database: Database, books: SqlBookStore
) -> None:
    for _ in range(2):
        books.book([fill("T1")], [entry("L1")], LOOKUP)
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(journal)).scalar_one()

    assert count == 1


SNAPSHOT = Snapshot(
    at=NOW,
    equity=Decimal("100000.01"),
    cash=Decimal("0.01"),
    valuations=(
        Valuation(asset=Asset("XBT"), qty=Decimal(1), price=Decimal(100000), source="XBTUSD"),
        Valuation(asset=Asset("NEW"), qty=Decimal(1), price=None, source="none"),
    ),
    positions=(Position(book=MANUAL, pair="XBTUSD", qty=Qty(Decimal(1))),),
    realised=Decimal(-1),
    unrealised=Decimal("0.5"),
    fees=Decimal("0.26"),
    units=Decimal(100000),
    unit_price=Decimal("1.0000001"),
    drawdown=Decimal("0.02"),
    drawdown_of_day=Decimal("0.02"),
    drawdown_of_all_time=Decimal("0.02"),
    drift={"ZUSD": "ledger says 1, balance is 2"},
)


def later(hours: int, price: str = "1") -> Snapshot:
    return replace(SNAPSHOT, at=NOW + hours * HOUR, unit_price=Decimal(price))


def test_the_newest_snapshot_is_read_as_it_was_kept(books: SqlBookStore) -> None:
    assert books.latest_snapshot() is None
    books.keep_snapshot(SNAPSHOT, ())
    books.keep_snapshot(later(-1), ())

    assert books.latest_snapshot() == SNAPSHOT


def test_a_snapshot_of_an_older_version_is_read_with_prices_of_its_own_time(
    database: Database, books: SqlBookStore
) -> None:
    books.keep_snapshot(SNAPSHOT, ())
    told = '[{"asset":"XBT","price":"100000","qty":"1","source":"XBTUSD"}]'
    with database.writing() as connection:
        connection.execute(update(nav_snapshots).values(valuations=told))

    kept = books.latest_snapshot()

    assert kept is not None
    assert kept.valuations == SNAPSHOT.valuations[:1]
    assert kept.frozen == ""


@pytest.mark.parametrize(("column", "told"), [("equity", "a lot"), ("valuations", "[{")])
def test_a_snapshot_that_cannot_be_read_is_a_fault_of_the_store(
    database: Database, books: SqlBookStore, column: str, told: str
) -> None:
    books.keep_snapshot(SNAPSHOT, ())
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE nav_snapshots SET {column} = '{told}'")  # noqa: S608 - ours

    with pytest.raises(StorageError, match="Nothing opens; put the books back"):
        books.latest_snapshot()


def test_what_is_known_of_a_stale_price_is_read_as_it_was_kept(books: SqlBookStore) -> None:
    swing = Swing(variance=Decimal("0.0025"), price=Decimal(99), at=NOW - HOUR)
    stale = replace(SNAPSHOT.valuations[0], stale_since=NOW - MINUTE, swing=swing, is_traded=False)
    books.keep_snapshot(replace(SNAPSHOT, valuations=(stale,)), ())

    kept = books.latest_snapshot()

    assert kept is not None
    assert kept.valuations == (stale,)


def test_drift_is_dated_from_the_first_of_the_snapshots_that_all_show_it(
    books: SqlBookStore,
) -> None:
    drift = {"ZUSD": "ledger says 1, balance is 2"}
    for hours, shown in enumerate([drift, {}, drift, drift]):
        more = dict.fromkeys(shown, Decimal(1))
        books.keep_snapshot(replace(later(hours), drift=shown, drifted_by=more), ())

    assert books.drifting_since() == later(2).at
    books.keep_snapshot(replace(later(4), drift={}), ())
    assert books.drifting_since() is None


def test_two_lags_that_pass_are_no_drift_that_stays(books: SqlBookStore) -> None:
    for hours, bucket in enumerate(["SOL", "XXBT"]):
        drift = {bucket: "ledger says 1, balance is 2"}
        books.keep_snapshot(replace(later(hours), drift=drift), ())

    assert books.drifting_since() == later(1).at


def test_a_trade_that_no_fill_explains_is_found_by_its_entries(books: SqlBookStore) -> None:
    missed = entry("L1", type="trade", refid="T-MISSED")
    books.book([], [missed, entry("L2", type="deposit", refid="F-1")], LOOKUP)

    assert books.unfilled_since(NOW - timedelta(days=1)) == missed.at
    assert books.unfilled_since(NOW + timedelta(seconds=1)) is None


def test_a_snapshot_of_the_same_instant_takes_the_place_of_the_first(books: SqlBookStore) -> None:
    books.keep_snapshot(SNAPSHOT, ())
    books.keep_snapshot(later(0, "2"), ())

    assert books.unit_prices(NOW) == ((NOW, Decimal(2)),)


def test_unit_prices_since_an_instant_are_oldest_first(books: SqlBookStore) -> None:
    for hours in (2, 0, 1):
        books.keep_snapshot(later(hours, str(1 + hours)), ())

    assert [price for _, price in books.unit_prices(NOW + HOUR)] == [Decimal(2), Decimal(3)]


def test_pruning_deletes_what_is_older_but_never_the_newest(books: SqlBookStore) -> None:
    for hours in range(4):
        books.keep_snapshot(later(hours), ())

    assert books.prune_snapshots(NOW + 2 * HOUR) == 2
    assert books.prune_snapshots(NOW + 99 * HOUR) == 1
    assert books.latest_snapshot() == later(3)


def test_positions_of_many_books_stand_apart(books: SqlBookStore) -> None:
    told = [fill(f"T{number}", book=f"s{number % 3}@1h") for number in range(9)]
    books.book(told, [], LOOKUP)

    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position in books.positions():
        held[position.book] += position.qty
    assert dict(held) == {"s0@1h": Decimal(3), "s1@1h": Decimal(3), "s2@1h": Decimal(3)}
