"""How often paper may ask: as often as its simulator says that it counts."""

from dataclasses import replace
from typing import Final

import requests

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.budget import UNLIMITED, Budget
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household, budget_of
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.wiring.straight import straight

TIMEOUT: Final = (1, 3)
"""Seconds to connect and to read. The simulator is on this machine."""
UNCOUNTED: Final = 1_000_000
"""What a counter may stand at that the exchange does not keep."""
TURNED_BY_HAND: Final = "fixed"


def paper_budget(url: str, credential: Credential, house: Household) -> Budget:
    """Return the budget of a key at a simulator.

    Where the clock is turned by hand there is none: no counter falls for whoever waits.

    Args:
        url: of the simulator.
        credential: of the key.
        house: where it is kept; the simulator says of which tier the account is.

    Raises:
        UnreachableError: there is no simulator at that address.
    """
    if _told(url, "clock")["mode"] == TURNED_BY_HAND:
        return UNLIMITED
    said = _told(url, "keys")
    tier = TIERS[said["tier"]]
    if said["limits"] == "none":
        # the engine counts in any case, REST does not
        tier = replace(tier, rest_most=UNCOUNTED)
    return budget_of(credential, replace(house, tier=tier))


def _told(url: str, what: str) -> dict[str, str]:
    try:
        with straight() as session:
            reply = session.get(f"{url}/_sim/{what}", timeout=TIMEOUT)
        reply.raise_for_status()
    except requests.RequestException as error:
        raise UnreachableError(f"no simulator answers at {url}") from error
    said: dict[str, str] = reply.json()
    return said
