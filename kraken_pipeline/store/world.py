"""Whose books these are: a simulator's or Kraken's. Written once, never changed.

Source: MOD-5. A simulator's fills in the books of real money, or the reverse, can not be told apart
afterwards, so the wrong database is refused before anything is read from it.
"""

from typing import Final

from sqlalchemy import insert, select

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.shared import journal, meta

KEY: Final = "world"
BEFORE: Final = "simulator"
"""Books that were written before worlds were: there was no other."""


def claim(database: Database, world: str) -> None:
    """Write whose books these are, or find that they are.

    Args:
        database: with its tables up to date.
        world: `simulator` or `kraken`.

    Raises:
        ConfigurationError: they are another's; nothing was changed.
    """
    found = _found(database) or _claimed(database, world)
    if found != world:
        raise ConfigurationError(
            f"the database holds the books of the {found}, and this is for those of the {world}: "
            f"give portfolio.db_path, or KRAKEN_PIPELINE_DB_URL, one of its own"
        )


def _found(database: Database) -> str | None:
    with database.reading() as connection:
        return connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()


def _claimed(database: Database, world: str) -> str:
    with database.writing() as connection:
        written = connection.execute(select(journal.c.seq).limit(1)).scalar()
        # another process may have been faster
        found = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
        owner = found or (world if written is None else BEFORE)
        if found is None:
            connection.execute(insert(meta).values(key=KEY, value=owner))
    return owner
