"""The simulator's own controls: its clock, its faults, its keys. Kraken has none of them."""

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.faults.rules import FaultError, rule_of, seed_of
from kraken_pipeline.simulator.params import Params, RefusedError, instant
from kraken_pipeline.simulator.rest_limits import Limits
from kraken_pipeline.simulator.service import Service

LONGEST_DELAY: Final = 600.0
_OF_A_KEY: Final = frozenset(field.name for field in fields(Key)) - {"created", "modified"}


class ControlError(Exception):
    """A control call is wrong; the message says what to give instead."""


class Controls:
    """What a test or a person may do to a simulator from outside."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def clock(self) -> dict[str, object]:
        """Return what the clock shows, whether it runs, how fast, and what it is off by."""
        clock = self._service.exchange.clock
        return {
            "now": _text(clock.now()),
            "mode": clock.mode,
            "speed": clock.speed,
            "skew_seconds": clock.skew.total_seconds(),
        }

    def turn_clock(self, params: Params) -> dict[str, object]:
        """Turn a fixed clock, or skew any, and run the market over the time that it skips.

        Raises:
            ControlError: the clock runs by itself, would go back, or is not told where to go.
        """
        clock = self._service.exchange.clock
        if "skew_seconds" in params:
            clock.skew = timedelta(seconds=_seconds(params, "skew_seconds", least=-86_400))
            self._service.turned()
            return self.clock()
        if not isinstance(clock, FixedClock):
            raise ControlError("the clock runs by itself; start with --clock fixed to turn it")
        try:
            clock.turn(self._destination(params))
        except (RefusedError, OverflowError) as wrong:
            raise ControlError('give {"now": ISO-8601} or {"advance_seconds": number}') from wrong
        except ValueError as backwards:
            raise ControlError(str(backwards)) from backwards
        self._service.turned()
        return self.clock()

    def _destination(self, params: Params) -> datetime:
        if "advance_seconds" not in params:
            return instant(params.text("now"), "now")
        seconds = params.number("advance_seconds")
        span = timedelta(microseconds=int(seconds * 1_000_000))
        return self._service.exchange.clock.now() + span

    def delay(self, params: Params) -> dict[str, object]:
        """Keep back the answers of a method from now on, by some seconds; 0 stops that.

        Raises:
            ControlError: the method is unknown or the seconds are no number from 0 to 600.
        """
        method = params.text("method")
        if not self._service.knows(method):
            raise ControlError(f"there is no method {method!r}")
        seconds = _seconds(params, "seconds", most=LONGEST_DELAY)
        self._service.delays[method] = seconds
        return {"method": method, "seconds": seconds}

    def health(self) -> dict[str, object]:
        """Return that it is alive, and what its prices come from."""
        market = self._service.exchange.market
        identity: dict[str, object] = {"seed": None, "replay": None, "mirror": None} | dict(
            market.identity
        )
        told: dict[str, object] = {"ok": True, "pairs": len(market.listing.pairs), **identity}
        mirror = self._service.mirror
        return told if mirror is None else told | {"mirrored": dict(mirror.state())}

    def faults(self) -> dict[str, object]:
        """Return the seed, the rules with strikes left, and each strike with what repeats it.

        The rules of the log, told to a new simulator, do again what was done by chance.
        """
        faults = self._service.faults
        seed = faults.seeded()
        return {
            "seed": None if seed is None else seed.script(),
            "rules": [rule.script() for rule in faults.pending()],
            "log": [
                {
                    "at": _text(struck.at),
                    "point": struck.point.value,
                    "subject": struck.subject,
                    "rule": struck.rule.script(),
                }
                for struck in faults.log()
            ],
        }

    def add_fault(self, params: Params) -> dict[str, object]:
        """Add a rule, rules as {"rules": [...]}, or a seed as {"seed": n, "rates": {...}}.

        Raises:
            ControlError: it is told wrongly; nothing of it holds.
        """
        faults, told = self._service.faults, params.values
        try:
            if "rates" in told:
                faults.seed(seed_of(told))
            else:
                listed = told.get("rules", [told])
                for rule in [rule_of(each) for each in _objects(listed)]:
                    faults.add(rule)
        except FaultError as wrong:
            raise ControlError(str(wrong)) from wrong
        return self.faults()

    def clear_faults(self) -> dict[str, object]:
        """Forget every rule, the seed and the log; a clock that was skewed goes right again."""
        self._service.faults.clear()
        self._service.exchange.clock.skew = timedelta()
        return self.faults()

    def keys(self) -> dict[str, object]:
        """Return every key without its secret, what it may do and how much it has used."""
        keys, nonces = self._service.keys, self._service.exchange.journal.nonces
        now = self._service.exchange.clock.now()
        return {
            "limits": keys.limits.value,
            "tier": keys.tier.value,
            "keys": [
                {
                    "name": key.name,
                    "permissions": list(key.permissions),
                    "nonce": nonces.highest(key.name),
                    "nonce_window": key.nonce_window,
                    "ip_allowlist": list(key.ip_allowlist),
                    "counter": round(keys.count(key.name, now), 3),
                }
                for key in keys.all()
            ],
        }

    def put_key(self, params: Params) -> dict[str, object]:
        """Add a key, change one, or with {"remove": true} take it away.

        What is left out stays as it is; a new key needs its name and secret. Keys that came in this
        way are gone after the simulator is started anew.

        Raises:
            ControlError: it is told wrongly; nothing was changed.
        """
        keys, name = self._service.keys, params.text("name")
        try:
            if params.flag("remove"):
                keys.remove(name)
            else:
                keys.put(_key(params, keys.get(name)), self._service.exchange.clock.now())
        except (RefusedError, ValueError) as wrong:
            raise ControlError(str(wrong)) from wrong
        return self.keys()

    def set_limits(self, params: Params) -> dict[str, object]:
        """Let none, the private or all REST limits hold.

        Raises:
            ControlError: it is none of these.
        """
        try:
            self._service.keys.limits = Limits(params.text("limits"))
        except ValueError as wrong:
            raise ControlError(f"give limits, one of {', '.join(Limits)}") from wrong
        return self.keys()

    def set_status(self, params: Params) -> dict[str, object]:
        """Set what the exchange does, {"system": status}, or a pair, {"pair": name, "status": it}.

        A pair without a status is what it is listed with.

        Raises:
            ControlError: there is no such pair or status.
        """
        exchange = self._service.exchange
        try:
            if "pair" not in params:
                exchange.set_system(params.text("system"))
                return self.status()
            pair = exchange.market.listing.pair(params.text("pair"))
            if pair is None:
                raise ControlError(f"there is no pair {params.text('pair')!r}")
            exchange.set_pair_status(pair, params.text("status") or None)
        except ValueError as wrong:
            raise ControlError(str(wrong)) from wrong
        return self.status()

    def status(self) -> dict[str, object]:
        """Return the exchange's status, and those of pairs that were set."""
        account = self._service.exchange.account
        return {"system": account.system, "pairs": dict(account.pair_status)}

    def restart(self, params: Params) -> dict[str, object]:
        """Go down for some seconds: connections are cut and refused, orders remembered.

        Raises:
            ControlError: the seconds are no number from 0 to 600.
        """
        seconds = _seconds(params, "seconds", most=LONGEST_DELAY)
        self._service.restart(seconds)
        return {"seconds": seconds}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _seconds(params: Params, name: str, *, least: float = 0.0, most: float = 86_400.0) -> float:
    try:
        seconds = float(params.number(name))
    except RefusedError as wrong:
        raise ControlError(f"give {name}, a number from {least:g} to {most:g}") from wrong
    if not math.isfinite(seconds) or not least <= seconds <= most:
        raise ControlError(f"{name} is {seconds}; give a number from {least:g} to {most:g}")
    return seconds


def _objects(listed: object) -> list[Mapping[str, object]]:
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise FaultError("give rules, a list of objects")
    return listed


def _key(params: Params, known: Key | None) -> Key:
    """Return a key as it is after what was told of it."""
    unknown = sorted(set(params.values) - _OF_A_KEY - {"remove"})
    if unknown:
        raise ValueError(f"a key has no {unknown[0]!r}; give {', '.join(sorted(_OF_A_KEY))}")
    if known is None and "secret" not in params:
        raise ValueError("give a secret, base64, to a new key")

    old = known or Key(name=params.text("name"), secret=b" ")

    def texts(name: str, before: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(params.names(name)) if name in params.values else before

    def time(name: str, before: datetime | None) -> datetime | None:
        return instant(params.text(name), name) if name in params else before

    return Key(
        name=old.name,
        secret=secret_of(params.text("secret")) if "secret" in params else old.secret,
        permissions=texts("permissions", old.permissions),
        nonce_window=params.integer("nonce_window", default=old.nonce_window),
        ip_allowlist=texts("ip_allowlist", old.ip_allowlist),
        valid_until=time("valid_until", old.valid_until),
        query_from=time("query_from", old.query_from),
        query_to=time("query_to", old.query_to),
    )
