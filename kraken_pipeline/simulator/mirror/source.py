"""What the mirrored exchange said lately, and when: the one place where its answers are kept."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.clock import Clock
from kraken_pipeline.simulator.mirror.upstream import (
    RefusedUpstreamError,
    Upstream,
    UpstreamError,
)

NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})
MOST_KEPT: Final = 256
"""Answers; of those that are asked for once, such as candles, the oldest go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer."""

    method: str
    params: Mapping[str, str]
    result: object
    at: datetime
    """When it came, by our clock."""


class Source:
    """Answers by what was asked. Any thread may ask; one takes in what is new."""

    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        self.upstream: Final = upstream
        self.news: Final[SimpleQueue[Said]] = SimpleQueue()
        """Every answer, in the order in which they came."""
        self.latest: datetime | None = None
        """When the last of them came."""
        self._clock = clock
        self._said: OrderedDict[tuple[str, str], Said] = OrderedDict()
        self._keeping = threading.Lock()

    def said(self, method: str, params: Mapping[str, str] = NO_PARAMS) -> Said | None:
        """Return the last answer to a question, however old; None if there is none."""
        return self._said.get(_key(method, params))

    def refresh(
        self,
        method: str,
        params: Mapping[str, str] = NO_PARAMS,
        *,
        max_age: timedelta,
        patience: float,
    ) -> None:
        """Ask, unless there is an answer that is young enough.

        Raises:
            UpstreamError: it was asked and gave none.
            RefusedUpstreamError: it refuses the question.
        """
        found = self.said(method, params)
        if found is None or self.age(found) > max_age:
            self.ask(method, params, patience=patience)

    def ask(self, method: str, params: Mapping[str, str] = NO_PARAMS, *, patience: float) -> Said:
        """Ask in any case and return the answer.

        Raises:
            UpstreamError: there is none.
            RefusedUpstreamError: the question is refused.
        """
        result = self.upstream.get(method, params, patience=patience)
        said = Said(method=method, params=params, result=result, at=self._clock.now())
        key = _key(method, params)
        with self._keeping:
            self._said[key] = said
            self._said.move_to_end(key)
            if len(self._said) > MOST_KEPT:
                self._said.popitem(last=False)
            self.latest = said.at
        self.news.put(said)
        return said

    def age(self, said: Said) -> timedelta:
        """Return how old an answer is."""
        return self._clock.now() - said.at

    def state(self) -> dict[str, object]:
        """Return where the data come from, how old the newest of them are, and what fails."""
        age = None if self.latest is None else (self._clock.now() - self.latest).total_seconds()
        return {"source": self.upstream.url, "age_seconds": age, "failure": self.upstream.failure}


def required(source: Source, method: str) -> object:
    """Return an answer without which there is no mirror.

    Raises:
        ValueError: there is none; the message says what to do.
    """
    try:
        return source.ask(method, patience=30.0).result
    except (UpstreamError, RefusedUpstreamError) as trouble:
        raise ValueError(
            f"the market of {source.upstream.url} can't be mirrored, {method} fails: it {trouble}; "
            "look at the network, or trade on the simulator's own market"
        ) from trouble


def _key(method: str, params: Mapping[str, str]) -> tuple[str, str]:
    return method, "&".join(f"{name}={params[name]}" for name in sorted(params))
