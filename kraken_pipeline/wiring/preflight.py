"""The facts of a preflight, asked of the exchange, and its result, kept for whoever looks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.clock import OffsetEstimate
from kraken_pipeline.domain.errors import ConfigurationError, KeyMissingError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.keys import KeyInfo, Role
from kraken_pipeline.domain.preflight import Cleared, Grounded, LiveCase
from kraken_pipeline.secrets.files import write_private
from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.credentials import Credentials, Found
from kraken_pipeline.wiring.lifecycle import barring_of
from kraken_pipeline.wiring.modes import closed_gates

FILE: Final = "preflight.json"
"""In the data folder: the result of the last preflight, without any key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What is asked of the exchange."""

    key_info: Callable[[Role, Found], KeyInfo]
    system_status: Callable[[], str]
    clock_offset: Callable[[], OffsetEstimate]
    used_by: Callable[[Role, Found], str]
    """Says who else uses a key; nothing where nobody does. Asked first: it catches up with them."""


def live_case(
    loaded: Loaded, credentials: Credentials, exchange: Exchange, *, now: datetime
) -> LiveCase:
    """Ask for everything that counts before live orders.

    Raises:
        AuthError: a key was refused; the role is named.
        UnreachableError: the exchange does not answer.
        KeyMissingError: there is no key at all, or what keeps them is locked.
        WrongPasswordError: the key file does not open.
        ConfigurationError: the key file cannot be used.
    """
    found = _keys(credentials)
    execution = loaded.settings.execution
    strangers = {exchange.used_by(role, each) for role, each in found.items()} - {""}
    ids = {role: each.credential.key_id for role, each in found.items()}
    return LiveCase(
        now=now,
        config_hash=loaded.hash,
        closed_gates=closed_gates(loaded.settings),
        strategies=loaded.settings.strategies.running(),
        barred=_barred(loaded),
        allowlist=frozenset(execution.live_strategy_allowlist),
        keys=_infos(found, ids, exchange),
        key_ids=ids,
        system_status=exchange.system_status(),
        clock_offset=exchange.clock_offset(),
        max_skew=timedelta(milliseconds=loaded.settings.clock.max_skew_ms),
        used_by="; ".join(sorted(strangers)),
    )


def _barred(loaded: Loaded) -> tuple[str, ...]:
    says = barring_of(loaded.settings, loaded.data_dir, spends=True)
    running = loaded.settings.strategies.running()
    return tuple(f"{each} opens nothing: {why}" for each in running if (why := says(each)))


def _keys(credentials: Credentials) -> dict[Role, Found]:
    """Return what there is; a role without a key is for the preflight to object to."""
    found, missing = {}, []
    for role in Role:
        try:
            found[role] = credentials.of(role)
        except KeyMissingError as none:
            missing.append(none)
    if not found:
        raise missing[0]
    return found


def _infos(
    found: Mapping[Role, Found], ids: Mapping[Role, str], exchange: Exchange
) -> dict[Role, KeyInfo]:
    asked: dict[str, KeyInfo] = {}
    for role, each in found.items():
        if ids[role] not in asked:
            asked[ids[role]] = exchange.key_info(role, each)
    return {role: asked[ids[role]] for role in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPreflight:
    """What the last preflight said."""

    at: datetime
    passed: bool
    said: tuple[str, ...]
    """Objections and warnings, codes with figures."""


def keep(folder: Path, outcome: Cleared | Grounded) -> None:
    """Keep the result of a preflight; it holds no key (SEC-4)."""
    found = outcome.objections if isinstance(outcome, Grounded) else ()
    told = {
        "at": outcome.at.isoformat(),
        "passed": isinstance(outcome, Cleared),
        "objections": _texts(found),
        "warnings": _texts(outcome.warnings),
    }
    write_private(folder / FILE, json.dumps(told, indent=2).encode())


def last(folder: Path) -> LastPreflight | None:
    """Return the result of the last preflight; None where there was none.

    Raises:
        ConfigurationError: what was kept cannot be read.
    """
    file = folder / FILE
    try:
        told = json.loads(file.read_text())
        return LastPreflight(
            at=datetime.fromisoformat(told["at"]),
            passed=told["passed"],
            said=(*told["objections"], *told["warnings"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as wrong:
        raise ConfigurationError(f"{file} cannot be read: {wrong}. Remove it") from wrong


def _texts(found: tuple[Objection, ...]) -> list[str]:
    return [str(each) for each in found]
