"""Searches for parameters: a folder each, with its plan, its folds and what they say together."""

from pathlib import Path
from typing import Final, TypeVar

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.store.sealed import seal, unsealed

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
        return seal(self.path(search_id, name), what)

    def read(self, search_id: str, name: str, kind: type[Of]) -> Of:
        """Return a part of a search.

        Raises:
            UnknownNameError: there is no such search, or it has no such part yet.
            ConfigurationError: the file is torn, was changed by hand, or is not ours.
        """
        return self.read_with_hash(search_id, name, kind)[0]

    def read_with_hash(self, search_id: str, name: str, kind: type[Of]) -> tuple[Of, str]:
        """Return a part of a search, and what it hashes to; as with `read`."""
        try:
            return unsealed(self.path(search_id, name), kind, remedy="do that part again")
        except FileNotFoundError as absent:
            known = ", ".join(self.names()) or "none yet"
            raise UnknownNameError(
                f"there is no {name} of a search {search_id!r}; there are: {known}"
            ) from absent

    def has(self, search_id: str, name: str) -> bool:
        """Tell whether a part of a search is there."""
        return self.path(search_id, name).is_file()
