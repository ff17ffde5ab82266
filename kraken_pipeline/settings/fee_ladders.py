"""What Kraken charged in the past, as somebody who knows it writes it down (BT-2)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from kraken_pipeline.settings.fields import PctOfCost, Section, Text, Usd


def _day(given: object) -> object:
    """Return a day as it is written; YAML reads it as a date of its own accord."""
    return given.isoformat() if type(given) is date else given


def _require_day(given: str) -> str:
    try:
        found = date.fromisoformat(given)
    except ValueError as error:
        raise ValueError(f"{given!r} is no day; write it as 2024-01-31") from error
    return found.isoformat()


def _tuple(given: object) -> object:
    return tuple(given) if isinstance(given, list) else given


class FeeTier(Section):
    """One step of a ladder."""

    volume_usd: Usd = Decimal(0)
    """Traded in 30 days, from which on it holds."""
    maker_pct: PctOfCost
    taker_pct: PctOfCost


class FeeLadder(Section):
    """What was charged from a day on."""

    since: Annotated[str, BeforeValidator(_day), AfterValidator(_require_day)]
    """The first day, UTC."""
    source: Text
    """Where it is known from; every report repeats it."""
    tiers: Annotated[tuple[FeeTier, ...], BeforeValidator(_tuple), Field(min_length=1)]
    """The smallest volume first, which is 0."""

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        volumes = [each.volume_usd for each in self.tiers]
        if volumes[0] or volumes != sorted(set(volumes)):
            raise ValueError("tiers begin at volume_usd 0, each at a larger one than before")
        return self


def _require_order(given: tuple[FeeLadder, ...]) -> tuple[FeeLadder, ...]:
    days = [each.since for each in given]
    if days != sorted(set(days)):
        raise ValueError("ladders stand the oldest first, one for a day")
    return given


FeeLadders = Annotated[
    tuple[FeeLadder, ...], BeforeValidator(_tuple), AfterValidator(_require_order)
]
