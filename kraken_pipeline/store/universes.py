"""Versions of the universe and every refresh; never changed, only added to."""

import json
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import decimal_from
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.judged import pack, unpack
from kraken_pipeline.store.prepared import NOTHING, Prepared, Values
from kraken_pipeline.store.schema.universe import universe_refreshes, universes

_AMOUNTS: Final = ("tick", "lot", "min_qty", "min_cost")
REMEMBERED: Final = 4
"""Versions that are kept as they were read: one of 500 pairs takes 15 ms to read."""
_STANDS: Final = select(universes.c.version, universes.c.last_seen_at)
_LATEST: Final = Prepared(_STANDS.order_by(universes.c.last_seen_at.desc()).limit(1))
_OF_VERSION: Final = Prepared(_STANDS.where(universes.c.version == bindparam("of")))
_NEWEST: Final = (universe_refreshes.c.at.desc(), universe_refreshes.c.id.desc())


class SqlUniverseStore:
    """Universes in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: OrderedDict[str, Universe] = OrderedDict()

    def keep(self, refresh: Refresh) -> None:
        """Keep a refresh, and its version; one that is there stays, with when it was last seen."""
        universe = refresh.universe
        same = universes.c.version == universe.version
        seen_again = update(universes).where(same, universes.c.last_seen_at < universe.at)
        with self._database.writing() as connection:
            if connection.execute(select(universes.c.version).where(same)).first() is None:
                row = _row(universe)
                connection.execute(insert(universes).values(**row, config_hash=refresh.config_hash))
            else:
                connection.execute(seen_again.values(last_seen_at=universe.at))
            connection.execute(
                insert(universe_refreshes).values(
                    at=universe.at,
                    version=universe.version,
                    config_hash=refresh.config_hash,
                    rules_hash=refresh.rules_hash,
                    source_hash=refresh.source_hash,
                    judged=pack(refresh.judged),
                )
            )

    def latest(self) -> Universe | None:
        """Return the version in force: the one last seen, `at` being when."""
        return self._universe(_LATEST)

    def of_version(self, version: str) -> Universe | None:
        """Return a version; None if it is not kept."""
        return self._universe(_OF_VERSION, {"of": version})

    def in_force_at(self, at: datetime) -> Universe | None:
        """Return the version that was in force at an instant, `at` being when it was read (UNI-5).

        None before the first refresh.
        """
        refreshed = self._newest(universe_refreshes.c.at <= at)
        return None if refreshed is None else refreshed.universe

    def between(self, since: datetime, until: datetime) -> tuple[Universe, ...]:
        """Return what came into force within a stretch, oldest first, `at` being when (UNI-5).

        A version that is in force again after another is there again.

        Args:
            since: what was in force already then is not among them.
            until: the last instant.
        """
        times = universe_refreshes.c.at
        told = (
            select(times, universe_refreshes.c.version)
            .where(times > since, times <= until)
            .order_by(times, universe_refreshes.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(told).all()
            changes = [next(same) for _, same in groupby(rows, lambda each: each.version)]
            versions = dict.fromkeys(each.version for each in changes)
            read = {version: self._of(connection, version, since) for version in versions}
        return tuple(replace(read[each.version], at=each.at) for each in changes)

    def refresh(self, *, at: datetime | None = None, version: str | None = None) -> Refresh | None:
        """Return the newest refresh, or the newest until an instant, or of a version."""
        wanted = []
        if at is not None:
            wanted.append(universe_refreshes.c.at <= at)
        if version is not None:
            wanted.append(universe_refreshes.c.version == version)
        return self._newest(*wanted)

    def _universe(self, wanted: Prepared, values: Values = NOTHING) -> Universe | None:
        with self._database.reading() as connection:
            row = wanted.first(connection, values)
            return (
                None if row is None else self._of(connection, row["version"], row["last_seen_at"])
            )

    def _of(self, connection: Connection, version: str, at: datetime) -> Universe:
        """Return a version as of an instant; the last few are not read again: none ever changes.

        One of the same instant is the very same, so that what was made of it need not be made anew.
        """
        known = self._read.get(version)
        if known is not None and known.at == at:
            return known
        if known is None:
            its = select(universes).where(universes.c.version == version)
            known = _universe_of(connection.execute(its).mappings().one(), at=at)
        self._read[version] = known = replace(known, at=at)
        while len(self._read) > REMEMBERED:
            self._read.popitem(last=False)
        return known

    # SQLAlchemy's conditions have no type of their own that is the same in every one
    def _newest(self, *wanted: Any) -> Refresh | None:  # noqa: ANN401
        newest = select(universe_refreshes).where(*wanted).order_by(*_NEWEST).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).mappings().first()
            if row is None:
                return None
            return Refresh(
                universe=self._of(connection, row["version"], row["at"]),
                judged={} if row["judged"] is None else unpack(row["judged"]),
                config_hash=row["config_hash"],
                rules_hash=row["rules_hash"],
                source_hash=row["source_hash"],
            )


def _row(universe: Universe) -> dict[str, Any]:
    return {
        "version": universe.version,
        "first_seen_at": universe.at,
        "last_seen_at": universe.at,
        "members": canonical([_pair_row(each) for each in universe.members]),
        "leaving": canonical([_pair_row(each) for each in universe.leaving]),
        "watched": canonical([_pair_row(each) for each in universe.watched]),
        "notional_24h": canonical(universe.notional_24h),
        "reasons": canonical(
            {
                pair: [[each.code, each.figures] for each in found]
                for pair, found in universe.reasons.items()
            }
        ),
    }


def _universe_of(row: RowMapping, *, at: datetime) -> Universe:
    return Universe(
        version=row["version"],
        at=at,
        members=tuple(_pair_of(each) for each in json.loads(row["members"])),
        leaving=tuple(_pair_of(each) for each in json.loads(row["leaving"])),
        watched=tuple(_pair_of(each) for each in json.loads(row["watched"])),
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
