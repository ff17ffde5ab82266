"""What waits for the trading job, by name: one name is done with one run."""

from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, FATE_OPEN, State
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.wiring import protecting
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import wants_stops

LOOKS: Final = ("stops-", "resting-")
"""How work begins that is one look in a span of time, and done with one run."""
STOPS_POLL: Final = timedelta(seconds=10)
"""How often stops are looked at that are not what they should be, or may be so soon (OMS-14)."""
WAITING_POLL: Final = timedelta(seconds=10)
"""How often orders that could not be sent yet are tried again."""
DOUBT_POLL: Final = timedelta(seconds=30)
"""How often orders of open fate are looked for. What a look adds to the key's counter has fallen by
then on the lowest tier too. Source: contract 11.3, U-RAT-4."""
RESTING_POLL: Final = timedelta(seconds=60)
"""How often orders that rest at the exchange are looked at, decision or not."""


def work(parts: Parts, settling: SettleDesk) -> str:
    """Name what waits for the trading job, or nothing.

    New decisions and orders that were never sent come first, then those that wait, then holdings
    whose stop is not what it should be; orders that rest at the exchange are looked at once in a
    while, and more often where a stop has to follow what they buy, or where nobody knows yet
    whether they are there.
    """
    clock = parts.edge.clock
    intents = {each.decision_id for each in parts.stores.decisions.pending(Namespace.TRADE)}
    orders = [each for each in parts.stores.orders.reserving() if each.namespace is Namespace.TRADE]
    planned = [each for each in orders if each.state is State.PLANNED]
    new = [each.local_id for each in planned if clock() - each.updated_at <= WAITING_POLL]
    if intents or new:
        return "W" + digest([sorted(intents), sorted(new)])[:24]
    if planned:
        # it waits for something else; until it may go or is too old it is looked at again
        return _look("waiting-", clock(), WAITING_POLL)
    if protecting.stops_need_care(parts, settling):
        is_old = protecting.is_missing_since(parts, clock() - RESTING_POLL)
        return _look("stops-", clock(), RESTING_POLL if is_old else STOPS_POLL)
    resting = [each for each in orders if each.state in AT_THE_EXCHANGE]
    if not resting:
        return ""
    follows = wants_stops(parts.loaded.settings)
    if follows and any(each.side is Side.BUY for each in resting):
        return _look("resting-", clock(), STOPS_POLL)
    is_doubtful = any(each.state in FATE_OPEN for each in resting)
    return _look("resting-", clock(), DOUBT_POLL if is_doubtful else RESTING_POLL)


def _look(kind: str, now: datetime, poll: timedelta) -> str:
    """Name one look in each span of time."""
    return f"{kind}{int(now.timestamp() // poll.total_seconds())}"
