"""Versions of the universe; never changed, only added to."""

import json
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import decimal_from
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema import universes

_AMOUNTS: Final = ("tick", "lot", "min_qty", "min_cost")


class SqlUniverseStore:
    """Universes in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, universe: Universe, *, config_hash: str) -> None:
        """Keep a version; one that is there stays, with the time it was last seen."""
        same = universes.c.version == universe.version
        seen_again = update(universes).where(same, universes.c.last_seen_at < universe.at)
        with self._database.writing() as connection:
            if connection.execute(select(universes.c.version).where(same)).first() is None:
                row = _row(universe)
                connection.execute(insert(universes).values(**row, config_hash=config_hash))
            else:
                connection.execute(seen_again.values(last_seen_at=universe.at))

    def latest(self) -> Universe | None:
        """Return the version in force: the one last seen, `at` being when."""
        wanted = select(universes).order_by(universes.c.last_seen_at.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else _universe_of(row)

    def of_version(self, version: str) -> Universe | None:
        """Return a version; None if it is not kept."""
        wanted = select(universes).where(universes.c.version == version)
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else _universe_of(row)


def _row(universe: Universe) -> dict[str, Any]:
    return {
        "version": universe.version,
        "first_seen_at": universe.at,
        "last_seen_at": universe.at,
        "members": canonical([_pair_row(each) for each in universe.members]),
        "leaving": canonical([_pair_row(each) for each in universe.leaving]),
        "notional_24h": canonical(universe.notional_24h),
        "reasons": canonical(
            {
                pair: [[each.code, each.figures] for each in found]
                for pair, found in universe.reasons.items()
            }
        ),
    }


def _universe_of(row: RowMapping) -> Universe:
    return Universe(
        version=row["version"],
        at=row["last_seen_at"],
        members=tuple(_pair_of(each) for each in json.loads(row["members"])),
        leaving=tuple(_pair_of(each) for each in json.loads(row["leaving"])),
        notional_24h={
            pair: decimal_from(told) for pair, told in json.loads(row["notional_24h"]).items()
        },
        reasons={
            pair: tuple(Objection(code, figures) for code, figures in found)
            for pair, found in json.loads(row["reasons"]).items()
        },
    )


def _pair_row(pair: Pair) -> dict[str, object]:
    return {name: getattr(pair, name) for name in Pair.__slots__}


def _pair_of(told: dict[str, Any]) -> Pair:
    amounts = {name: decimal_from(told[name]) for name in _AMOUNTS}
    return Pair(**{**told, **amounts})
