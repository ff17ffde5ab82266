"""Lines as they are used in earnest: counted, audited, and known to all processes of this machine.

The parts stand alone in their modules; whoever wants one of them different puts a line together
from them.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.kraken.audit import AuditLog
from kraken_pipeline.kraken.budget import Budget, Pace, SharedBudget
from kraken_pipeline.kraken.connects import ConnectBudget
from kraken_pipeline.kraken.http import PrivateLine, PublicLine, Timeouts
from kraken_pipeline.kraken.limits import Tier
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.public_limit import SharedPublicLimit
from kraken_pipeline.kraken.signing import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """What all lines from one folder share."""

    folder: Path
    """Of nonce marks, counters and audit logs; every process must name the same."""
    tier: Tier
    """Of the account."""
    clock: Callable[[], int]
    """Tells microseconds since 1970."""
    account: str | None = None
    """A name of the account, where several keys of it are used from this folder."""
    pace: Pace | None = None
    """How time passes for the counters; as for this machine if left out."""


def budget_of(credential: Credential, house: Household) -> SharedBudget:
    """Return the budget of a key; the same for its stream as for its REST line."""
    return SharedBudget(
        house.folder, credential, tier=house.tier, account=house.account, pace=house.pace
    )


def private_line(
    url: str,
    credential: Credential,
    house: Household,
    *,
    timeouts: Timeouts | None = None,
    budget: Budget | None = None,
) -> PrivateLine:
    """Return the line of a key. Nothing is connected or written before its first call.

    Args:
        url: of the exchange.
        credential: the key.
        house: what it shares with other lines.
        timeouts: of each call.
        budget: another one than the household's.
    """
    return PrivateLine(
        url,
        credential=credential,
        nonces=Nonces(house.folder, credential.key_id, clock=house.clock),
        timeouts=timeouts,
        budget=budget or budget_of(credential, house),
        audit=AuditLog(house.folder, credential.key_id, clock=house.clock),
    )


def public_line(
    url: str, house: Household, *, timeouts: Timeouts | None = None, gives_way: bool = False
) -> PublicLine:
    """Return a line that needs no key and asks no more often than an address may.

    Args:
        url: of the exchange.
        house: what it shares with other lines.
        timeouts: of each call.
        gives_way: whether it leaves room for what other lines ask.
    """
    connects = ConnectBudget(house.folder)

    def connecting() -> None:
        # counted beside the stream's, which has to wait where these two became too many
        with suppress(PipelineError):
            connects.count()

    limit = SharedPublicLimit(house.folder, pace=house.pace, gives_way=gives_way)
    return PublicLine(url, timeouts=timeouts, limit=limit, connecting=connecting)
