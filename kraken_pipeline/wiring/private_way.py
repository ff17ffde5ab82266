"""The account's own stream as both edges reach it: one key, one count, one address."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.budget import Budget, SharedBudget
from kraken_pipeline.kraken.connects import ConnectBudget
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.keys import websockets_token
from kraken_pipeline.wiring.edge import PrivateWay


def private_way(
    url: str,
    line: PrivateLine,
    *,
    symbols: Callable[[], SymbolTable],
    folder: Path,
    budget: Budget,
) -> PrivateWay:
    """Return the way to the stream of an account.

    Args:
        url: of the stream.
        line: of the key that reads.
        symbols: tells the names of pairs.
        folder: where all processes of this machine count their connections.
        budget: of the key; where it is counted, the stream says how the engine counts.
    """

    def count(pair: str, counter: float) -> None:
        # what could not be noted is told again with the next row
        with suppress(PipelineError):
            if isinstance(budget, SharedBudget):
                budget.observe(pair, counter)

    return PrivateWay(
        url=url,
        fetch_token=lambda: websockets_token(line).token,
        symbols=symbols,
        connects=ConnectBudget(folder),
        count=count,
    )


def stream_beside(url: str) -> str:
    """Return the address of the stream that an exchange on this machine serves beside REST."""
    return f"{url.replace('http', 'ws', 1)}/v2"
