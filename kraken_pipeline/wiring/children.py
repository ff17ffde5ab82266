"""The environment of a program that we start: everything but what opens something (INV-10)."""

from collections.abc import Mapping
from typing import Final

from kraken_pipeline.secrets.environment import KEY, PASSWORD, SECRET
from kraken_pipeline.settings.environment import DB_URL

OPENING: Final = frozenset({KEY, SECRET, PASSWORD, DB_URL})
"""Variables that may hold a secret. Whoever reads a process's environment reads them."""


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program that needs no key, or is given one of its own."""
    return {name: value for name, value in environ.items() if name not in OPENING}
