"""Dagster's instance file: ours is laid down, follows ours while unedited, and is never lost."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError

NAME: Final = "dagster.yaml"
OURS: Final = Path(__file__).parents[2] / NAME
NEWER: Final = f"{NAME}.new"
"""Ours, beside one that somebody edited."""
SHIPPED: Final = (
    "69d3f682ac4d35393fa6aa07b8bf9a61308db3e6bea58dc63a104d1fc3654b24",
    "f56d2e9f91d6f5d66bef60f0ffbc535cd5202c4d2579c548802b959363c52c86",
    "b4397f23d77004fdbe68efe7e1969d048da6805482bdd327465a3d738c0b1726",
)
"""SHA-256 of every version of ours there was, the newest last: a copy of one is nobody's work."""


def lay_down(home: Path, *, tell: Callable[[str], None]) -> None:
    """Bring the instance file of a folder up to ours, unless somebody edited it.

    An old copy lacks what newer code counts on: without the coordinator of the newest one, filling
    the past keeps a run that trades waiting. One that was edited stays, and ours is put beside it.

    Args:
        home: Dagster's folder; made where it is not there.
        tell: is told of an edited file, once for each version of ours.

    Raises:
        ConfigurationError: the folder can not be read or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not OURS.exists():
            # installed without it: Dagster's own defaults hold
            return
        file = home / NAME
        if _is_ours(file):
            return
        if not file.exists() or _digest(file) in SHIPPED:
            _put(home, NAME)
        elif not _is_ours(home / NEWER):
            _put(home, NEWER)
            tell(f"{file} was edited and stays as it is; ours is beside it as {NEWER}, to compare")
    except OSError as error:
        raise ConfigurationError(
            f"DAGSTER_HOME is {str(home)!r}, which can not be written: {error.strerror}"
        ) from error


def _is_ours(file: Path) -> bool:
    return file.exists() and _digest(file) == _digest(OURS)


def _put(home: Path, name: str) -> None:
    """Put a copy of ours in place, whole or not at all; Dagster may be reading."""
    copy = home / f"{name}.part"
    shutil.copyfile(OURS, copy)
    copy.replace(home / name)


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
