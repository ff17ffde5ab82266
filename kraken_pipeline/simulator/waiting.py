"""Waiting for a mirrored book without holding up everybody else."""

import asyncio
from contextlib import suppress
from typing import Final

from kraken_pipeline.simulator.service import Mirroring

LONGEST: Final = 2.0
"""Seconds that an order waits for its book; it then meets what is known."""


async def brought(mirror: Mirroring, name: str) -> None:
    """Wait until the book of a pair is young, though not for long; an empty name is no pair."""
    if name:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(mirror.bring, name), LONGEST)
