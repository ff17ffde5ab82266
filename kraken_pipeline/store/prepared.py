"""Statements that are written out once, and then go to the driver as they are.

Working out afresh what a statement and its values look like takes several times as long as SQLite
takes to answer it. Here that is done once for each database and each shape of the values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Delete,
    Dialect,
    Insert,
    RowMapping,
    Select,
    Update,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

AT_ONCE: Final = 1_000
"""Rows of a stream that are taken together."""
MOST_SHAPES: Final = 200
"""Shapes of values that are kept of one statement: a list of names may be of any length."""
MOST_MADE: Final = 5_000
"""Rows of which it is kept what was made of them, before all are forgotten."""
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
Values = Mapping[str, Any]
Named = RowMapping | Mapping[str, Any]
"""A row by the names of its columns, as SQLAlchemy gives it or as it is given here."""
Turn = Callable[[Any], Any]
Turns = tuple[tuple[int, Turn], ...]
"""What makes values of what is stored, by place; most columns need nothing."""
Made = TypeVar("Made")


class Makings(Generic[Made]):
    """What was made of rows: a row that still stands as it did gives the very same again."""

    def __init__(self, make: Callable[[Named], Made]) -> None:
        """Take what makes something of a row; it must never change and never be false."""
        self._make = make
        self.known: Final[dict[tuple[Any, ...], Made]] = {}
        """By the row as it is stored."""

    def keep(self, row: tuple[Any, ...], told: Named) -> Made:
        """Make something of a row that is not known, and know it from now on."""
        made = self._make(told)
        if len(self.known) >= MOST_MADE:
            self.known.clear()
        self.known[row] = made
        return made


Slot = tuple[str | int, str, int | None, Turn | None]
"""A place, which of the values stands there, which of its elements if it is a list, and what makes
the driver's value of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A statement as one database takes it with values of one shape."""

    sql: str
    fixed: Mapping[str | int, Any]
    """What is the same each time, by place."""
    slots: tuple[Slot, ...]
    """What is given each time; a place is a name, or a number where the driver counts places."""
    is_counted: bool

    def filled(self, values: Values) -> Any:  # noqa: ANN401 - what a driver takes: a list or a dict
        """Return the values as the driver takes them."""
        made: Any = [None] * (len(self.fixed) + len(self.slots)) if self.is_counted else {}
        for place, told in self.fixed.items():
            made[place] = told
        for place, source, element, turn in self.slots:
            value = values[source]
            if element is not None:
                value = value[element]
            made[place] = value if turn is None else turn(value)
        return made

    def filled_each(self, rows: Sequence[Values]) -> list[tuple[Any, ...]]:
        """Return many values as a driver takes them that counts places.

        They are made column by column, which takes half as long.
        """
        columns: dict[str | int, Iterable[Any]] = {
            place: repeat(told, len(rows)) for place, told in self.fixed.items()
        }
        for place, source, element, turn in self.slots:
            told = [row[source] for row in rows]
            if element is not None:
                told = [each[element] for each in told]
            columns[place] = told if turn is None else map(turn, told)
        return list(zip(*[columns[place] for place in range(len(columns))], strict=True))


