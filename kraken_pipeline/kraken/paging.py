"""Reading a list of Kraken's to its end, page by page, without loss and without doubles (PF-1).

Rows come newest first in pages of 50. Rows that are written meanwhile push the others down, so the
end of the list is frozen at the newest row of the first page, rows are told apart by their id, and
in the end there must be as many as Kraken counted.

Source: docs.kraken.com/api/docs/rest-api/get-trade-history; pages of 50 were seen live.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.fields import Record, record

PAGE: Final = 50
"""Rows of a full page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of Kraken's paged lists."""

    method: str
    rows: str
    """The field that holds the rows: `trades`."""
    time: str
    """The field of a row that `start` and `end` go by: `time`."""


Ask = Callable[[str, Mapping[str, str]], object]


def read_all(
    ask: Ask, listed: Listed, params: Mapping[str, str], *, since: datetime | None
) -> list[tuple[str, Record]]:
    """Return every row from `since` on with its id, oldest first.

    Kraken leaves out what lies exactly on its `start`, so the second before is asked for too, and
    what is earlier than `since` is left out here: a row at the instant itself is never lost.

    Raises:
        UnreachableError: rows are missing or moved while they were read; it may be read again.
        UnexpectedReplyError: a page is malformed.
    """
    start = {} if since is None else {"start": str(max(math.floor(since.timestamp()) - 1, 0))}
    found: dict[str, Record] = {}
    end: dict[str, str] = {}
    counted = 0
    for page in count():
        reply = record(
            ask(listed.method, {**params, **start, **end, "ofs": str(page * PAGE)}), listed.method
        )
        rows = dict(reply.record(listed.rows).records())
        if page == 0:
            counted = reply.whole("count")
            end = _end_of(rows, listed)
        elif len(rows) == PAGE and rows.keys() <= found.keys():
            raise UnreachableError(f"{listed.method}: page {page + 1} repeats others; read again")
        found.update(rows)
        if len(rows) < PAGE:
            break
    if len(found) < counted:
        raise UnreachableError(f"{listed.method}: {len(found)} of {counted} rows came; read again")
    return _in_order(found, listed, since)


def _end_of(rows: Mapping[str, Record], listed: Listed) -> dict[str, str]:
    if not rows:
        return {}
    newest = max(each.instant(listed.time) for each in rows.values())
    # the second after, as times are cut to microseconds here and `end` is inclusive
    return {"end": str(math.floor(newest.timestamp()) + 1)}


def _in_order(
    found: Mapping[str, Record], listed: Listed, since: datetime | None
) -> list[tuple[str, Record]]:
    timed = [(row.instant(listed.time), key, row) for key, row in found.items()]
    timed.sort(key=lambda each: each[:2])
    return [(key, row) for at, key, row in timed if since is None or at >= since]
