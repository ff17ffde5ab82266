"""Say what is wrong with a value: where it stands, what it is, what it must be, what to do."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kraken_pipeline.settings.documents import Document, KeyPath
from kraken_pipeline.settings.fields import Section, unit_of
from kraken_pipeline.settings.nearest import nearest
from kraken_pipeline.settings.protections import KINDS
from kraken_pipeline.settings.sections import Settings

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "greater_than": "must be above {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than": "must be below {lt}",
        "less_than_equal": "must be at most {le}",
        "bool_type": "must be true or false, without quotes",
        "int_type": "must be a whole number, without quotes",
        "decimal_type": "must be a number",
        "is_instance_of": "must be a number",
        "string_type": "must be text; put it in quotes",
        "string_too_short": "must not be empty",
        "string_pattern_mismatch": "must look like {pattern}",
        "literal_error": "must be {expected}",
        "tuple_type": "must be a list, such as [a, b]",
        "too_short": "must have at least {min_length} entry",
        "model_type": "must have keys below it; write them or remove the line",
        "dict_type": "must have keys below it; write them or remove the line",
        "mapping_type": "must have keys below it; write them or remove the line",
        "union_tag_invalid": "must be of one of the kinds {expected_tags}, not {tag}",
        "union_tag_not_found": "must say its `kind`",
        "value_error": "{error}",
    }
)
"""By pydantic's name of an error, what the value must be."""

_LONG: Final = 32
_SECRETIVE: Final = re.compile(r"secret|token|passw|private|api_?key|db_url", re.IGNORECASE)


def schema_problems(document: Document) -> tuple[str, ...]:
    """Return a sentence for every key of a file that is unknown or has an impossible value."""
    try:
        Settings.model_validate(document.tree)
    except ValidationError as wrong:
        found = sorted(wrong.errors(include_url=False), key=lambda each: document.line(_path(each)))
        return tuple(_sentence(document, each) for each in found)
    return ()


def _path(found: ErrorDetails) -> KeyPath:
    return tuple(step for step in _steps(found) if step not in KINDS)


def _steps(found: ErrorDetails) -> KeyPath:
    """Return the path with the kind of an entry after its place in the list."""
    return tuple(str(step) for step in found["loc"] if step != "[key]")


def _sentence(document: Document, found: ErrorDetails) -> str:
    path = _path(found)
    where, key = document.where(path), ".".join(path)
    value = shown(path, found["input"])
    if found["type"] == "extra_forbidden":
        return f"{where}: {key} ({value}) is no setting. {_nearest(path, _steps(found))}"
    if found["loc"][-1] == "[key]":
        value = f"the name {value}"
    must = WORDS.get(found["type"], found["msg"]).format_map(found.get("ctx") or {})
    return f"{where}: {key} is {value}, but {must}{_helpful(_steps(found))}."


def shown(path: KeyPath, value: object) -> str:
    """Return a value as a message may show it: what may be a secret is not shown (INV-10)."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if isinstance(value, str) and (len(value) > _LONG or any(map(_SECRETIVE.search, path))):
        return f"text of {len(value)} characters"
    return str(value)


def _helpful(path: KeyPath) -> str:
    """Return the unit and the default of a key, in brackets, as far as it has them."""
    model = _model_at(path[:-1])
    if model is None or path[-1] not in model.model_fields:
        return ""
    field = model.model_fields[path[-1]]
    unit = unit_of(field.annotation, tuple(field.metadata))
    default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
    parts = [f"counted in {unit}" if unit else "", f"default {default}" if default else ""]
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""


def _default(value: object) -> str:
    if value is None or isinstance(value, Section | Mapping | tuple):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nearest(path: KeyPath, steps: KeyPath) -> str:
    model = _model_at(steps[:-1])
    valid = list(model.model_fields) if model else []
    meant = " or ".join(".".join((*path[:-1], each)) for each in nearest(path[-1], valid))
    return f"The nearest valid key is {meant}: rename it or remove it." if meant else "Remove it."


def _model_at(path: KeyPath) -> type[Section] | None:
    """Return the section at a path, looking through mappings whose keys are the user's."""
    here: object = Settings
    for step in path:
        if isinstance(here, type) and issubclass(here, Section):
            field = here.model_fields.get(step)
            here = field.annotation if field else None
        elif step in KINDS:
            here = KINDS[step]
        else:
            here = next(reversed(get_args(here)), None)
    return here if isinstance(here, type) and issubclass(here, Section) else None
