"""A pipeline's uses, each as a stage that is timed, told of, and whose faults latch a halt."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from time import perf_counter
from typing import TypeVar

from kraken_pipeline.domain.errors import AuthError, ConfigurationError, StorageError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.services.risk import halt
from kraken_pipeline.services.risk.halt import HaltDesk
from kraken_pipeline.wiring import desks, heads, signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.parts import Parts

T = TypeVar("T")

Observer = Callable[[str, float, object], None]
"""Told the name of a finished stage, its seconds and its result."""


def nobody(stage: str, seconds: float, outcome: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Stages(Parts):
    """Parts that are worked with stage by stage."""

    observer: Observer = nobody

    def clock(self) -> datetime:
        """Return the exchange's time."""
        return self.edge.clock()

    @cached_property
    def _halts(self) -> HaltDesk:
        return desks.halts(self)

    def _show_settled(self) -> None:
        # without a sign the guardian lets the switch fire; nothing else may fail for it
        with contextlib.suppress(ConfigurationError):
            signs.give(self.loaded.data_dir / signs.SETTLED, system_now())

    @contextlib.contextmanager
    def _stage(self, name: str) -> Iterator["_Done"]:
        done = _Done()
        started = perf_counter()
        try:
            yield done
        except StorageError as failure:
            heads.latch_failed_storage(self, str(failure), by=name)
            raise
        except AuthError as refusal:
            halt.stop(self._halts, HaltKind.AUTH, reason=str(refusal), by=name)
            raise
        heads.publish_if_due(self)
        self.observer(name, perf_counter() - started, done.outcome)


class _Done:
    """Keeps what a stage gave, for the observer."""

    outcome: object = None

    def __call__(self, outcome: T) -> T:
        self.outcome = outcome
        return outcome
