"""A strategy's parameters: a model with bounds, and what is said of a value that does not fit."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Final, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kraken_pipeline.domain.errors import InvalidValueError


class Parameters(BaseModel):
    """The base of a strategy's own model: a field for each parameter, with default and bounds.

    Unknown names are refused, nothing is converted, and it never changes.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False
    )


P = TypeVar("P", bound=Parameters)
BOUNDS: Final = MappingProxyType(
    {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}
)
"""By the name of a bound, in which order they are said."""
KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
)


def _float(given: object) -> object:
    """Give the float of an exact number, as the configuration brings it; pass on what is none."""
    return float(given) if isinstance(given, Decimal) else given


Number = Annotated[float, BeforeValidator(_float)]
"""A number of a parameter; floats are what indicators are made of."""


def _tuple(given: object) -> object:
    """Give the tuple of a list, as the configuration brings it; pass on what is none."""
    return tuple(given) if isinstance(given, list) else given


Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]
"""Several names of a parameter."""


def checked(model: type[P], given: Mapping[str, object]) -> P:
    """Return the parameters with the defaults filled in.

    Args:
        model: of the strategy.
        given: name to value, as the configuration says or as it was checked before.

    Raises:
        InvalidValueError: one is unknown or out of its bounds; the message names it, its value and
            what to use.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as wrong:
        raise InvalidValueError(
            _sentence(model, wrong.errors(include_url=False)[0], given)
        ) from wrong


def checks(model: type[P]) -> Callable[[Mapping[str, object]], Mapping[str, object]]:
    """Return what a `Strategy` takes as `parameters`: it checks, and fills in the defaults."""
    return lambda given: checked(model, given).model_dump()


def _sentence(model: type[P], found: ErrorDetails, given: Mapping[str, object]) -> str:
    path = tuple(str(each) for each in found["loc"])
    name = ".".join(path)
    if found["type"] == "extra_forbidden":
        near = get_close_matches(name, model.model_fields, n=1)
        known = ", ".join(model.model_fields)
        meant = f"did you mean {near[0]}?" if near else f"use one of {known}" if known else ""
        return f"there is no parameter {name!r}: {meant or 'the strategy has none'}"
    field = model.model_fields.get(path[0]) if path else None
    if field is None:
        # what several parameters together break has no place of its own
        return f"parameters: {found['msg']}"
    is_whole = len(path) == 1
    value = given.get(name) if is_whole else found["input"]
    shown = repr(value) if isinstance(value, str) else str(value)
    return f"parameter {name} is {shown}: use {(is_whole and _remedy(field)) or found['msg']}"


def _remedy(field: FieldInfo) -> str:
    """Say what a field takes, as far as its type and its bounds tell."""
    words = get_args(field.annotation)
    kind = KINDS.get(field.annotation) if isinstance(field.annotation, type) else None
    if kind is None:
        texts = words and all(isinstance(each, str) for each in words)
        return f"one of {', '.join(words)}" if texts else ""
    found = {
        name: getattr(each, name)
        for each in field.metadata
        for name in BOUNDS
        if getattr(each, name, None) is not None
    }
    if found.keys() == {"ge", "le"}:
        return f"{kind} from {found['ge']:g} to {found['le']:g}"
    bounds = [said.format(f"{found[name]:g}") for name, said in BOUNDS.items() if name in found]
    return " ".join([kind, *([" and ".join(bounds)] if bounds else [])])
