"""Searches for parameters: a folder each, with its plan, its folds and what they say together."""

import hashlib
import os
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError

FOLDER: Final = "searches"
_FIRST: Final = "plan.json"
"""A folder without one is no search."""
Of = TypeVar("Of")


class SearchFiles:
    """Searches under one folder: JSON files, each written whole or not at all, with its hash.

    Any number of processes may do folds of the same search.
    """

    def __init__(self, root: Path) -> None:
        """Take the data folder; it need not be there yet."""
        self._root = root / FOLDER

    def path(self, search_id: str, name: str) -> Path:
        """Return where a part of a search is, or would be."""
        return self._root / search_id / f"{name}.json"

    def names(self) -> tuple[str, ...]:
        """Return every search that was planned, by name."""
        return tuple(sorted(each.parent.name for each in self._root.glob(f"*/{_FIRST}")))

    def keep(self, search_id: str, name: str, what: object) -> str:
        """Write a part of a search over what was there, and return its hash."""
        told = msgspec.json.encode(what, order="sorted")
        told = msgspec.json.format(told, indent=1)
        known = hashlib.sha256(told).hexdigest()
        path = self.path(search_id, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.tmp")
        with beside.open("wb") as file:
            file.write(b'{"sha256":"%b","of":%b}\n' % (known.encode(), told))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return known

    def read(self, search_id: str, name: str, kind: type[Of]) -> Of:
        """Return a part of a search.

        Raises:
            UnknownNameError: there is no such search, or it has no such part yet.
            ConfigurationError: the file is torn, was changed by hand, or is not ours.
        """
        path = self.path(search_id, name)
        try:
            whole = msgspec.json.decode(path.read_bytes(), type=_Kept)
            if hashlib.sha256(whole.of).hexdigest() != whole.sha256:
                raise ConfigurationError(f"{path} is not as it was written: do that part again")
            return msgspec.json.decode(whole.of, type=kind)
        except FileNotFoundError as absent:
            known = ", ".join(self.names()) or "none yet"
            raise UnknownNameError(
                f"there is no {name} of a search {search_id!r}; there are: {known}"
            ) from absent
        except msgspec.DecodeError as torn:
            raise ConfigurationError(f"{path} cannot be read: {torn}: do that part again") from torn

    def has(self, search_id: str, name: str) -> bool:
        """Tell whether a part of a search is there."""
        return self.path(search_id, name).is_file()


class _Kept(msgspec.Struct):
    sha256: str
    of: msgspec.Raw
