"""Every statement that reaches the driver, seen from the outside."""

from collections.abc import Callable

from kraken_pipeline.store.database import Database


def before_each(database: Database, act: Callable[[], None]) -> None:
    """Do something before each statement that a database sends from now on."""
    dialect = database._engine.dialect
    one, many = dialect.do_execute, dialect.do_executemany

    def do_execute(cursor: object, statement: str, values: object, context: object = None) -> None:
        act()
        one(cursor, statement, values, context)  # type: ignore[arg-type]  # passed on as it came

    def do_executemany(
        cursor: object, statement: str, values: object, context: object = None
    ) -> None:
        act()
        many(cursor, statement, values, context)  # type: ignore[arg-type]  # passed on as it came

    dialect.do_execute = do_execute  # type: ignore[method-assign, assignment]  # this one database's own
    dialect.do_executemany = do_executemany  # type: ignore[method-assign, assignment]  # same
