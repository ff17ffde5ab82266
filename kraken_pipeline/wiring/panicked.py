"""Whether panic was called, on this machine or on another one that keeps the same books."""

import socket
from contextlib import suppress

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.panic import latch_text
from kraken_pipeline.wiring.parts import Parts


def panic_is_here(parts: Parts) -> bool:
    """Tell whether the panic file lies on this machine, and have the books say so if it does.

    Whoever sends checks the books in the transaction that lets an order leave, so what the books
    say stops every machine; the file stops this one also where the books cannot be written.

    Source: PAN-2.
    """
    said = latch_text(parts.panic_file)
    if not said:
        return False
    why = f"the panic file on {socket.gethostname()}: {said}"
    with suppress(StorageError):
        parts.stores.halts.latch(HaltKind.PANIC, reason=why, at=system_now(), by="panic")
    return True


def panic_is_latched(parts: Parts) -> bool:
    """Tell whether panic was called anywhere: then also no stop is placed.

    Raises:
        StorageError: the books cannot be read.
    """
    latched = parts.stores.halts.latched
    return panic_is_here(parts) or any(each.kind is HaltKind.PANIC for each in latched())
