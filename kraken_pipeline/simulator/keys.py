"""The keys of the account, and who is let in with them.

Checked in Kraken's order: lockout, key, signature, nonce, how often, permission.

Source: kraken/rest.md §1.2; kraken/errors.md §2. How many wrong calls lead to a lockout is not
published, nor how long it lasts after wrong nonces; after wrong keys it is about 15 minutes.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.simulator.auth import Key, Request
from kraken_pipeline.simulator.nonces import Nonces
from kraken_pipeline.simulator.params import RefusedError
from kraken_pipeline.simulator.rest_limits import BUDGETS, Counter, Limits, Tier, cost

LOCKOUT: Final = timedelta(minutes=15)
MOST_WRONG_KEYS: Final = 5
"""Invalid keys in a row that one name may be sent with."""
MOST_WRONG_NONCES: Final = 20
"""Invalid nonces of a key within `NONCE_SPAN`."""
NONCE_SPAN: Final = timedelta(minutes=1)
_NAMES: Final = 1000
"""Unknown names that are remembered."""


class Keys:
    """Several keys that act on one account."""

    def __init__(
        self, keys: Iterable[Key], *, limits: Limits = Limits.NONE, tier: Tier = Tier.STARTER
    ) -> None:
        self.limits = limits
        """Which REST limits hold."""
        self.tier: Final = tier
        self._keys: dict[str, Key] = {key.name: key for key in keys}
        self._counters: dict[str, Counter] = {}
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._wrong_nonces: dict[str, deque[datetime]] = {}
        self._locked: dict[str, datetime] = {}

    def put(self, key: Key, now: datetime) -> None:
        """Add a key, or change the one of that name; its nonces and counter go on."""
        known = self._keys.get(key.name)
        created = known.created if known else now
        self._keys[key.name] = replace(key, created=created, modified=now)

    def remove(self, name: str) -> None:
        """Take a key away."""
        self._keys.pop(name, None)

    def get(self, name: str) -> Key | None:
        """Return the key of a name, or None. Its permissions hold for streams as well."""
        return self._keys.get(name)

    def all(self) -> list[Key]:
        """Return every key, in the order in which they came."""
        return list(self._keys.values())

    def count(self, name: str, now: datetime) -> float:
        """Return how much of its REST budget a key has used, in calls."""
        counter = self._counters.get(name)
        return 0.0 if counter is None else counter.count(now)

    def admit(
        self, request: Request, nonces: Nonces, permissions: frozenset[str], now: datetime
    ) -> Key:
        """Let a call in, spend its nonce and count it.

        Args:
            request: the call.
            nonces: those that were used.
            permissions: any one of them lets the call in; none are needed if it is empty.
            now: the exchange's time.

        Raises:
            RefusedError: the first thing that is wrong.
        """
        key = self._known(request, now)
        if not request.signed_with(key.secret):
            raise RefusedError("EAPI:Invalid signature")
        nonce = request.nonce()
        if nonce is None or not nonces.spend(key.name, nonce, key.nonce_window):
            self._wrong_nonce(key.name, now)
            raise RefusedError("EAPI:Invalid nonce")
        if not self._within_limits(key.name, request.method, now):
            raise RefusedError("EAPI:Rate limit exceeded")
        if not key.may(permissions):
            raise RefusedError("EGeneral:Permission denied")
        return key

    def _known(self, request: Request, now: datetime) -> Key:
        self._not_locked(request.key, now)
        key = self._keys.get(request.key)
        if key is None or not key.is_good(request.host, now):
            self._wrong_key(request.key, now)
            raise RefusedError("EAPI:Invalid key")
        self._wrong.pop(request.key, None)
        return key

    def _not_locked(self, name: str, now: datetime) -> None:
        until = self._locked.get(name)
        if until is not None and now < until:
            raise RefusedError("EGeneral:Temporary lockout")
        self._locked.pop(name, None)

    def _wrong_key(self, name: str, now: datetime) -> None:
        self._wrong[name] = self._wrong.pop(name, 0) + 1
        if self._wrong[name] >= MOST_WRONG_KEYS:
            del self._wrong[name]
            self._locked[name] = now + LOCKOUT
        while len(self._wrong) > _NAMES:
            self._wrong.popitem(last=False)

    def _wrong_nonce(self, name: str, now: datetime) -> None:
        seen = self._wrong_nonces.setdefault(name, deque())
        seen.append(now)
        while seen[0] <= now - NONCE_SPAN:
            seen.popleft()
        if len(seen) > MOST_WRONG_NONCES:
            seen.clear()
            self._locked[name] = now + LOCKOUT

    def _within_limits(self, name: str, method: str, now: datetime) -> bool:
        if self.limits is Limits.NONE:
            return True
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = Counter(BUDGETS[self.tier], now)
        return counter.spend(cost(method), now)
