"""Reading a list of Kraken's that comes in pages, whole or not at all (PF-1).

A page holds 50 rows, newest first, by offset. Rows that arrive while it is read push the others
down, rows that a copy of the exchange does not know yet pull them up. So the end of the list is
frozen at the newest row of the first page, each page begins with the last row of the one before,
rows are told apart by their id, and in the end there must be as many as Kraken counts.

What arrives meanwhile comes with the next reading. Nothing starts at an id: Kraken leaves out its
whole instant, and with it rows of the same instant that were not read yet.

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
STEP: Final = PAGE - 1
"""Rows that a page begins after the one before it: they have one in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of Kraken's paged lists."""

    method: str
    rows: str
    """The field that holds the rows: `trades`."""
    time: str
    """The field of a row that `start` and `end` go by: `time`."""
    ends_at_an_id: bool = True
    """Whether the id of a row, as an end, stands for that same time."""


Ask = Callable[[str, Mapping[str, str]], object]
Rows = dict[str, Record]


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
    found: Rows = {}
    end: dict[str, str] = {}
    for page in count():
        asked = {**params, **start, **end, "ofs": str(page * STEP)}
        reply = record(ask(listed.method, asked), listed.method)
        rows = dict(reply.record(listed.rows).records())
        if page == 0:
            end = _end_of(rows, listed)
        else:
            _require_next(rows, found, listed, page)
        found.update(rows)
        if len(rows) < PAGE:
            _require_all(found, reply.whole("count"), listed)
            break
    return _in_order(found, listed, since)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as it came."""

    rows: list[tuple[str, Record]]
    """With their ids, the oldest first."""
    counted: int
    """How many rows Kraken has up to the end."""
    end: str
    """The end of the list, which every further page is asked with."""
    next_skip: int | None
    """Where the next page begins; None where this is the last."""


def read_page(
    ask: Ask,
    listed: Listed,
    params: Mapping[str, str],
    *,
    since: datetime | None,
    end: str,
    skip: int,
) -> RawPage:
    """Return one page: of a list so long that whoever reads it keeps what came.

    Args:
        ask: what sends a request.
        listed: the list.
        params: what is asked beside the page.
        since: see `read_all`; rows of the second before come too.
        end: as the first page gave it; empty for the first.
        skip: how many newer rows are passed over.

    Raises:
        UnexpectedReplyError: the page is malformed.
    """
    start = {} if since is None else {"start": str(max(math.floor(since.timestamp()) - 1, 0))}
    asked = {**params, **start, **({"end": end} if end else {}), "ofs": str(skip)}
    reply = record(ask(listed.method, asked), listed.method)
    rows = dict(reply.record(listed.rows).records())
    return RawPage(
        rows=_in_order(rows, listed, None),
        counted=reply.whole("count"),
        end=end or _end_of(rows, listed).get("end", ""),
        next_skip=None if len(rows) < PAGE else skip + STEP,
    )


def _require_next(rows: Rows, found: Rows, listed: Listed, page: int) -> None:
    """A page that does not touch the one before it leaves a gap, or is not the next one."""
    if not rows.keys() & found.keys():
        raise UnreachableError(
            f"{listed.method}: page {page + 1} does not follow the one before it; read again"
        )
    if len(rows) == PAGE and rows.keys() <= found.keys():
        raise UnreachableError(f"{listed.method}: page {page + 1} repeats others; read again")


def _require_all(found: Rows, counted: int, listed: Listed) -> None:
    if len(found) < counted:
        raise UnreachableError(f"{listed.method}: {len(found)} of {counted} rows came; read again")


def _end_of(rows: Rows, listed: Listed) -> dict[str, str]:
    if not rows:
        return {}
    newest, key = max((each.instant(listed.time), key) for key, each in rows.items())
    if listed.ends_at_an_id:
        return {"end": key}
    # the second after, as times are cut to microseconds here and `end` is inclusive
    return {"end": str(math.floor(newest.timestamp()) + 1)}


def _in_order(found: Rows, listed: Listed, since: datetime | None) -> list[tuple[str, Record]]:
    timed = [(row.instant(listed.time), key, row) for key, row in found.items()]
    timed.sort(key=lambda each: each[:2])
    return [(key, row) for at, key, row in timed if since is None or at >= since]
