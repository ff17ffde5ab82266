"""The bounds that a person agreed to for live, beside the books that they guard."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.loosening import Bounds, Value
from kraken_pipeline.domain.money import decimal_from
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.shared import meta

KEY: Final = "live_bounds"


class SqlBoundsStore:
    """Bounds in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self) -> Bounds | None:
        """Return what was agreed to last; None before live was ever used.

        Raises:
            StorageError: what stands there can't be read; then nothing opens.
        """
        with self._database.reading() as connection:
            text = connection.execute(select(meta.c.value).where(meta.c.key == KEY)).scalar()
        if text is None:
            return None
        try:
            return {key: _value(of) for key, of in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise StorageError(
                f"the bounds that were agreed to cannot be read: {error!r}"
            ) from error

    def keep(self, bounds: Bounds, *, config_hash: str, at: datetime, by: str, reason: str) -> None:
        """Keep bounds over what was there, with who agreed and why in the journal."""
        told = {key: _plain(of) for key, of in bounds.items()}
        with self._database.writing() as connection:
            connection.execute(delete(meta).where(meta.c.key == KEY))
            connection.execute(insert(meta).values(key=KEY, value=canonical(told)))
            _note(connection, told, at=at, by=by, why={"hash": config_hash, "reason": reason})


def _note(
    connection: Connection,
    told: Mapping[str, object],
    *,
    at: datetime,
    by: str,
    why: Mapping[str, str],
) -> None:
    entry = journal.Entry(
        at=at,
        kind="bounds.agreed",
        subject="live",
        actor=by,
        payload={"bounds": told, **why},
    )
    journal.write(connection, entry)


def _plain(value: Value) -> object:
    return str(value) if isinstance(value, Decimal) else value


def _value(told: object) -> Value:
    if isinstance(told, list):
        return tuple(str(each) for each in told)
    if told is None or isinstance(told, bool):
        return told
    return decimal_from(str(told))
