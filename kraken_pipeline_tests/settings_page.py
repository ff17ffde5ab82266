"""The page of the documentation that has every setting, made from the schema.

python -m kraken_pipeline_tests.settings_page --write
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from kraken_pipeline.settings.fields import Section, unit_of
from kraken_pipeline.settings.sections import Settings, StrategyConfig
from kraken_pipeline.settings.showing import flow
from kraken_pipeline.settings.unread import NOT_READ

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
ELSEWHERE: Final[Mapping[str, type[Section]]] = {"strategies.configs.<id>": StrategyConfig}
"""Sections that stand in the file under names of its own."""
HEAD: Final = """\
# Every setting

Each key of `config.yaml` with its default. What is left out has it; what is unknown or out of its
bounds stops the start with the key, the value and the remedy. `kraken-pipeline config show` prints
the whole as it holds now. Kinds of `risk.protections` are in [protections](protections.md), entries
of `fees.ladders` in [backtest](backtest.md). Made by
`python -m kraken_pipeline_tests.settings_page --write`.
"""


def page() -> str:
    """Return the page."""
    lines = [HEAD.rstrip()]
    for name, section in sections():
        lines += ["", f"## {name}", "", *_wrapped(section), ""]
        lines += ["| key | default | bounds | what it says |", "|---|---|---|---|"]
        lines += [_row(name, section, key) for key in _leaves(section)]
    return "\n".join(lines) + "\n"


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Yield the sections of the file in its order, each with its name."""
    yield from _below("", Settings)


@cache
def words(section: type[Section]) -> Mapping[str, str]:
    """Return what stands below each field of a section, on one line."""
    [found] = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    body = found.body if isinstance(found, ast.ClassDef) else []
    said = {}
    for field, below in pairwise(body):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            text = str(ast.literal_eval(below.value))  # type: ignore[attr-defined]  # as is_text says
            said[field.target.id] = " ".join(text.split())
    return said


def _below(name: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    if _leaves(section):
        yield name, section
    for key, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _below(f"{name}.{key}" if name else key, inner)
    for outer, inner in ELSEWHERE.items():
        if outer.rpartition(".")[0] == f"{name}.configs":
            yield from _below(outer, inner)


def _leaves(section: type[Section]) -> list[str]:
    return [
        key
        for key, field in section.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Section))
    ]


def _row(name: str, section: type[Section], key: str) -> str:
    field = section.model_fields[key]
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = "its id" if field.is_required() else f"`{flow(default)}`"
    unit = unit_of(field.annotation, tuple(field.metadata))
    said = words(section).get(key, "")
    if any(f"{name}.{key}".startswith(each) for each in NOT_READ):
        said += " Nothing in this version acts on it."
    cells = (f"`{key}`", shown, " ".join([_bounds(field), unit]).strip(), said)
    return "| " + " | ".join(each.replace("|", r"\|") for each in cells) + " |"


def _bounds(field: FieldInfo) -> str:
    """Return what a value may be: its choices, or its least and its most."""
    for annotation in (field.annotation, *get_args(field.annotation)):
        if get_origin(annotation) is Literal:
            return ", ".join(f"`{each}`" for each in get_args(annotation))
    found = [*field.metadata]
    for part in get_args(field.annotation):
        found += getattr(part, "__metadata__", ())
    flat = [each for one in found for each in (one, *getattr(one, "metadata", ()))]
    least, above, most = (
        [bound for each in flat if (bound := getattr(each, name, None)) is not None]
        for name in ("ge", "gt", "le")
    )
    told = [f"above {max(above)}"] if above else [f"from {max(least)}"] if least else []
    return " ".join([*told, *([f"to {min(most)}"] if most else [])])


def _wrapped(section: type[Section]) -> list[str]:
    return textwrap.wrap(" ".join((section.__doc__ or "").split()), 100)


if __name__ == "__main__":
    import sys

    if "--write" in sys.argv[1:]:
        PAGE.write_text(page())
    else:
        print(page())  # noqa: T201 - what it is run for
