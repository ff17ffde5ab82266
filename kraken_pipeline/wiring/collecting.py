"""Not looking for garbage among what stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Let nothing be looked through for cycles: what is made meanwhile is kept, or ends by itself.

    Each look goes through all that there is, and a run keeps a few things of every order.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_what_is_there() -> None:
    """Look for garbage once more, and from then on only among what is made later.

    For a process that lives on and whose every pause counts: what it has loaded stays, and a look
    through all of it takes a tenth of a second.
    """
    gc.collect()
    gc.freeze()
