"""What the book of each pair held near its middle when it was last read."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from kraken_pipeline.domain.universe_filters import Nearby
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.universe import depth_readings

_FIELDS: Final = tuple(Nearby.__slots__)
_FORGET: Final = delete(depth_readings).where(depth_readings.c.pair == bindparam("of_pair"))


class SqlDepthStore:
    """Depths in SQL: the last reading of each pair, nothing older."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def readings(self) -> Mapping[str, Nearby]:
        """Return the last reading of each pair, by our name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(depth_readings)).mappings()
            return {row["pair"]: Nearby(**{name: row[name] for name in _FIELDS}) for row in rows}

    def keep(self, readings: Mapping[str, Nearby]) -> None:
        """Keep readings over those of the same pairs."""
        if not readings:
            return
        rows = [
            {"pair": pair, **{name: getattr(each, name) for name in _FIELDS}}
            for pair, each in readings.items()
        ]
        with self._database.writing() as connection:
            connection.execute(_FORGET, [{"of_pair": pair} for pair in readings])
            connection.execute(insert(depth_readings), rows)