class Prepared:
    """A statement of ours, and what it reads as on each database."""

    def __init__(self, wanted: Select[Any] | Insert | Update | Delete) -> None:
        """Take the statement; its free values are given each time."""
        self.wanted: Final = wanted
        self._known: dict[tuple[object, ...], _Written] = {}
        self._lists = _lists(wanted)
        columns = wanted.selected_columns if isinstance(wanted, Select) else ()
        self._names: Final = tuple(str(each.key) for each in columns)
        self._types: Final = tuple(each.type for each in columns)
        self._turns: dict[str, Turns] = {}

    def stored(self, connection: Connection, values: Values = NOTHING) -> list[tuple[Any, ...]]:
        """Return the rows that are found, each value as the database keeps it.

        Raises:
            sqlalchemy.exc.DBAPIError: the database cannot answer.
        """
        written = self._written(connection.dialect, values)
        cursor = _sent(connection, written.sql, written.filled(values))
        return list(cursor.fetchall())

    def streamed(self, connection: Connection, values: Values = NOTHING) -> Iterator[Sequence[Any]]:
        """Yield the rows that are found, without having all of them at once; see `stored`."""
        written = self._written(connection.dialect, values)
        turns = self._turns_of(connection.dialect)
        cursor = _sent(connection, written.sql, written.filled(values))
        while some := cursor.fetchmany(AT_ONCE):
            for row in some:
                yield _turned(row, turns)

    def rows(self, connection: Connection, values: Values = NOTHING) -> list[Sequence[Any]]:
        """Return the rows that are found; see `stored` for what is raised."""
        turns = self._turns_of(connection.dialect)
        return [_turned(row, turns) for row in self.stored(connection, values)]

    def named(self, connection: Connection, values: Values = NOTHING) -> list[dict[str, Any]]:
        """Return the rows that are found, each by the names of its columns; see `stored`."""
        return [dict(zip(self._names, row, strict=True)) for row in self.rows(connection, values)]

    def first(self, connection: Connection, values: Values = NOTHING) -> dict[str, Any] | None:
        """Return the first row that is found, or None; see `stored`."""
        found = self.named(connection, values)
        return found[0] if found else None

    # a column's type differs from one to the next
    def value(self, connection: Connection, values: Values = NOTHING) -> Any:  # noqa: ANN401
        """Return the first value of the first row, or None; see `stored`."""
        found = self.stored(connection, values)
        if not found:
            return None
        told = found[0][0]
        turn = dict(self._turns_of(connection.dialect)).get(0)
        return told if turn is None else turn(told)

    def run(self, connection: Connection, values: Values = NOTHING) -> int:
        """Change what the statement changes, and return how many rows that were.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses or cannot do it.
        """
        written = self._written(connection.dialect, values)
        return _sent(connection, written.sql, written.filled(values)).rowcount

    def run_each(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Change what the statement changes, with each of several values of one shape; see `run`.

        PostgreSQL takes them together, by SQLAlchemy's way to put many rows into one request.
        """
        if len(rows) == 1:
            self.run(connection, rows[0])
        elif rows and connection.dialect.positional:
            written = self._written(connection.dialect, rows[0])
            _sent(connection, written.sql, written.filled_each(rows), many=True)
        elif rows:
            connection.execute(self.wanted, [dict(each) for each in rows])

    def change_each(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Change what the statement changes, as `run_each`, and return how many rows that were.

        SQLite's driver adds up what many values change; PostgreSQL's knows it of the last alone.
        """
        if len(rows) <= 1 or not connection.dialect.positional:
            return sum(self.run(connection, each) for each in rows)
        written = self._written(connection.dialect, rows[0])
        return _sent(connection, written.sql, written.filled_each(rows), many=True).rowcount

    def turned(self, connection: Connection, row: Sequence[Any]) -> dict[str, Any]:
        """Return a row of `stored` as `named` gives it."""
        told = _turned(row, self._turns_of(connection.dialect))
        return dict(zip(self._names, told, strict=True))

    def made(
        self, connection: Connection, values: Values, makings: "Makings[Made]"
    ) -> tuple[Made, ...]:
        """Return what is made of each row that is found; see `stored` for what is raised."""
        known = makings.known
        return tuple(
            known.get(row) or makings.keep(row, self.turned(connection, row))
            for row in self.stored(connection, values)
        )

    def _turns_of(self, dialect: Dialect) -> Turns:
        known = self._turns.get(dialect.name)
        if known is None:
            found = [each.dialect_impl(dialect) for each in self._types]
            turns = [each.result_processor(dialect, None) for each in found]
            known = tuple((place, turn) for place, turn in enumerate(turns) if turn is not None)
            self._turns[dialect.name] = known
        return known

    def _written(self, dialect: Dialect, values: Values) -> _Written:
        shape = (dialect.name, *values, *(len(values[each]) for each in self._lists))
        known = self._known.get(shape)
        if known is None:
            if len(self._known) >= MOST_SHAPES:
                self._known.clear()
            known = self._known[shape] = _write(self.wanted, dialect, values)
        return known


def _turned(row: Sequence[Any], turns: Turns) -> Sequence[Any]:
    """Return a row with the values that its columns stand for."""
    if not turns:
        return row
    told = list(row)
    for place, turn in turns:
        told[place] = turn(told[place])
    return told


def tell(connection: Connection, sql: str) -> None:
    """Run a statement without values that finds nothing.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses or cannot do it.
    """
    _sent(connection, sql, ())


# values are what a driver takes: a list, a dict, or many of them
def _sent(connection: Connection, sql: str, values: Any, *, many: bool = False) -> DBAPICursor:  # noqa: ANN401
    dialect, cursor = connection.dialect, connection.connection.cursor()
    try:
        # as SQLAlchemy's own statements go, so that one place sees them all
        if many:
            dialect.do_executemany(cursor, sql, values)
        else:
            dialect.do_execute(cursor, sql, values)
    except dialect.loaded_dbapi.Error as error:
        raise _told(connection, sql, error) from error
    return cursor


def _told(connection: Connection, sql: str, error: Exception) -> BaseException:
    """Return an error of the driver as SQLAlchemy tells of it, and let go of a line that is cut."""
    dialect = connection.dialect
    base = dialect.loaded_dbapi.Error
    was_cut = isinstance(error, base) and dialect.is_disconnect(error, None, None)
    if was_cut:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql, (), error, base, dialect=dialect, connection_invalidated=was_cut
    )


def _lists(wanted: Select[Any] | Insert | Update | Delete) -> tuple[str, ...]:
    """Return the names of the values that are lists and given each time."""
    return tuple(
        sorted({str(each.key) for each in _binds(wanted) if each.expanding and each.value is None})
    )


def _binds(wanted: Select[Any] | Insert | Update | Delete) -> list[BindParameter[Any]]:
    return list(wanted.compile().binds.values())


def _write(
    wanted: Select[Any] | Insert | Update | Delete, dialect: Dialect, values: Values
) -> _Written:
    compiled = wanted.compile(dialect=dialect, column_keys=list(values))
    state = compiled.construct_expanded_state(values)
    of_list = {
        name: (source, element)
        for source, names in state.parameter_expansion.items()
        for element, name in enumerate(names)
    }
    is_counted = state.positiontup is not None
    fixed: dict[str | int, Any] = {}
    slots: list[Slot] = []
    for number, name in enumerate(state.positiontup or state.parameters):
        place = number if is_counted else name
        source, element = of_list.get(name, (name, None))
        impl = compiled.binds[source].type.dialect_impl(dialect)
        turn = impl.bind_processor(dialect)
        if source in values:
            slots.append((place, source, element, turn))
        else:
            told = state.parameters[name]
            fixed[place] = told if turn is None else turn(told)
    return _Written(sql=state.statement, fixed=fixed, slots=tuple(slots), is_counted=is_counted)
