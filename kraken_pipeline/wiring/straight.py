"""What a simulator is asked beside the exchange: its clock, its keys, whether it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests


@contextmanager
def straight() -> Iterator[requests.Session]:
    """Yield a session that goes straight to an address of this machine (INV-9).

    Neither a proxy of the environment, which knows another 127.0.0.1, nor a password of `.netrc`
    has to do with it.
    """
    with requests.Session() as session:
        session.trust_env = False
        yield session
