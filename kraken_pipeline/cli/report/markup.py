"""HTML whose text cannot become markup: what is not an element is escaped, whoever wrote it."""

import re
from html import escape
from typing import Final

_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What no page may have, and what turns the text around it the other way."""
_ALONE: Final = frozenset({"meta"})
"""Elements without an end."""


class Html(str):
    """Markup. Only `tag`, `joined` and `style` make it; any other text is escaped."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: object) -> Html:
    """Return an element.

    Args:
        name: of the element.
        children: elements, and text, which is escaped.
        attributes: an underscore stands for a hyphen, and one at the end for nothing, as in
            `class_`; None leaves an attribute out.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in _ALONE else f"</{name}>"
    return Html(f"<{name}{told}>{joined(*children)}{end}")


def joined(*children: str) -> Html:
    """Return elements and escaped text, one after the other."""
    return Html("".join(each if isinstance(each, Html) else _text(each) for each in children))


def style(rules: str) -> Html:
    """Return a style sheet of our own; nothing that anyone else wrote belongs in it."""
    return Html(f"<style>{rules}</style>")


def _text(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text))
