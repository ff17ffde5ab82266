"""Calls in, answers out, without HTTP: Kraken's methods and the simulator's own controls."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kraken_pipeline.simulator.api.methods import PRIVATE, PUBLIC, key_info
from kraken_pipeline.simulator.auth import Key, Request, admit
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.faults.faults import Faults
from kraken_pipeline.simulator.market import NeverTradedError
from kraken_pipeline.simulator.params import Params, RefusedError, instant, parsed
from kraken_pipeline.simulator.tokens import Tokens
from kraken_pipeline.simulator.wire import text

UNAVAILABLE: Final = "EService:Unavailable"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
PRIVATE_PATH: Final = "/0/private/"
LONGEST_DELAY: Final = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller."""

    body: str | bytes
    status: int = 200
    delay_seconds: float = 0.0
    """How long the answer is kept back, after its effect."""
    media_type: str = "application/json"


def refused(reason: str, status: int = 200) -> Answer:
    """Return the answer to a call that was refused: no `result`, as Kraken has it."""
    return Answer(text({"error": [reason]}), status)


def _result(body: str | bytes) -> str | bytes:
    """Return a result in its envelope; bytes are a file, which has none."""
    return body if isinstance(body, bytes) else f'{{"error":[],"result":{body}}}'


class ControlError(Exception):
    """A control call is wrong; the message says what to give instead."""


class Service:
    """An exchange and its only key."""

    def __init__(self, exchange: Exchange, key: Key) -> None:
        self.exchange: Final = exchange
        self.key: Final = key
        self.delays: dict[str, float] = {}
        """Seconds by method for which answers are kept back."""
        self.faults: Final = Faults()
        self.tokens: Final = Tokens()

    def public(self, method: str, params: Params) -> Answer:
        """Answer a public call."""
        answer = PUBLIC.get(method)
        if answer is None:
            return refused(UNKNOWN_METHOD, 404)
        try:
            return self._answer(method, _result(answer(self.exchange, params)))
        except NeverTradedError:
            return refused(UNAVAILABLE)
        except RefusedError as refusal:
            return refused(refusal.text)

    def private(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a private call.

        Args:
            path: of the URL, as it was signed.
            headers: by lower-case name.
            body: the bytes as they came.
        """
        method = path.removeprefix(PRIVATE_PATH)
        known = PRIVATE.get(method)
        if known is None and method != "GetApiKeyInfo":
            return refused(UNKNOWN_METHOD, 404)
        try:
            params = self._admitted(
                path, headers, body, known.permissions if known else frozenset()
            )
            if known is None:
                return self._answer(method, _result(key_info(self.key, self.exchange)))
            return self._answer(method, _result(known.answer(self.exchange, params)))
        except RefusedError as refusal:
            return refused(refusal.text)

    def _admitted(
        self, path: str, headers: Mapping[str, str], body: bytes, permissions: frozenset[str]
    ) -> Params:
        key = headers.get("api-key", "")
        if key != self.key.name:
            raise RefusedError("EAPI:Invalid key")
        params = parsed(body, headers.get("content-type", ""))
        request = Request(
            path=path, key=key, sign=headers.get("api-sign", ""), body=body, params=params
        )
        admit(request, self.key, self.exchange.journal, permissions)
        return params

    def _answer(self, method: str, body: str | bytes) -> Answer:
        media_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        return Answer(body, delay_seconds=self.delays.get(method, 0.0), media_type=media_type)

    def clock(self) -> dict[str, object]:
        """Return what the clock shows and whether it runs."""
        clock = self.exchange.clock
        shown = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {"now": shown, "mode": clock.mode}

    def turn_clock(self, params: Params) -> dict[str, object]:
        """Turn a fixed clock and run the market over the time that it skips.

        Raises:
            ControlError: the clock runs by itself, would go back, or is not told where to go.
        """
        clock = self.exchange.clock
        if not isinstance(clock, FixedClock):
            raise ControlError("the clock runs by itself; start with --clock fixed to turn it")
        try:
            if "advance_seconds" in params:
                seconds = params.number("advance_seconds")
                to = clock.now() + timedelta(microseconds=int(seconds * 1_000_000))
            else:
                to = instant(params.text("now"), "now")
            clock.turn(to)
        except (RefusedError, OverflowError) as wrong:
            raise ControlError('give {"now": ISO-8601} or {"advance_seconds": number}') from wrong
        except ValueError as backwards:
            raise ControlError(str(backwards)) from backwards
        self.exchange.advance()
        return self.clock()

    def delay(self, params: Params) -> dict[str, object]:
        """Keep back the answers of a method from now on, by some seconds; 0 stops that.

        Raises:
            ControlError: the method is unknown or the seconds are no number from 0 to 600.
        """
        method = params.text("method")
        if method not in PRIVATE and method not in PUBLIC and method != "GetApiKeyInfo":
            raise ControlError(f"there is no method {method!r}")
        try:
            seconds = float(params.number("seconds"))
        except RefusedError as wrong:
            raise ControlError("give seconds, a number from 0 to 600") from wrong
        if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_DELAY:
            raise ControlError(f"seconds is {seconds}; give a number from 0 to 600")
        self.delays[method] = seconds
        return {"method": method, "seconds": seconds}

    def health(self) -> dict[str, object]:
        """Return that it is alive, and what its prices come from."""
        market = self.exchange.market
        identity = {"seed": None, "replay": None} | dict(market.identity)
        return {"ok": True, "pairs": len(market.listing.pairs), **identity}
