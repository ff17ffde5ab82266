"""What is known of the dead man's switch. Renewals come often; only changes go to the journal."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.switch import OFF, Switch
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.shared import meta

KEY: Final = "dead_man_switch"
INSTANTS: Final = ("armed_until", "may_fire_at", "told_at")
_FIND: Final = Prepared(select(meta.c.value).where(meta.c.key == KEY))
_FORGET: Final = Prepared(delete(meta).where(meta.c.key == KEY))
_ADD: Final = Prepared(insert(meta))


class SqlSwitchStore:
    """The switch in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def switch(self) -> Switch:
        """Return what is known of it."""
        with self._database.reading() as connection:
            return _read(connection)

    def change_switch(
        self, how: Callable[[Switch], Switch], *, at: datetime, by: str, why: str = ""
    ) -> Switch:
        """Change what is known, in one transaction, and return it.

        Args:
            how: gives what is known from what was known.
            at: exchange time.
            by: who learned it.
            why: what happened, for the journal; empty for a renewal like any other.
        """
        with self._database.writing() as connection:
            changed = how(_read(connection))
            told = {name: getattr(changed, name) for name in Switch.__slots__}
            _FORGET.run(connection)
            _ADD.run(connection, {"key": KEY, "value": canonical(told)})
            if why:
                entry = journal.Entry(
                    at=at, kind=f"switch.{why}", subject=KEY, actor=by, payload={"switch": told}
                )
                journal.write(connection, entry)
        return changed


def _read(connection: Connection) -> Switch:
    found = _FIND.value(connection)
    if found is None:
        return OFF
    told = json.loads(found)
    for name in INSTANTS:
        told[name] = None if told[name] is None else datetime.fromisoformat(told[name])
    return Switch(**{**told, "foreign": tuple(told["foreign"])})
