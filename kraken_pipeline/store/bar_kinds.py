"""The shelves that bars may lie on, by name, and which of them a folder has."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store.bar_shelves import LOCK, ROWS, Shelf

KEY: Final = "market_data.ohlc_store.backend"


def open_shelf(root: Path, kind: str) -> Shelf:
    """Return the shelf of a kind that is in a folder, or that is to be there.

    Args:
        root: the folder of the bars; it need not be there yet.
        kind: `parquet` or `sqlite`.

    Raises:
        ConfigurationError: the folder has bars on a shelf of another kind.
    """
    require_kind(root, kind)
    return _OPENERS[kind](root)


def require_kind(root: Path, kind: str) -> None:
    """Refuse a folder that has bars on a shelf of another kind.

    Raises:
        ConfigurationError: it has.
    """
    others = [each for each, is_there in _SIGNS.items() if each != kind and is_there(root)]
    if others:
        raise ConfigurationError(
            f"{root} holds bars kept as {others[0]}, and {KEY} is {kind}: set it to {others[0]} "
            "again, or give market_data.ohlc_store.root_dir a folder of its own and bring the bars "
            "there with `history import` and `history fetch`"
        )


def _folders(root: Path) -> Shelf:
    from kraken_pipeline.store.bar_files import FolderShelf  # noqa: PLC0415 - Arrow is heavy

    return FolderShelf(root)


def _rows(root: Path) -> Shelf:
    from kraken_pipeline.store.bar_rows import RowShelf  # noqa: PLC0415 - Arrow is heavy

    return RowShelf(root)


_OPENERS: Final[Mapping[str, Callable[[Path], Shelf]]] = MappingProxyType(
    {"parquet": _folders, "sqlite": _rows}
)
_SIGNS: Final[Mapping[str, Callable[[Path], bool]]] = MappingProxyType(
    {
        "parquet": lambda root: any(root.glob(f"*/{LOCK}")),
        "sqlite": lambda root: (root / ROWS).is_file(),
    }
)
"""What only a shelf of that kind leaves in a folder."""
