"""Lines to a scripted server, with a made-up key."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kraken_pipeline.domain.symbols import Asset, PairName, SymbolTable
from kraken_pipeline.kraken.http import PrivateLine, Timeouts, Turns
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.nonce import Hand, Nonces
from kraken_pipeline.kraken.signing import Credential

SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
"""The example of Kraken's own documentation."""
CREDENTIAL = Credential(key="made-up-key", secret=SECRET)
# a scripted server answers within a millisecond, unless its thread waits for a processor
QUICK = Timeouts(connect_seconds=2, read_seconds=2)

SYMBOLS = SymbolTable(
    assets={"XXBT": "XBT", "ZUSD": "USD", "XETH": "ETH", "USDT": "USDT"},
    pairs=[
        PairName(pair="XBTUSD", key="XXBTZUSD", base=Asset("XBT"), quote=Asset("USD")),
        PairName(pair="ETHUSDT", key="ETHUSDT", base=Asset("ETH"), quote=Asset("USDT")),
    ],
)


class Counting:
    """Nonces without a disk, for tests of something else."""

    def __init__(self, hand: Hand = Hand.UNTOLD) -> None:
        self._numbers = itertools.count(1)
        self._turns = threading.Lock()
        self._hand = hand
        self.renewals = 0

    @contextmanager
    def turn(self, lane: Lane = Lane.READ) -> Iterator[int]:
        # a stream that asks for its token shares the line with the test
        with self._turns:
            yield next(self._numbers)

    def renew(self, nonce: int) -> Hand:
        self.renewals += 1
        return self._hand

    def raise_to(self, nonce: int) -> None:
        self._numbers = itertools.count(nonce + 1)


def line_to(url: str, nonces: Turns | None = None) -> PrivateLine:
    return PrivateLine(url, credential=CREDENTIAL, nonces=nonces or Counting(), timeouts=QUICK)


def nonces_in(folder: Path, clock: Callable[[], int], *, patience_seconds: float = 30) -> Nonces:
    return Nonces(folder, CREDENTIAL.key_id, clock=clock, patience_seconds=patience_seconds)
