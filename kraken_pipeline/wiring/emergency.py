"""Panic as Dagster starts it: what cancels needs neither configuration nor books."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.settings.environment import data_folder
from kraken_pipeline.wiring.panic import LATCH, PanicOutcome, latch_text, panic_now
from kraken_pipeline.wiring.pipeline import Pipeline, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What calls for panic, panic, and what it left. Nothing is opened before it is asked for."""

    environ: Mapping[str, str]
    connected: Callable[[], AbstractContextManager[Pipeline]]
    """Opens a pipeline for as long as its context lasts."""

    def cause(self) -> str:
        """Name what calls for panic: the file, or a kill switch that latched; else nothing.

        Raises:
            ConfigurationError: there is no file, and the books cannot be asked for the switches.
        """
        said = latch_text(data_folder(self.environ) / LATCH)
        if said:
            return f"file-{digest([said])[:16]}"
        with self.connected() as pipeline:
            return pipeline.breach()

    def cancel_everything(self) -> PanicOutcome:
        """Latch, cancel all, verify, in a process of its own."""
        return panic_now(self.environ)

    def still_open(self) -> tuple[str, ...]:
        """Bring the books up to what the exchange shows; return our orders that are open there.

        From then on the books stop every other machine that sends by them.

        Raises:
            ConfigurationError: the books cannot be opened.
        """
        with self.connected() as pipeline:
            pipeline.panic_is_told()
            pipeline.settle()
            return pipeline.open_at_exchange()


def emergency() -> Emergency:
    """Return the emergency of this process's environment."""
    return Emergency(environ=os.environ, connected=_connected)


@contextmanager
def _connected() -> Iterator[Pipeline]:
    pipeline = connect(os.environ)
    try:
        yield pipeline
    finally:
        pipeline.close()
