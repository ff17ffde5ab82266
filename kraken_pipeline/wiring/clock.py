"""The clock: the system's, or the simulator's where that one is turned by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import requests

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.wiring.straight import straight

TIMEOUT = (1, 3)
"""Seconds to connect and to read. The simulator is on this machine."""


def system_now() -> datetime:
    """Return this machine's time in UTC."""
    return datetime.now(tz=UTC)


def system_microseconds() -> int:
    """Return microseconds since 1970, for nonces: they only have to rise."""
    return int(system_now().timestamp() * 1_000_000)


def simulator_clock(url: str) -> Callable[[], datetime]:
    """Return a clock that tells the simulator's time.

    A simulator that runs with the real time, perhaps some days off, is asked once; one whose
    clock is turned by hand, or runs faster, is asked each time.

    Raises:
        UnreachableError: there is no simulator at that address.
    """
    now, is_real = _ask(url)
    if not is_real:
        return lambda: _ask(url)[0]
    offset = now - system_now()
    if abs(offset) < timedelta(seconds=1):
        return system_now
    return lambda: system_now() + offset


def _ask(url: str) -> tuple[datetime, bool]:
    try:
        with straight() as session:
            reply = session.get(f"{url}/_sim/clock", timeout=TIMEOUT)
        reply.raise_for_status()
    except requests.RequestException as error:
        raise UnreachableError(f"no simulator answers at {url}") from error
    said = reply.json()
    runs_with_ours = said["mode"] == "real" and said["speed"] == 1
    return datetime.fromisoformat(said["now"]).astimezone(UTC), runs_with_ours
