"""What changes something is shown first; in live nothing is done until somebody agrees (CLI-2)."""

import getpass
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import RefusedError

HINT: Final = "nothing was done; --yes does it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a command was called that would change something."""

    yes: bool
    as_json: bool
    reason: str
    """Kept in the journal, with who gave it."""


def actor() -> str:
    """Return who calls: the user of this machine."""
    return getpass.getuser()


def require_consent(effect: Sequence[str], asked: Asked, *, word: str) -> None:
    """Show what would be done, and go on only if somebody agrees: by `--yes`, or by typing a word.

    A program is never asked: without `--yes` it gets the effect and nothing is done.

    Raises:
        RefusedError: nobody agreed; nothing was done.
    """
    if asked.yes:
        return
    if asked.as_json:
        print_json({"dry_run": True, "effect": list(effect)})
        raise RefusedError(HINT)
    for line in effect:
        sys.stderr.write(f"would {line}\n")
    if not sys.stdin.isatty() or input(f"Type {word} to do it: ").strip() != word:
        raise RefusedError(HINT)
