"""Reading recorded candles: files of Kraken's archive, and what others made of them.

A file is named PAIR_minutes.anything.csv or PAIR_minutes.csv. Its columns are time, open, high,
low, close, volume and, in most, trades; with a header or without; the time in UNIX seconds or
ISO-8601.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from kraken_pipeline.simulator.candles import MINUTE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAME: Final = re.compile(r"(?P<pair>[A-Z0-9]+)_(?P<minutes>\d+)(\..*)?\.csv")
COLUMNS: Final = ("time", "open", "high", "low", "close", "volume", "trades")
UNKNOWN: Final = -1
"""The number of trades where a file does not tell it."""
_MOST_DECIMALS: Final = 12


class ReplayError(Exception):
    """The folder of recorded candles can't be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The candles of one file."""

    pair: str
    seconds: int
    time: Ints
    prices: Floats
    """A row a candle: open, high, low, close."""
    volume: Floats
    trades: Ints


def recordings(folder: Path) -> list[Recording]:
    """Return what is recorded in a folder; files of other names are passed over.

    Raises:
        ReplayError: there is no such folder, no usable file in it, or one that can't be read.
    """
    if not folder.is_dir():
        raise ReplayError(f"{folder} is no folder; give one with recorded candles")
    found = [(path, NAME.fullmatch(path.name)) for path in sorted(folder.iterdir())]
    read = [_recording(path, name["pair"], int(name["minutes"])) for path, name in found if name]
    if not read:
        raise ReplayError(f"{folder} has no file named PAIR_minutes.range.csv; give another folder")
    return read


def _recording(path: Path, pair: str, minutes: int) -> Recording:
    try:
        table = _table(path)
        return Recording(
            pair=pair,
            seconds=minutes * MINUTE,
            time=_times(table.column("time")),
            prices=np.column_stack([_numbers(table, name) for name in COLUMNS[1:5]]),
            volume=_numbers(table, "volume"),
            trades=_trades(table),
        )
    except (pa.ArrowException, ValueError, KeyError, IndexError, UnicodeDecodeError) as wrong:
        raise ReplayError(f"{path} can't be read as candles: {wrong}") from wrong


def _table(path: Path) -> pa.Table:
    with path.open(encoding="ascii") as file:
        first = file.readline().strip().split(",")
    headed = not first[0][:1].isdigit()
    moment = pa.string() if headed else pa.int64()
    names = list(COLUMNS[: len(first)])
    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=names, skip_rows=1 if headed else 0),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names[1:], pa.float64()) | {"time": moment}
        ),
    )


def _times(column: pa.ChunkedArray) -> Ints:
    if pa.types.is_integer(column.type):
        return np.asarray(column.to_numpy(), dtype=np.int64)
    texts = column.to_pylist()
    if texts[0].isdigit():
        return np.array(texts, dtype=np.int64)
    moments = np.array([text[:19] for text in texts], dtype="datetime64[s]")
    return moments.astype(np.int64)


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _trades(table: pa.Table) -> Ints:
    if "trades" not in table.column_names:
        return np.full(len(table), UNKNOWN, dtype=np.int64)
    return _numbers(table, "trades").astype(np.int64)


def decimals(values: Floats) -> int:
    """Return how many decimals are needed to write all the values."""
    for count in range(_MOST_DECIMALS):
        scaled = values * 10.0**count
        if np.all(np.abs(scaled - np.rint(scaled)) <= np.maximum(np.abs(scaled), 1.0) * 1e-11):
            return count
    return _MOST_DECIMALS
