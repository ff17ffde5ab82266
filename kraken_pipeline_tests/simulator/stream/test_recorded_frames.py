"""Our frames beside recorded ones: the same fields, types, and numbers written alike.

A field that the exchange leaves out on some frames may be missing; one of ours that no recorded
frame has, or one of another type, is a misreading, unless it is named here with its reason.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Line, connected, token_of

Json = Any  # frames have as many shapes as there are channels
_NEWER: Final = "recorded in 2026 by others, not in 2024"
_NAMED: Final = "shown instead of order_userref if the order has one"
_DOCUMENTED: Final = "documented; the recorded frame is older"
EXCEPTIONS: Final = {
    ("ack batch_cancel", "/result/count"): "documented; what was recorded is sent besides",
    ("ack executions", "/result/snap_orders"): _DOCUMENTED,
    ("ack executions", "/result/snap_trades"): _DOCUMENTED,
    ("ack level3", "/result/depth"): _DOCUMENTED,
    ("book snapshot", "/data[]/timestamp"): _NEWER,
    ("ticker snapshot", "/data[]/timestamp"): _NEWER,
    ("ticker update", "/data[]/timestamp"): _NEWER,
    ("executions update canceled", "/data[]/cl_ord_id"): _NAMED,
    ("executions update new", "/data[]/cl_ord_id"): _NAMED,
    ("executions update pending_new", "/data[]/cl_ord_id"): _NAMED,
}
"""Fields of our frames that no recorded frame of the same kind has, and why they are there."""
NOT_RECORDED: Final = {
    "executions update filled",
    "executions update trade",
    "ohlc update",
    "trade snapshot",
}
"""Kinds of frames of ours of which no recording is at hand."""


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str

    def shape(self) -> str:
        """Return what kind of number it is."""
        return "whole" if re.fullmatch(r"-?\d+", self.text) else "decimal"


def read(text: str) -> Json:
    return json.loads(text, parse_float=Number, parse_int=Number)


def kind(value: Json) -> str:
    if isinstance(value, Number):
        return value.shape()
    if isinstance(value, str):
        return f"text {re.sub(r'[0-9]', '0', value)}" if is_time(value) else "text"
    return type(value).__name__


def is_time(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text) is not None


def shapes(value: Json, at: str = "") -> Iterable[tuple[str, str]]:
    """Yield where a frame has what kind of value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            # a recorded side may be empty; both sides have the same rows
            yield from shapes(inner, f"{at}/{'bids' if name == 'asks' else name}")
    elif isinstance(value, list):
        for inner in value:
            yield from shapes(inner, f"{at}[]")
    else:
        yield at, kind(value)


def disagreements(ours: list[Json], theirs: list[Json]) -> dict[str, str]:
    """Return where our frames have what the recorded ones do not, and what."""
    known: dict[str, set[str]] = {}
    for place, what in (pair for frame in theirs for pair in shapes(frame)):
        known.setdefault(place, set()).add(what)
    found = {}
    for place, what in (pair for frame in ours for pair in shapes(frame)):
        if place not in known:
            found[place] = "is in no recorded frame"
        elif what not in known[place]:
            found[place] = f"{what} instead of {sorted(known[place])}"
    return found


def key(frame: Json) -> str:
    """Return which recorded frames a frame may be held against."""
    method, channel = frame.get("method"), frame.get("channel")
    if method == "subscribe" and "result" in frame:
        return f"ack {frame['result']['channel']}"
    if method:
        return f"{'error' if 'error' in frame else 'ack'} {method}"
    if channel == "executions":
        kinds = sorted({row["exec_type"] for row in frame["data"]})
        return " ".join([channel, frame["type"], *kinds])
    return " ".join(filter(None, [channel, frame.get("type")]))


