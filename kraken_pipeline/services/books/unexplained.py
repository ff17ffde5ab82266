"""Latch opening of an asset whose ledger has entries that nobody can explain (PF-2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.accounting.causes import Lack, Unexplained
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.risk.halt import READS_LAG

NAMED: Final = 2
"""Entries that a halt names; `explain asset` shows all."""
BY: Final = "portfolio"


def latch_unexplained(
    halts: HaltStore, found: Mapping[Asset, Sequence[Unexplained]], *, at: datetime
) -> tuple[Scope, ...]:
    """Halt opening of each asset with entries that are of unknown cause; return the new halts.

    What a person cleared the halt over is not halted for again, only what was found since. A side
    that may just be late is waited for. The halt clears by itself once all is explained.

    Args:
        halts: where it latches.
        found: the entries of unknown cause, by economic asset.
        at: exchange time.
    """
    latched = {
        each.scope: each.reason for each in halts.latched() if each.kind is HaltKind.UNEXPLAINED
    }
    if not found and not latched:
        return ()
    looked_at = halts.cleared(HaltKind.UNEXPLAINED, not_by=BY)
    on = {
        scope: _reason(ripe)
        for asset, some in sorted(found.items())
        if (scope := Scope(kind=ScopeKind.ASSET, name=asset)).name
        and (ripe := _ripe(some, looked_at.get(scope), at))
    }
    off = dict.fromkeys(latched.keys() - on.keys(), "every entry of it is explained")
    if on != latched:
        halts.switch(HaltKind.UNEXPLAINED, on=on, off=off, at=at, by=BY)
    return tuple(sorted(on.keys() - latched.keys(), key=str))


def _ripe(
    some: Sequence[Unexplained], looked_at: datetime | None, now: datetime
) -> list[Unexplained]:
    return [
        each
        for each in some
        if (looked_at is None or each.found_at > looked_at)
        and (each.told.lacks is not Lack.SIDE or now - each.told.entry.at >= READS_LAG)
    ]


def _reason(some: Sequence[Unexplained]) -> str:
    named = [f"{each.told.entry.entry_id}: {each.told.why}" for each in some[:NAMED]]
    more = [f"{len(some) - NAMED} more"] if len(some) > NAMED else []
    return "; ".join([*named, *more])
