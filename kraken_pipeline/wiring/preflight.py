"""The facts of a preflight, asked of the exchange, and its result, kept for whoever looks."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import AuthError, ConfigurationError, KeyMissingError
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.keys import KeyInfo, Role
from kraken_pipeline.domain.preflight import Cleared, Grounded, LiveCase
from kraken_pipeline.secrets.files import write_private
from kraken_pipeline.services.ports import Clock
from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.credentials import Credentials, Found
from kraken_pipeline.wiring.modes import closed_gates

FILE: Final = "preflight.json"
"""In the data folder: the result of the last preflight, without any key."""
SECOND: Final = timedelta(seconds=1)
MOST_SAMPLES: Final = 12
SAMPLE_PAUSE_SECONDS: Final = 0.13
"""No even part of a second, so that the samples fall on different parts of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What is asked of the exchange."""

    key_info: Callable[[Found], KeyInfo]
    system_status: Callable[[], str]
    clock_error: Callable[[], timedelta | None]
    used_by: Callable[[Found], str]
    """Says who else uses a key; nothing where nobody does."""


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
    ids = {role: each.credential.key_id for role, each in found.items()}
    return LiveCase(
        now=now,
        config_hash=loaded.hash,
        closed_gates=closed_gates(loaded.settings),
        strategies=loaded.settings.strategies.running(),
        allowlist=frozenset(execution.live_strategy_allowlist),
        keys=_infos(found, ids, exchange),
        key_ids=ids,
        system_status=exchange.system_status(),
        clock_error=exchange.clock_error(),
        max_clock_error=timedelta(milliseconds=loaded.settings.clock.max_skew_ms),
        used_by="; ".join(sorted({exchange.used_by(each) for each in found.values()} - {""})),
    )


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
            try:
                asked[ids[role]] = exchange.key_info(each)
            except AuthError as refusal:
                raise type(refusal)(f"the key for the {role}: {refusal}") from None
    return {role: asked[ids[role]] for role in found}


def clock_error(
    server_time: Callable[[], datetime], clock: Clock, *, enough: timedelta
) -> timedelta | None:
    """Return how far a clock may be off the exchange's at the most; None where nobody can tell.

    The exchange tells whole seconds, so one answer bounds the difference within a second and the
    way there and back. Further answers, at other parts of the second, narrow it.

    Args:
        server_time: asks the exchange.
        clock: tells our time.
        enough: a bound that is not narrowed further.
    """
    least, most = timedelta.min, timedelta.max
    for _ in range(MOST_SAMPLES):
        before = clock()
        told = server_time()
        after = clock()
        least, most = max(least, told - after), min(most, told + SECOND - before)
        if least > most:
            return None  # a clock was set while we looked
        if max(-least, most) <= enough:
            break
        time.sleep(SAMPLE_PAUSE_SECONDS)
    return max(abs(least), abs(most))


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
