"""The kinds of value that a setting may have, each with its unit and its bounds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.renames import alias_from

Timeframe = Literal["1m", "5m", "15m", "1h", "4h", "1d"]
TIMEFRAMES: Final[tuple[Timeframe, ...]] = get_args(Timeframe)

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Unit:
    """What the number of a setting counts; shown wherever the number is."""

    name: str


class Section(BaseModel):
    """A mapping of the file with known keys: unknown ones are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


def _decimal(given: object) -> object:
    """Give the exact number that text or a whole number says; pass on what is neither."""
    if isinstance(given, str):
        if not _NUMBER.fullmatch(given):
            raise ValueError("must be a number in plain digits, such as 12.5")
        return Decimal(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return Decimal(given)
    return given


def _tuple(given: object) -> object:
    return tuple(given) if isinstance(given, list) else given


def _no_repeats(given: tuple[_T, ...]) -> tuple[_T, ...]:
    repeated = sorted({str(entry) for entry in given if given.count(entry) > 1})
    if repeated:
        raise ValueError(f"lists {', '.join(repeated)} twice: keep one")
    return given


def _span(given: str) -> str:
    begin, _, end = given.partition("/")
    try:
        is_span = datetime.fromisoformat(begin).tzinfo and (
            datetime.fromisoformat(begin) < datetime.fromisoformat(end)
        )
    except (ValueError, TypeError):
        is_span = False
    if not is_span:
        raise ValueError(
            "must be begin/end with their zone, such as 2026-11-24T02:00Z/2026-11-24T03:00Z"
        )
    return given


def _alias(given: str) -> str:
    try:
        alias_from(given)
    except InvalidValueError as error:
        raise ValueError(str(error)) from error
    return given


Exact = Annotated[Decimal, BeforeValidator(_decimal)]
"""A number that came as text or as a whole number, never through a float."""

PctOfNav = Annotated[Exact, Field(ge=0, le=100), Unit("% of NAV")]
PctOfNavADay = Annotated[Exact, Field(gt=0, le=100_000), Unit("% of NAV a day")]
PctOfDepth = Annotated[Exact, Field(gt=0, le=100), Unit("% of visible depth")]
PctOfVolume = Annotated[Exact, Field(gt=0, le=100), Unit("% of 24 h volume")]
PctOfCost = Annotated[Exact, Field(ge=0, le=10), Unit("% of cost")]
PctOfAllocation = Annotated[Exact, Field(ge=0, le=100), Unit("% of allocation")]
PctAYear = Annotated[Exact, Field(gt=0, le=10_000), Unit("% a year")]
Usd = Annotated[Exact, Field(ge=0), Unit("USD")]
PositiveUsd = Annotated[Exact, Field(gt=0), Unit("USD")]
Share = Annotated[Exact, Field(ge=0, le=1), Unit("x the target")]
Factor = Annotated[Exact, Field(ge=1, le=10), Unit("x per retry")]
Bps = Annotated[int, Unit("bps")]
Bars = Annotated[int, Field(ge=2, le=10_000), Unit("bars")]
Seconds = Annotated[int, Unit("s")]
Minutes = Annotated[int, Field(ge=1, le=525_600), Unit("min")]
Hours = Annotated[int, Field(ge=1, le=8760), Unit("h")]
Days = Annotated[int, Field(ge=1, le=3650), Unit("days")]
Milliseconds = Annotated[int, Unit("ms")]

Text = Annotated[str, Field(min_length=1)]
AssetCode = Annotated[str, Field(pattern=r"^[A-Z0-9.]{2,16}$")]
DatabaseUrl = Annotated[str, Field(pattern=r"^(sqlite|postgresql)(\+[a-z0-9]+)?://")]
StrategyId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_tuple), AfterValidator(_no_repeats)]
Spans = Annotated[tuple[Annotated[str, AfterValidator(_span)], ...], BeforeValidator(_tuple)]
"""Spans of time, each as `begin/end` in ISO 8601 with its zone."""
Aliases = Annotated[tuple[Annotated[str, AfterValidator(_alias)], ...], BeforeValidator(_tuple)]
"""Assets under new names, each as `old new since ratio`."""
StrategyIds = Annotated[
    tuple[StrategyId, ...], BeforeValidator(_tuple), AfterValidator(_no_repeats)
]
Timeframes = Annotated[
    tuple[Timeframe, ...],
    Field(min_length=1),
    BeforeValidator(_tuple),
    AfterValidator(_no_repeats),
]
Caps = Annotated[Mapping[StrategyId, PctOfNav], AfterValidator(MappingProxyType), Unit("% of NAV")]
Qtys = Annotated[
    Mapping[Text, Annotated[Exact, Field(gt=0)]],
    AfterValidator(MappingProxyType),
    Unit("base units"),
]
"""A quantity for each pair."""
Names = Annotated[Mapping[Text, Text], AfterValidator(MappingProxyType)]
Free = Annotated[Mapping[str, object], AfterValidator(MappingProxyType)]
"""A mapping whose keys someone else knows and checks."""


def unit_of(annotation: object, metadata: tuple[object, ...] = ()) -> str:
    """Return the unit of a field from its type, or nothing when it has none.

    Args:
        annotation: the field's type, as pydantic keeps it.
        metadata: what stood beside the type in `Annotated`.
    """
    for entry in metadata:
        if isinstance(entry, Unit):
            return entry.name
    if isinstance(annotation, Unit):
        return annotation.name
    return next((unit for part in get_args(annotation) if (unit := unit_of(part))), "")
