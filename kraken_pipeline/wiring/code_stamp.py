"""What a process was started with: a process that stays notices when something else is on disk."""

import hashlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.settings import Loaded
from kraken_pipeline.strategies.base import Strategy

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


def source_hash(strategy: Strategy) -> str:
    """Return the SHA-256 of the file that decides for a strategy; empty if there is none to read.

    What that file imports is not in it.
    """
    module = sys.modules.get(getattr(strategy.decide, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    if file is None:
        return ""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


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
