"""What a process was started with: a process that stays notices when something else is on disk."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.settings import Loaded

PACKAGE: Final = Path(__file__).parents[1]
LIBRARIES: Final = ("dagster", "kraken-pipeline")
"""Whose version says how runs are made and kept."""


def code_stamp(package: Path = PACKAGE) -> str:
    """Return a name for the code on disk; it changes with any file of it.

    Args:
        package: the folder of the code.
    """
    return digest([_states(package.rglob("*.py")), [_version(each) for each in LIBRARIES]])


def settings_stamp(loaded: Loaded) -> str:
    """Return a name for the configuration with its key file; it changes with any of them."""
    return digest([loaded.hash, _states(loaded.config_dir.glob("*"))])


def _states(files: Iterable[Path]) -> list[tuple[str, int, int]]:
    found = []
    for each in sorted(files):
        try:
            state = each.stat()
        except FileNotFoundError:  # it went while we looked; the next look shows that
            continue
        found.append((str(each), state.st_mtime_ns, state.st_size))
    return found


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
