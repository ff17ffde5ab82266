"""Bring a database up to the schema that this code knows; never back.

Alembic is loaded only when there is something to do.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from kraken_pipeline.store.database import SCHEMA_VERSION, Database, refuse_newer

if TYPE_CHECKING:
    from alembic.config import Config


def migrate(url: str) -> str:
    """Make or upgrade the tables, all of it in one transaction, and return the schema's version.

    Two processes may do so at once: the second finds nothing left to do.

    Raises:
        ConfigurationError: the database was written by a newer version, or cannot be opened.
        ConflictError: another process holds the write lock.
    """
    database = Database(url)
    try:
        if database.schema_version() != SCHEMA_VERSION:
            _upgrade(database)
    finally:
        database.close()
    return SCHEMA_VERSION


def alembic_config() -> "Config":
    """Return where Alembic finds the migrations; it needs no file."""
    # a start-up with nothing to migrate must not pay for it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _upgrade(database: Database) -> None:
    # a start-up with nothing to migrate must not pay for it
    from alembic import command  # noqa: PLC0415

    with database.writing() as connection:
        # again, now that nobody else can change it
        refuse_newer(database.schema_version())
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
