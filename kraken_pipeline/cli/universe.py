"""`universe list` and `universe explain`: who is in, and what every filter said."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kraken_pipeline.cli.names import NEVER_READ, found_in, table_of
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.domain.universe import Judged, Refresh
from kraken_pipeline.settings import Settings
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline.wiring.pipeline import connect

VERSIONS: Final = "U"
"""How the name of every version begins."""


def list_universe(environ: Mapping[str, str], *, at: str | None, out: bool, as_json: bool) -> None:
    """Print the pairs that are in, leave or are watched until more is known; or those that are out.

    Raises:
        InvalidValueError: `at` is no time with a zone.
        UnknownNameError: there was no universe then.
    """
    refresh, _ = _refresh(environ, at)
    universe = refresh.universe
    rows = _rows_out(refresh) if out else _rows_in(refresh)
    if as_json:
        print_json({**_head(refresh), "out" if out else "pairs": rows})
        return
    kind = f"{len(universe.reasons)} out" if out else f"{len(universe.members)} in"
    print_rows(f"universe {universe.version}, {kind}, {_read(refresh)}", rows, nothing="no pair")


def explain_membership(
    environ: Mapping[str, str], spelling: str, *, at: str | None, as_json: bool
) -> None:
    """Print what every filter saw of a pair, what it asked, and what it said.

    Raises:
        InvalidValueError: `at` is no time with a zone.
        UnknownNameError: there was no universe then, or no such pair in it.
    """
    refresh, settings = _refresh(environ, at)
    name = _name(refresh, spelling, settings)
    reasons = refresh.universe.reasons.get(name, ())
    judged = refresh.judged.get(name)
    if as_json:
        print_json({**_head(refresh), **_explained(name, judged, reasons)})
        return
    found = f"out: {', '.join(each.code for each in reasons)}" if reasons else "in"
    sys.stdout.write(f"{name} is {found}\n")
    sys.stdout.write(f"universe {refresh.universe.version}, {_read(refresh)}\n\n")
    print_rows("filters", _steps(judged), nothing="what its filters said was not kept")
    sys.stdout.writelines(f"{line}\n" for line in _after(judged, reasons))


def _refresh(environ: Mapping[str, str], at: str | None) -> tuple[Refresh, Settings]:
    pipeline = connect(environ)
    settings = pipeline.loaded.settings
    try:
        found = _asked(pipeline.stores.universes, at)
    finally:
        pipeline.close()
    if found is None:
        raise UnknownNameError(
            NEVER_READ
            if at is None
            else f"the universe was not refreshed by {at}; name a later time"
        )
    return found, settings


def _asked(universes: SqlUniverseStore, at: str | None) -> Refresh | None:
    if at is None:
        return universes.refresh()
    if at.startswith(VERSIONS):
        found = universes.refresh(version=at)
        if found is None:
            raise UnknownNameError(f"no universe has the version {at!r}")
        return found
    return universes.refresh(at=_moment(at))


def _moment(told: str) -> datetime:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidValueError(
            f"--at is {told!r}; write a time with its zone, as 2026-11-23T08:00Z, or a version"
        )
    return moment.astimezone(UTC)


def _name(refresh: Refresh, spelling: str, settings: Settings) -> str:
    if spelling in refresh.universe.reasons or spelling in refresh.universe.names:
        return spelling
    table = table_of(refresh, settings)
    try:
        return found_in(table.pair, spelling).pair
    except UnknownNameError as unknown:
        meant = " or ".join(table.nearest_pairs(spelling))
        hint = f"; did you mean {meant}?" if meant else ""
        raise UnknownNameError(f"{unknown} ({_read(refresh)}){hint}") from unknown


def _read(refresh: Refresh) -> str:
    return f"read {refresh.universe.at:%Y-%m-%d %H:%M:%S}"


def _head(refresh: Refresh) -> dict[str, Any]:
    return {
        "version": refresh.universe.version,
        "at": refresh.universe.at.isoformat(),
        "config_hash": refresh.config_hash,
        "source_hash": refresh.source_hash,
    }


def _rows_in(refresh: Refresh) -> list[dict[str, Any]]:
    universe = refresh.universe
    sets = (("in", universe.members), ("leaving", universe.leaving), ("watched", universe.watched))
    return [_row(each, refresh, stands=stands) for stands, some in sets for each in some]


def _row(pair: Pair, refresh: Refresh, *, stands: str) -> dict[str, Any]:
    traded = refresh.universe.notional_24h.get(pair.name)
    return {
        "pair": pair.name,
        "is": stands,
        "status": pair.status,
        "notional_24h": None if traded is None else f"{traded:.0f}",
        "tick": pair.tick,
        "lot": pair.lot,
        "min_qty": pair.min_qty,
        "min_cost": pair.min_cost,
    }


def _rows_out(refresh: Refresh) -> list[dict[str, Any]]:
    return [
        {"pair": name, "reasons": "; ".join(str(each) for each in found)}
        for name, found in sorted(refresh.universe.reasons.items())
    ]


def _explained(name: str, judged: Judged | None, reasons: tuple[Objection, ...]) -> dict[str, Any]:
    standing = None if judged is None else judged.standing
    return {
        "pair": name,
        "tradable": not reasons,
        "out_because": [
            {"code": each.code, "figures": each.figures, "remedy": remedy(each.code)}
            for each in reasons
        ],
        "filters": _steps(judged),
        "standing": None
        if standing is None
        else {
            "fits": standing.fits,
            "contrary_refreshes": standing.contrary,
            "needed": standing.needed,
        },
    }


def _steps(judged: Judged | None) -> list[dict[str, Any]]:
    return [
        {
            "filter": each.name,
            "found": each.found,
            "asked": each.asked,
            "verdict": each.verdict.value,
            "code": each.code,
        }
        for each in (() if judged is None else judged.steps)
    ]


def _after(judged: Judged | None, reasons: tuple[Objection, ...]) -> list[str]:
    """Return what is to be said beside the filters: where the pair stands, and what would help."""
    lines = []
    if judged is not None and judged.standing.contrary:
        goes = "leaves" if judged.standing.fits else "enters"
        lines.append(
            f"for {judged.standing.contrary} of {judged.standing.needed} refreshes in a row the "
            f"market said otherwise; at {judged.standing.needed} it {goes}"
        )
    lines += [f"{each.code}: {remedy(each.code)}" for each in reasons]
    return lines
