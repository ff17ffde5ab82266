"""Frames of Kraken's own, as they were recorded."""

from pathlib import Path

import msgspec


def lines(recorded: Path, name: str) -> list[bytes]:
    return (recorded / "ws_v2" / name).read_bytes().splitlines()


def book_frames(recorded: Path) -> list[bytes]:
    """Return 510 frames of one book in their order. Zeros at the end of numbers are lost."""
    held = msgspec.json.decode((recorded / "ws_v2" / "sdk_orderbook-v2.json").read_bytes())
    return [msgspec.json.encode(frame) for frame in [held["init"], *held["updates"]]]