def grouped(frames: Iterable[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for frame in frames:
        found.setdefault(key(frame), []).append(frame)
    return found


def recorded_frames(folder: Path) -> dict[str, list[Json]]:
    texts = [
        line
        for path in sorted((folder / "ws_v2").glob("kasync_*.jsonl"))
        for line in path.read_text().splitlines()
        if line.startswith("{") and "fragments" not in path.name
    ]
    texts.append((folder / "ws_v2" / "nautilus_ws_trade_update.json").read_text())
    texts.append((folder / "ws_v2" / "live2026-09-19_instrument_subset.json").read_text())
    return grouped(read(text) for text in texts)


def talk(client: Client, line: Line) -> None:
    """Have every kind of frame sent that was recorded."""
    for channel, more in (("ticker", {}), ("book", {}), ("ohlc", {"interval": 60}), ("trade", {})):
        line.subscribe(channel, symbol=["BTC/USD", "WWW/USD"], **more)
    line.subscribe("instrument")
    line.subscribe("level3", symbol=["BTC/USD"], token=line.token)
    market: dict[str, object] = {"order_type": "market", "limit_price": None}
    line.order(**market)
    line.listen("executions", snap_trades=True)
    line.listen("balances")
    line.order(**market)
    line.order(order_type="stop-loss-limit", side="sell", limit_price=30000,
               triggers={"price": 30001, "reference": "index"})  # fmt: skip
    placed = [line.order()["result"]["order_id"] for _ in range(4)]
    line.order(cl_ord_id="client-zero")
    line.order(no_mpp=True)
    line.order(cash_order_qty="1")
    line.ask("edit_order")
    line.ask("ping", channel="x")
    line.ask("subscribe", channel="executions", token="void")
    line.trade("amend_order", order_id=placed[0], limit_price=30001)
    line.trade("amend_order", order_id=placed[0], limit_price="1")
    line.trade("edit_order", order_id=placed[1], symbol="BTC/USD", limit_price=30002)
    line.trade("cancel_order", order_id=[placed[2]], cl_ord_id=["client-zero"])
    line.trade("cancel_all_orders_after", timeout=60)
    batch = {"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 30000}
    both = line.trade("batch_add", symbol="BTC/USD", orders=[batch, batch])["result"]
    line.trade("batch_cancel", orders=[each["order_id"] for each in both])
    line.trade("cancel_all")
    client.control("clock", advance_seconds=30)
    line.settled()


@pytest.fixture
def ours(served: Served, client: Client) -> dict[str, list[Json]]:
    with connected(served, token_of(client)) as line:
        line.next()
        talk(client, line)
        served.exchange.set_system("maintenance")
        line.settled()
        line.next(2)
    return grouped(read(text) for text in line.texts)


def test_every_recorded_kind_of_frame_is_sent_with_the_recorded_fields(
    ours: dict[str, list[Json]], recorded: Path
) -> None:
    theirs = recorded_frames(recorded)
    found = {
        (name, place): wrong
        for name in set(ours) & set(theirs)
        for place, wrong in disagreements(ours[name], theirs[name]).items()
    }

    assert found == dict.fromkeys(EXCEPTIONS, "is in no recorded frame")
    assert set(theirs) <= set(ours)
    assert set(ours) - set(theirs) == NOT_RECORDED


def decimals(frames: list[Json]) -> dict[str, set[int]]:
    """Return with how many decimals the numbers of BTC/USD are written, by name."""
    found: dict[str, set[int]] = {}
    for frame in frames:
        for row in frame["data"]:
            if row["symbol"] == "BTC/USD":
                levels = [level for side in ("bids", "asks") for level in row.get(side, [])]
                for name, value in (pair for each in [row, *levels] for pair in each.items()):
                    if isinstance(value, Number) and name != "checksum":
                        found.setdefault(name, set()).add(len(value.text.partition(".")[2]))
    return found


def test_numbers_have_the_recorded_decimals(ours: dict[str, list[Json]], recorded: Path) -> None:
    theirs = recorded_frames(recorded)
    names = ("ticker snapshot", "ticker update", "book snapshot", "book update")

    assert [decimals(ours[name]) for name in names] == [decimals(theirs[name]) for name in names]
