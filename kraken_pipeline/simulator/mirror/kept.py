"""What a mirror keeps on disk beside the account: how far it has come, and the places in queues."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from kraken_pipeline.simulator.journal import StateError
from kraken_pipeline.simulator.mirror.queues import Place

NAME: Final = "mirror.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept."""

    cursors: Mapping[str, str] = field(default_factory=dict)
    """From where the next trades of each pair are wanted, by its key."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """By order."""


class Keeper:
    """The file in a state folder, replaced whole, and only where something changed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._written = Kept()

    def read(self) -> Kept:
        """Return what was kept; nothing in a new folder.

        Raises:
            StateError: the file is damaged.
        """
        try:
            told = json.loads(self._file.read_text(encoding="ascii"))
            self._written = Kept(
                cursors={key: str(int(at)) for key, at in told["cursors"].items()},
                places={each: _place(**row) for each, row in told["places"].items()},
            )
        except FileNotFoundError:
            return Kept()
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as wrong:
            raise StateError(
                f"{self._file} is damaged: {wrong}; move it away, and trades that were missed "
                "before now are left out"
            ) from wrong
        return self._written

    def write(self, kept: Kept) -> None:
        """Keep it."""
        if kept == self._written:
            return
        places = {
            order: {"price": str(place.price), "ahead": _text(place.ahead)}
            for order, place in kept.places.items()
        }
        draft = self._file.with_suffix(".new")
        told = json.dumps({"cursors": dict(kept.cursors), "places": places})
        draft.write_text(told, encoding="ascii")
        draft.replace(self._file)
        self._written = kept


def _place(*, price: str, ahead: str | None) -> Place:
    return Place(price=Decimal(price), ahead=None if ahead is None else Decimal(ahead))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
