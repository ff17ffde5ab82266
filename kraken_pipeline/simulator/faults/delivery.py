"""The way of a REST call to the exchange and back, with what strikes it there."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.answers import HTML, Answer, Cut, refused, succeeded
from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.faults.faults import Faults, Strike
from kraken_pipeline.simulator.faults.kinds import Kind, Point
from kraken_pipeline.simulator.wire import text

REFUSALS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.INVALID_NONCE: "EAPI:Invalid nonce",
        Kind.RATE_LIMIT: "EAPI:Rate limit exceeded",
        Kind.UNAVAILABLE: "EService:Unavailable",
        Kind.BUSY: "EService:Busy",
        Kind.TIMEOUT: "EService:Timeout",
        Kind.INTERNAL_ERROR: "EGeneral:Internal error",
        Kind.DEADLINE_ELAPSED: "EService:Deadline elapsed",
    }
)
EDGE_PAGE: Final = """<!DOCTYPE html>
<html lang="en-US">
<head><title>{status}: Web server is returning an unknown error</title></head>
<body><h1>Error code {status}</h1><p>cloudflare</p></body>
</html>
"""


def _late(answer: Answer, strike: Strike) -> Answer:
    return replace(answer, delay_seconds=answer.delay_seconds + strike.seconds)


def _reset(answer: Answer, strike: Strike) -> Answer:
    return replace(answer, cut=Cut.RESET)


def _empty(answer: Answer, strike: Strike) -> Answer:
    return replace(answer, body=b"")


def _truncated(answer: Answer, strike: Strike) -> Answer:
    return replace(answer, body=answer.content[: len(answer.content) // 2])


def _page(answer: Answer, strike: Strike) -> Answer:
    """Return a page of history without its rows, or with the first half of them."""
    told = json.loads(answer.content)
    result = told["result"]
    keep = 0.5 if strike.kind is Kind.PARTIAL_PAGE else 0.0
    for name, rows in result.items():
        if isinstance(rows, dict):
            result[name] = dict(list(rows.items())[: int(len(rows) * keep)])
    return replace(answer, body=text(told))


SPOILT: Final[Mapping[Kind, Callable[[Answer, Strike], Answer]]] = MappingProxyType(
    {
        Kind.LATE_REPLY: _late,
        Kind.RESET: _reset,
        Kind.EMPTY_BODY: _empty,
        Kind.TRUNCATED_BODY: _truncated,
        Kind.EMPTY_PAGE: _page,
        Kind.PARTIAL_PAGE: _page,
    }
)
"""What becomes of a reply that had its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Carries calls in and answers out."""

    faults: Faults
    clock: Callable[[], Clock]
    restart: Callable[[float], None]
    """Cuts every connection and takes none for some seconds."""

    async def carry(self, method: str, handle: Callable[[], Answer]) -> Answer:
        """Return the answer to a call, as the caller gets it.

        Args:
            method: that is called.
            handle: works the call out; not called if it is lost on its way.
        """
        clock = self.clock()
        strike = self.faults.strike(Point.REQUEST, method, clock.now())
        if strike is not None:
            lost = await self._before(strike)
            if lost is not None:
                return lost
        answer = handle()
        if not answer.succeeded:
            return answer
        strike = self.faults.strike(Point.REPLY, method, clock.now())
        return answer if strike is None else self._after(strike, answer, handle)

    async def _before(self, strike: Strike) -> Answer | None:
        """Return what the caller gets instead; None if the call is worked out all the same."""
        if strike.kind is Kind.LATE_REQUEST:
            await asyncio.sleep(strike.seconds)
            return None
        if strike.kind is Kind.CLOCK_SKEW:
            self.clock().skew += timedelta(seconds=strike.seconds)
            return None
        return self._instead(strike)

    def _after(self, strike: Strike, answer: Answer, handle: Callable[[], Answer]) -> Answer:
        if strike.kind is Kind.DUPLICATE_DELIVERY:
            return handle()
        spoilt = SPOILT.get(strike.kind)
        return self._instead(strike) if spoilt is None else spoilt(answer, strike)

    def _instead(self, strike: Strike) -> Answer:
        """Return what takes the place of the reply, be there one or not."""
        if strike.kind is Kind.HTTP_ERROR:
            return Answer(EDGE_PAGE.format(status=strike.status), strike.status, media_type=HTML)
        if strike.kind is Kind.THROTTLED:
            until = self.clock().now() + timedelta(seconds=strike.seconds)
            return refused(f"EService: Throttled: {int(until.timestamp())}")
        if strike.kind is Kind.RESTART:
            self.restart(strike.seconds)
        if strike.kind is Kind.DEAF_CANCEL:
            return succeeded(text({"count": 1}))
        if strike.kind in REFUSALS:
            return refused(REFUSALS[strike.kind])
        return Answer(b"", cut=Cut.CLOSED)
