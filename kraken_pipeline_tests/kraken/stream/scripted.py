"""A server that says what a test tells it to, for what no exchange says on purpose."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Say = Callable[[dict[str, object]], list[str]]
"""From a request to the frames that answer it."""


@dataclass(slots=True)
class Scripted:
    """What was asked, and where."""

    url: str
    asked: list[dict[str, object]] = field(default_factory=list)
    connections: int = 0


@contextmanager
def scripted(say: Say) -> Iterator[Scripted]:
    """Serve until the context ends."""
    told = Scripted("")

    def converse(connection: ServerConnection) -> None:
        told.connections += 1
        try:
            for message in connection:
                request = json.loads(message)
                told.asked.append(request)
                for frame in say(request):
                    connection.send(frame)
        except ConnectionClosed:
            return

    with serve(converse, "127.0.0.1", 0, compression=None) as server:
        told.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v2"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


def agreed(request: dict[str, object]) -> list[str]:
    """Answer a subscription with yes, once for each symbol, and nothing else."""
    if request["method"] != "subscribe":
        return []
    params = request["params"]
    assert isinstance(params, dict)
    return [
        json.dumps(
            {
                "method": "subscribe",
                "req_id": request["req_id"],
                "success": True,
                "result": {"channel": params["channel"], "symbol": symbol},
            }
        )
        for symbol in params.get("symbol", [None])
    ]
