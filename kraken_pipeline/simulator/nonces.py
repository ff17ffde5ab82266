"""The nonces that each key has used.

Of each key the highest is kept on disk, in records of fixed length that are written over in place.
Which lower ones were used is remembered only while the simulator runs: after a start a nonce window
is closed for everything that came before it, which refuses more than Kraken would, never less.

Source: kraken/rest.md §1.2, Nonce.
"""

import os
from typing import Final

WIDTH: Final = 160
LONGEST_NAME: Final = 120
"""Characters of a key's name that a record has room for."""


class Nonces:
    """What the keys of one state folder have used."""

    def __init__(self, file: int) -> None:
        """Take up what an open file holds.

        Args:
            file: a descriptor, open for reading and writing; whoever opened it closes it.
        """
        self._file = file
        self._slots: dict[str, int] = {}
        self._highest: dict[str, int] = {}
        self._used: dict[str, set[int]] = {}
        self._floor: dict[str, int] = {}
        self._read()

    def highest(self, key: str) -> int:
        """Return the highest nonce that a key has used; -1 before the first."""
        return self._highest.get(key, -1)

    def spend(self, key: str, nonce: int, window: int) -> bool:
        """Use up a nonce and tell whether it was good.

        Args:
            key: the name of the key.
            nonce: a whole number from 0.
            window: how far below the highest an unused nonce is still good, in units of nonces.
        """
        highest, floor = self.highest(key), self._floor.get(key, -1)
        used = self._used.setdefault(key, set())
        if nonce > highest:
            self._keep(key, nonce)
            # a wider window later must not open what this one has passed
            floor = self._floor[key] = max(floor, nonce - window - 1)
            self._used[key] = {each for each in used if each > floor} | {nonce}
            return True
        if nonce <= floor or nonce < highest - window or nonce in used:
            return False
        used.add(nonce)
        return True

    def _read(self) -> None:
        size = os.fstat(self._file).st_size
        for slot in range(size // WIDTH):
            record = os.pread(self._file, WIDTH, slot * WIDTH).decode().strip()
            mark, _, name = record.partition(" ")
            if name:
                self._slots[name] = slot
                self._highest[name] = self._floor[name] = int(mark)

    def _keep(self, key: str, nonce: int) -> None:
        slot = self._slots.setdefault(key, len(self._slots))
        os.pwrite(self._file, f"{nonce} {key}".ljust(WIDTH).encode(), slot * WIDTH)
        self._highest[key] = nonce
