"""Read a YAML file into plain values, with the line of every key.

Numbers keep their text: one with a point becomes a `Decimal` of what stands in the file, never a
float. Words mean what they say: only `true` and `false` are booleans, so that the asset `ON` and
the country `NO` stay text. Keys that stand twice, aliases and tags are refused; each could make a
limit differ from what a reader of the file sees.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

import yaml

Plain: TypeAlias = "bool | int | Decimal | str | list[Plain] | dict[str, Plain] | None"
KeyPath: TypeAlias = tuple[str, ...]

MAX_DIGITS: Final = 15
"""Significant digits that a number written without quotes may have: what a float could hold."""

_MAX_EXPONENT: Final = 30

_INTEGER: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,39})")
_FRACTION: Final = re.compile(
    r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]{1,2})?"
)
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_NO_TAGS: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One layer of the configuration: what it sets, where, and what is wrong with it."""

    name: str
    """For people: the file's name, or the variable's."""
    place: str
    """The file's whole path, or the variable's name."""
    tree: dict[str, Plain]
    lines: dict[KeyPath, int]
    """The line of each key, from 1; 0 where there are no lines."""
    problems: tuple[str, ...] = ()

    def where(self, path: KeyPath) -> str:
        """Return the place of a key, or of the nearest key above it, as `path:line`."""
        return _numbered(self.place, self.line(path))

    def origin(self, path: KeyPath) -> str:
        """Return the same with the file's name only."""
        return _numbered(self.name, self.line(path))

    def line(self, path: KeyPath) -> int:
        """Return the line of a key or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def _numbered(place: str, line: int) -> str:
    return f"{place}:{line}" if line else place


class _Loader(yaml.SafeLoader):
    """Composes nodes and decides nothing: every plain scalar is text until `_Reader` reads it."""

    # pyyaml keeps its rules for booleans, dates and sexagesimal numbers in this table.
    yaml_implicit_resolvers = {}  # noqa: RUF012  the base class's name and form

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # so in pyyaml's stubs
            raise yaml.composer.ComposerError(
                None, None, "an alias (*name) stands here; write the value out", event.start_mark
            )
        return super().compose_node(parent, index)


class _Reader:
    """Turns nodes into values and collects what is wrong on the way."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[str] = []

    def complain(self, node: yaml.Node, says: str) -> None:
        self.problems.append(f"{self.place}:{node.start_mark.line + 1}: {says}")

    def value(self, node: yaml.Node, path: KeyPath) -> Plain:
        if node.tag not in _NO_TAGS:
            self.complain(node, f"{_dotted(path)} has the tag {node.tag}; write it without a tag")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, str(at))) for at, each in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, path)
        raise AssertionError(node)

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.complain(key_node, f"a key below {_dotted(path)} is no text; name the key")
                continue
            here = (*path, key_node.value)
            if key_node.value in found:
                self.complain(
                    key_node,
                    f"{_dotted(here)} stands twice, first in line {self.lines[here]}; keep one",
                )
                continue
            self.lines[here] = key_node.start_mark.line + 1
            found[key_node.value] = self.value(value_node, here)
        return found

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Plain:
        text = str(node.value)
        if node.style is not None:
            return text
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if _INTEGER.fullmatch(text):
            return int(text)
        if not _FRACTION.fullmatch(text):
            return text
        number = Decimal(text)
        if not fits_unquoted(number):
            self.complain(
                node,
                f"{_dotted(path)} is {text}, which no float holds exactly (more than {MAX_DIGITS} "
                "significant digits, or too far from 1); put it in quotes, or shorten it",
            )
        return number


def fits_unquoted(number: Decimal) -> bool:
    """Tell whether a number may be written with a point and without quotes (CFG-3)."""
    digits = len(number.as_tuple().digits)
    return digits <= MAX_DIGITS and abs(number.adjusted()) <= _MAX_EXPONENT


def _dotted(path: KeyPath) -> str:
    return ".".join(path) or "the top level"


def parse(text: str, *, name: str, place: str) -> Document:
    """Read the text of a file. Never raises: what is wrong stands in `problems`.

    Args:
        text: the file's text.
        name: the file's name, for people.
        place: the file's whole path, for messages.
    """
    reader = _Reader(place)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as wrong:
        at = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        return _unread(name, place, f"{place}:{at}: this is no YAML: {wrong.problem}")
    except yaml.reader.ReaderError as wrong:
        at = text.count("\n", 0, wrong.position) + 1
        return _unread(
            name, place, f"{place}:{at}: a character that YAML does not allow; remove it"
        )
    except RecursionError:
        return _unread(name, place, f"{place}: nested too deeply; no setting needs that")
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        return Document(name=name, place=place, tree={}, lines={})
    tree = reader.value(root, ())
    if not isinstance(tree, dict):
        reader.complain(root, "the file is no mapping; write sections such as `risk:` with keys")
        tree = {}
    return Document(
        name=name,
        place=place,
        tree=tree,
        lines=reader.lines,
        problems=tuple(reader.problems),
    )


def read(path: Path) -> Document | None:
    """Read a file, or return nothing where there is none. Never raises."""
    name, place = path.name, str(path)
    try:
        return parse(path.read_bytes().decode("utf-8-sig"), name=name, place=place)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as wrong:
        says = f"{place}: byte {wrong.start + 1} is no UTF-8; save the file as UTF-8"
    except OSError as wrong:
        says = f"{place}: cannot be read ({wrong.strerror}); make it a file that you may read"
    return _unread(name, place, says)


def _unread(name: str, place: str, problem: str) -> Document:
    return Document(name=name, place=place, tree={}, lines={}, problems=(problem,))
