"""Guess what was meant by a name that is not known."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest(name: str, valid: Iterable[str], *, at_least: float = 0.0) -> tuple[str, ...]:
    """Return the valid names that are most like a name: several if one slip leads to each.

    Args:
        name: what was written.
        valid: what could have been meant.
        at_least: how alike a name must be to count, from 0 to 1, which is the same name.
    """
    matcher = SequenceMatcher(b=name)
    likeness = {}
    for each in valid:
        matcher.set_seq1(each)
        likeness[each] = matcher.ratio()
    best = max(likeness.values(), default=0.0)
    return tuple(each for each, like in likeness.items() if like == best and best >= at_least)
