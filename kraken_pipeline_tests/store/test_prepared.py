"""Statements that are written out once."""

from decimal import Decimal

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.store import prepared
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Makings, Prepared, tell
from kraken_pipeline.store.schema.universe import depth_readings
from kraken_pipeline_tests.store.builders import NOW

ADD = Prepared(insert(depth_readings))
ALL = Prepared(select(depth_readings).order_by(depth_readings.c.pair))
NAMED = Prepared(
    select(depth_readings.c.pair)
    .where(depth_readings.c.pair.in_(bindparam("pairs", expanding=True)))
    .order_by(depth_readings.c.pair)
)
DEEP = Prepared(
    select(depth_readings.c.pair).where(
        depth_readings.c.pair.in_(["A", "B"]), depth_readings.c.bids == Decimal("1.50")
    )
)
COUNT = Prepared(select(func.count()).select_from(depth_readings))
CHANGE = Prepared(update(depth_readings).where(depth_readings.c.pair == bindparam("of")))
FORGET = Prepared(delete(depth_readings).where(depth_readings.c.pair == bindparam("of")))


def row(pair: str, bids: str = "1.50") -> dict[str, object]:
    """Return a reading as its row."""
    return {
        "pair": pair,
        "within_bps": 10,
        "bids": Decimal(bids),
        "asks": Decimal("0.00000001"),
        "read_at": NOW,
    }


def test_what_was_written_is_read_as_it_was(database: Database) -> None:
    with database.writing() as connection:
        ADD.run(connection, row("A"))

        assert ALL.named(connection) == [row("A")]
        assert ALL.first(connection) == row("A")
        assert ALL.rows(connection) == [list(row("A").values())]


def test_what_is_stored_is_given_as_it_stands_when_that_is_asked_for(database: Database) -> None:
    with database.writing() as connection:
        ADD.run(connection, row("A"))
        [stored] = ALL.stored(connection)

        assert tuple(stored) == ("A", 10, "1.5", "0.00000001", "2026-03-01T12:00:00.000000Z")
        assert ALL.turned(connection, stored) == row("A")


@pytest.mark.parametrize("names", ["", "A", "AB", "ABX", "AA"])
def test_what_many_values_change_is_counted(database: Database, names: str) -> None:
    with database.writing() as connection:
        ADD.run_each(connection, [row(each) for each in "ABCD"])
        forgotten = FORGET.change_each(connection, [{"of": each} for each in names])

        assert forgotten == len(set(names) & set("ABCD"))


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_stream_gives_every_row_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(prepared, "AT_ONCE", at_once)
    with database.writing() as connection:
        ADD.run_each(connection, [row(each) for each in "ABCD"])
        found = list(ALL.streamed(connection))

        assert found == ALL.rows(connection)
    assert len(found) == 4


@pytest.mark.parametrize("pairs", [[], ["B"], ["A", "C"], ["C", "A", "B", "D"]])
def test_a_list_may_be_of_any_length(database: Database, pairs: list[str]) -> None:
    with database.writing() as connection:
        ADD.run_each(connection, [row("A"), row("B"), row("C")])

        found = [pair for [pair] in NAMED.rows(connection, {"pairs": pairs})]

    assert found == sorted(set(pairs) & {"A", "B", "C"})


def test_more_shapes_than_are_kept_are_written_out_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MOST_SHAPES", 2)
    with database.writing() as connection:
        ADD.run(connection, row("A"))
        found = [NAMED.rows(connection, {"pairs": ["A"] * size}) for size in (1, 2, 3, 1)]

    assert [[list(each) for each in one] for one in found] == [[["A"]]] * 4


def test_what_a_statement_says_itself_is_part_of_it(database: Database) -> None:
    with database.writing() as connection:
        ADD.run_each(connection, [row("A"), row("B", "2"), row("C")])

        assert [pair for [pair] in DEEP.rows(connection)] == ["A"]


def test_a_change_tells_how_many_rows_it_changed(database: Database) -> None:
    with database.writing() as connection:
        ADD.run_each(connection, [row("A"), row("B")])

        assert CHANGE.run(connection, {"of": "A", "bids": Decimal(7)}) == 1
        assert CHANGE.run(connection, {"of": "Z", "asks": Decimal(7)}) == 0
        assert FORGET.run(connection, {"of": "B"}) == 1
        assert COUNT.value(connection) == 1
        assert ALL.first(connection) == row("A", "7")


def test_nothing_found_is_none(database: Database) -> None:
    with database.reading() as connection:
        assert ALL.first(connection) is None
        assert NAMED.value(connection, {"pairs": ["A"]}) is None


def test_a_refusal_is_told_as_sqlalchemy_tells_it(database: Database) -> None:
    twice = [row("A"), row("A")]
    with pytest.raises(IntegrityError), database.writing() as connection:
        _ = [ADD.run(connection, each) for each in twice]

    with database.reading() as connection:
        assert COUNT.value(connection) == 0


def test_a_statement_that_cannot_be_read_is_refused(database: Database) -> None:
    with database.reading() as connection, pytest.raises((OperationalError, ProgrammingError)):
        tell(connection, "BEGUN")


def test_a_value_that_has_no_exact_text_is_refused(database: Database) -> None:
    with pytest.raises(InvalidValueError, match="no exact amount"), database.writing() as one:
        ADD.run(one, {**row("A"), "bids": 1.5})


def test_what_is_made_of_a_row_is_made_once_for_as_long_as_it_stands(database: Database) -> None:
    makings = Makings(lambda told: (told["pair"], told["bids"]))
    with database.writing() as connection:
        ADD.run_each(connection, [row("A"), row("B")])
        first = ALL.made(connection, {}, makings)
        CHANGE.run(connection, {"of": "A", "bids": Decimal(7)})
        second = ALL.made(connection, {}, makings)

    assert first == (("A", Decimal("1.5")), ("B", Decimal("1.5")))
    assert second == (("A", Decimal(7)), ("B", Decimal("1.5")))
    assert second[1] is first[1]


def test_what_was_made_is_forgotten_where_it_becomes_too_much(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "MOST_MADE", 2)
    makings = Makings(lambda told: str(told["pair"]))
    with database.writing() as connection:
        ADD.run_each(connection, [row(pair) for pair in "ABC"])

        assert ALL.made(connection, {}, makings) == ("A", "B", "C")
        assert list(makings.known.values()) == ["C"]
