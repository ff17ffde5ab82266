"""What the exchange took and what the books say, read from outside both."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

NEVER_SENT: Final = frozenset({"withdrawn", "rejected", "absent", "planned"})
FATE_OPEN: Final = frozenset({"sending", "unknown", "canceling", "amending"})


def taken(folder: Path) -> list[str]:
    """Return the client ids of the orders that a simulator took, from its own journal.

    A line that was being written when it was killed was told to nobody.
    """
    journal = folder / "events.jsonl"
    if not journal.exists():
        return []
    events = [event for line in _whole_lines(journal) for event in json.loads(line)]
    return [
        told["order"]["order"]["cl_ord_id"]
        for kind, told in events
        if kind == "OrderOpened" and told["order"]["order"]["cl_ord_id"]
    ]


def require_exactly_once(at_exchange: Iterable[str], books: Mapping[str, str]) -> None:
    """Compare the orders there with those in the books, by client id and status."""
    counted = Counter(at_exchange)
    assert set(counted.values()) <= {1}
    sent = {key for key, status in books.items() if status not in NEVER_SENT}
    assert set(counted) == sent


def _whole_lines(journal: Path) -> list[str]:
    return [line for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
