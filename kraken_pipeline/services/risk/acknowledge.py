"""Live keeps the bounds that a person agreed to: looser ones open nothing before that (CFG-5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.errors import InvalidValueError, StorageError
from kraken_pipeline.domain.loosening import Bounds, loosened
from kraken_pipeline.services.ports.exchange import Clock


class BoundsStore(Protocol):
    """The bounds that were agreed to last."""

    def known(self) -> Bounds | None:
        """Return them; None before live was ever used.

        Raises:
            StorageError: what stands there can't be read.
        """
        ...

    def keep(self, bounds: Bounds, *, config_hash: str, at: datetime, by: str, reason: str) -> None:
        """Keep them over what was there, with a note in the journal."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundsDesk:
    """What comparing bounds needs."""

    store: BoundsStore
    bounds: Bounds
    """As they are configured now."""
    config_hash: str
    is_live: Callable[[], bool]
    clock: Clock


def unacknowledged(desk: BoundsDesk) -> tuple[str, ...]:
    """Return what is looser than a person agreed to; nothing on paper.

    The gates of live are the agreement to what it begins with. What is tighter holds at once, and
    to loosen it again is to loosen.
    """
    if not desk.is_live():
        return ()
    try:
        known = desk.store.known()
    except StorageError as error:
        # what reduces goes on all the same (RSK-6)
        return (str(error),)
    found = () if known is None else loosened(known, desk.bounds)
    if not found and known != desk.bounds:
        _keep(desk, by="live", reason="first used" if known is None else "tightened")
    return found


def acknowledge(desk: BoundsDesk, *, reason: str, by: str) -> tuple[str, ...]:
    """Agree to the bounds as they are configured now, and return what is looser than before.

    Raises:
        InvalidValueError: no reason was given.
    """
    if not reason.strip():
        raise InvalidValueError("a reason is needed; it is kept in the journal")
    found = unacknowledged(desk)
    if found:
        _keep(desk, by=by, reason=reason.strip())
    return found


def _keep(desk: BoundsDesk, *, by: str, reason: str) -> None:
    desk.store.keep(
        desk.bounds, config_hash=desk.config_hash, at=desk.clock(), by=by, reason=reason
    )
