"""The configuration as text: to be hashed, to be saved, to be read by people."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import yaml

from kraken_pipeline.settings.documents import KeyPath, fits_unquoted
from kraken_pipeline.settings.fields import Section, unit_of
from kraken_pipeline.settings.sections import Settings

_PASSWORD: Final = re.compile(r"(?<=://)([^:/@]*):.*@")
_PASSWORD_ARGUMENT: Final = re.compile(r"([?&])password=[^&]*&?")
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+[mhd]")
_NOT_BARE: Final = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
"""Words that this or another reader of YAML takes for something else."""
_NEVER_FOLD: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One value of the configuration: a scalar, a list, or a mapping without entries."""

    path: KeyPath
    value: object
    unit: str


def without_password(url: str) -> str:
    """Return a database address without the password in it.

    A password is no setting: with it taken out, a dump can be shown (INV-10), and a new password
    does not make a new configuration.
    """
    return _PASSWORD_ARGUMENT.sub(r"\1", _PASSWORD.sub(r"\1@", url)).rstrip("?&")


def leaves(settings: Settings) -> Iterator[Leaf]:
    """Yield every value in the order of the schema."""
    yield from _leaves((), settings, "")


def _leaves(path: KeyPath, value: object, unit: str) -> Iterator[Leaf]:
    if isinstance(value, Section):
        for name, field in type(value).model_fields.items():
            unit = unit_of(field.annotation, tuple(field.metadata))
            yield from _leaves((*path, name), getattr(value, name), unit)
    elif isinstance(value, Mapping) and value:
        for name, below in value.items():
            yield from _leaves((*path, str(name)), below, unit)
    elif path == ("portfolio", "db_url") and isinstance(value, str):
        yield Leaf(path=path, value=without_password(value), unit=unit)
    else:
        counted = value is not None and not isinstance(value, Mapping)
        yield Leaf(path=path, value=_plain(value), unit=unit if counted else "")


def _plain(value: object) -> object:
    """Return a list with the sections in it as mappings."""
    if isinstance(value, tuple):
        return tuple(_plain(each) for each in value)
    if isinstance(value, Section):
        return {name: getattr(value, name) for name in type(value).model_fields}
    return value


def digest(settings: Settings) -> str:
    """Return the SHA-256 of the configuration in hexadecimal.

    It depends on the values alone: 1, 1.0 and "1.00" of a limit are the same, and so are a value
    that was written and the same value by default, keys in any order, any file.
    """
    pairs = sorted((leaf.path, _canonical(leaf.value)) for leaf in leaves(settings))
    text = "\n".join(f"{json.dumps(path)}:{value}" for path, value in pairs)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> str:
    """Return JSON in which a number is its exact digits, none of them idle."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(str(key))}:{_canonical(value[key])}" for key in sorted(value))
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_canonical(each) for each in value) + "]"
    text = _digits(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _digits(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def dump(settings: Settings) -> str:
    """Return a `config.yaml` that gives these settings again (P-24), with units as comments."""
    return "".join(_lines(_tree(settings), 0))


_Tree = dict[str, "_Tree | Leaf"]


def _tree(settings: Settings) -> _Tree:
    tree: _Tree = {}
    for leaf in leaves(settings):
        here = tree
        for key in leaf.path[:-1]:
            below = here.setdefault(key, {})
            if isinstance(below, dict):
                here = below
        here[leaf.path[-1]] = leaf
    return tree


def _lines(tree: _Tree, depth: int) -> Iterator[str]:
    for key, below in tree.items():
        head = f"{'  ' * depth}{_text(key)}:"
        if isinstance(below, Leaf):
            unit = f"  # {below.unit}" if below.unit else ""
            yield f"{head} {flow(below.value)}{unit}\n"
        else:
            yield f"{head}\n"
            yield from _lines(below, depth + 1)


def flow(value: object) -> str:
    """Return a value in YAML on one line."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    text = _digits(value)
    bare = "." not in text or fits_unquoted(Decimal(text))
    return text if bare else f'"{text}"'


def _text(value: str) -> str:
    if _BARE.fullmatch(value) and value.lower() not in _NOT_BARE:
        return value
    quoted: str = yaml.safe_dump(value, default_style='"', width=_NEVER_FOLD)
    return quoted.rstrip("\n")
