"""The market's own stream as both edges reach it. It needs no key and takes no order."""

from pathlib import Path
from typing import Final

from kraken_pipeline.kraken.connects import ConnectBudget
from kraken_pipeline.simulator.mirror.address import KRAKEN
from kraken_pipeline.wiring.edge import PublicWay
from kraken_pipeline.wiring.private_way import stream_beside

PUBLIC_STREAM: Final = "wss://ws.kraken.com/v2"
"""Source: docs.kraken.com/api/docs/guides/spot-ws-intro. Nothing but market data is told there."""


def public_way(url: str, *, folder: Path) -> PublicWay:
    """Return the way to a market's stream.

    Args:
        url: of the exchange's REST side.
        folder: where all processes of this machine count their connections.
    """
    stream = PUBLIC_STREAM if url == KRAKEN else stream_beside(url)
    return PublicWay(url=stream, connects=ConnectBudget(folder))
