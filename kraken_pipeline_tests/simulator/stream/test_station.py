"""The stream while time goes by itself, fast or recorded."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Line, connected, rows, token_of


def heard_until(line: Line, what: str, *, channels: set[str]) -> set[str]:
    """Return the channels that were heard of until a text came, and these channels told news."""
    seen: set[str] = set()
    while not (any(what in text for text in line.texts) and seen >= channels):
        frame = line.next()
        if frame.get("type") == "update":
            seen.add(frame["channel"])
    return seen


def test_a_clock_that_runs_brings_trades_and_fills_by_itself(settings: Settings) -> None:
    running = replace(settings, clock="real", speed=300.0)
    with simulated(running) as served, requests.Session() as session:
        client = Client(served.url, session)
        with connected(served, token_of(client)) as line:
            line.next()
            for channel in ("ticker", "book", "trade", "ohlc"):
                line.subscribe(channel, symbol=["BTC/USD"], snapshot=False)
            line.listen("executions")
            [best] = rows(line.subscribe("book", symbol=["BTC/USD"], depth=25), "book", "snapshot")
            line.order(limit_price=float(best["bids"][0]["price"]))

            every = {"ticker", "book", "trade", "ohlc", "executions"}
            assert heard_until(line, '"exec_type":"trade"', channels=every) == every


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
def test_recorded_prices_are_told_as_they_were(
    settings: Settings, tmp_path: Path, seconds: int
) -> None:
    folder = tmp_path / "candles"
    folder.mkdir()
    lines = [f"{3600 * hour},100.5,102.0,99.5,101.5,12.5,40" for hour in range(24 * 100)]
    (folder / "XBTUSD_60.csv").write_text("\n".join(lines))
    recorded = replace(settings, replay=folder)
    with simulated(recorded) as served, requests.Session() as session, connected(served) as line:
        line.next()
        for channel in ("ticker", "book", "trade", "ohlc"):
            assert line.subscribe(channel, symbol=["BTC/USD"], interval=60)[0]["success"]
        Client(served.url, session).control("clock", advance_seconds=seconds)

        told = line.settled()
        [ticker] = rows(told, "ticker")
        prices = {str(row["price"]) for row in rows(told, "trade")}
        assert {"99.5", "102.0"} <= prices or seconds == 60
        assert [str(ticker[name]) for name in ("low", "high")] == ["99.5", "102.0"]
