"""What an answer is made of: the kinds of values at each of its places, and how two answers differ.

A place is a path of names; ids, assets and pairs in it are `*`, rows of lists are `[]`, and members
of rows that have no names are numbers. The kind of a text says how it is formatted: `number.8` has
eight decimals.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

Json = Any  # answers have as many shapes as there are methods

NUMBER: Final = re.compile(r"-?\d+(?:\.(\d+))?")
KINDS: Final = (
    ("time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")),
    ("date", re.compile(r"\w{3}, \d\d \w{3} \d\d \d\d:\d\d:\d\d \+0000")),
    ("id", re.compile(r"[A-Z0-9]{6,8}-[A-Z0-9]{5,6}-[A-Z0-9]{6}")),
    ("reference", re.compile(r"FT\w{5}-\w{22}")),
)
NAMED: Final = re.compile(r"/(?![a-z])[^/]*[A-Z][^/]*")
"""A step of a path that is an id or the name of an asset or pair."""
ORDER: Final = re.compile(r"(?:buy|sell) (\S+) [A-Z0-9]+ @ (.*)")


def places(answer: Json, *, pooled: bool) -> dict[str, set[str]]:
    """Return the kinds of values at each place; ids and names are told apart unless pooled."""
    found: dict[str, set[str]] = {}
    for place, kind in _walked(answer, "", pooled=pooled):
        found.setdefault(place, set()).add(kind)
    return found


def _walked(value: Json, at: str, *, pooled: bool) -> Iterator[tuple[str, str]]:
    yield at or "/", _kind(value)
    if isinstance(value, dict):
        for name, inner in value.items():
            # the names of fields begin with small letters
            step = "*" if pooled and not name[0].islower() else name
            yield from _walked(inner, f"{at}/{step}", pooled=pooled)
    if isinstance(value, list):
        table = value and all(isinstance(each, dict | list) for each in value)
        for place, inner in enumerate(value):
            step = "[]" if table or not _is_row(value) else f"/{place}"
            yield from _walked(inner, f"{at}{step}", pooled=pooled)


def _is_row(values: list[Json]) -> bool:
    """Tell whether members are told apart by their place: they are not all of one type."""
    return len({type(each) for each in values}) > 1


def _kind(value: Json) -> str:
    if not isinstance(value, str):
        return {dict: "object", list: "list", type(None): "null"}.get(
            type(value), type(value).__name__
        )
    number = NUMBER.fullmatch(value)
    if number:
        return f"number.{len(number[1] or '')}"
    order = ORDER.fullmatch(value)
    if order:
        return "order: " + re.sub(
            NUMBER, lambda found: f"#.{len(found[1] or '')}", " ".join(order.groups())
        )
    return next((name for name, shape in KINDS if shape.fullmatch(value)), "text")


def differences(ours: Json, theirs: Json) -> dict[str, str]:
    """Return how our answer differs from a recorded one, by `missing`, `extra` or `kind` and place.

    Where both have rows of the same names, kinds must agree for each name; elsewhere each of ours
    must be among theirs.
    """
    mine, known = places(ours, pooled=True), places(theirs, pooled=True)
    found = {f"missing {place}": str(known[place]) for place in known.keys() - mine.keys()}
    found |= {f"extra {place}": str(mine[place]) for place in mine.keys() - known.keys()}
    named = _strange(places(ours, pooled=False), places(theirs, pooled=False))
    checked = {NAMED.sub("/*", place) for place in named}
    pooled = {
        place: kinds for place, kinds in _strange(mine, known).items() if place not in checked
    }
    return found | {f"kind {place}": kinds for place, kinds in (named | pooled).items() if kinds}


def _strange(mine: dict[str, set[str]], known: dict[str, set[str]]) -> dict[str, str]:
    """Return for each place of both what kinds only ours has, nothing if there is none."""
    return {
        place: f"{sorted(extra)} instead of {sorted(known[place])}" if extra else ""
        for place in mine.keys() & known.keys()
        for extra in [mine[place] - known[place]]
    }


def agreements(ours: Json, theirs: Json) -> int:
    """Return how many places both have."""
    return len(places(ours, pooled=True).keys() & places(theirs, pooled=True).keys())
