"""Tables and lists as the assets show them."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table.

    Args:
        head: the names of its columns.
        rows: what stands in these, each as text.
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, each)) + " |" for each in lines)


def bullets(said: Iterable[str]) -> str:
    """Return a list of what is said, a line each."""
    return "\n".join(f"- {each}" for each in said)
