"""Frames as Kraken writes them: envelopes, numbers with all their decimals, times.

Values are put together as texts, so that a number keeps its zeros: 0.10000000.

Source: kraken/ws_v2.md §2 and §3, and the recorded frames.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from kraken_pipeline.simulator.candles import Ints

HEARTBEAT: Final = '{"channel":"heartbeat"}'
EXCEEDED: Final = '{"Error":"Exceeded msg rate"}'
API_VERSION: Final = "v2"
VERSION: Final = "2.0.10"
"""What the status channel calls the server."""


def text(value: object) -> str:
    """Return a value as JSON; not for money, which is written by its decimals."""
    return json.dumps(value, separators=(",", ":"))


def flag(value: bool) -> str:  # noqa: FBT001 it is what is written
    """Return a yes or no."""
    return "true" if value else "false"


def micros(at: datetime) -> str:
    """Return a time with 6 decimals, quoted."""
    shown = at.astimezone(UTC).isoformat(timespec="microseconds")
    return f'"{shown.removesuffix("+00:00")}Z"'


def nanos(at: datetime) -> str:
    """Return a time with 9 decimals, quoted, as the ohlc channel has it."""
    return f'{micros(at)[:-2]}000Z"'


def fixed(units: int, decimals: int) -> str:
    """Return a number that counts in units of 10^-decimals."""
    if not decimals:
        return str(units)
    sign, digits = ("-", -units) if units < 0 else ("", units)
    one = 10**decimals
    return f"{sign}{digits // one}.{digits % one:0{decimals}d}"


def members(fields: Mapping[str, str]) -> str:
    """Return an object whose values are JSON already."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def listed(rows: Iterable[str]) -> str:
    """Return an array whose elements are JSON already."""
    return "[" + ",".join(rows) + "]"


def data(channel: str, kind: str, rows: str, *, sequence: int | None = None) -> str:
    """Return a frame of a channel.

    Args:
        channel: its name.
        kind: snapshot or update.
        rows: the data, as JSON.
        sequence: the number of the frame, on channels that count.
    """
    count = "" if sequence is None else f',"sequence":{sequence}'
    return f'{{"channel":"{channel}","type":"{kind}","data":{rows}{count}}}'


def status(system: str, connection_id: int | None) -> str:
    """Return a frame of the status channel; one without a connection's id if that is None."""
    row = {"api_version": text(API_VERSION)}
    if connection_id is not None:
        row["connection_id"] = str(connection_id)
    row |= {"system": text(system), "version": text(VERSION)}
    return f'{{"channel":"status","data":[{members(row)}],"type":"update"}}'


def answer(fields: Mapping[str, str], req_id: int | None, received: datetime, at: datetime) -> str:
    """Return the answer to a request, its fields by name as the recorded ones have them.

    Args:
        fields: all but the request's number and the times, as JSON.
        req_id: the number that the caller gave; None for none.
        received: when the request came.
        at: when it is answered.
    """
    number = {} if req_id is None else {"req_id": str(req_id)}
    times = {"time_in": micros(received), "time_out": micros(at)}
    return members(dict(sorted((number | dict(fields) | times).items())))


def column(values: Ints) -> list[int]:
    """Return a column of whole numbers as Python's own."""
    found: list[int] = values.tolist()
    return found
