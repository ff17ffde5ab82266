"""The stream's place among the server's routes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from kraken_pipeline.simulator.service import Mirroring
from kraken_pipeline.simulator.stream.requests import ordered_in
from kraken_pipeline.simulator.stream.session import Session
from kraken_pipeline.simulator.stream.station import Station
from kraken_pipeline.simulator.waiting import brought

PATHS: Final = ("/v2", "/v2/public", "/v2/private")


def routes(station: Station) -> list[WebSocketRoute]:
    """Return the routes of a station; all of them serve every channel."""

    async def endpoint(websocket: WebSocket) -> None:
        if station.refuses():
            await websocket.close()
            return
        await websocket.accept()
        await _converse(station, websocket)

    return [WebSocketRoute(path, endpoint) for path in PATHS]


async def _converse(station: Station, websocket: WebSocket) -> None:
    connection = station.joined()
    session = Session(station, connection)
    tasks = [
        asyncio.create_task(connection.write(websocket.send_text)),
        asyncio.create_task(_hear(websocket, station.service.mirror, session.hear)),
        asyncio.create_task(connection.overrun.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if connection.overrun.is_set() and websocket.client is not None:
            await station.service.connections.reset(websocket.client, b"")
        elif connection.close_code is not None:
            await websocket.close(connection.close_code)
    finally:
        station.left(connection)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect):
                await task


async def _hear(
    websocket: WebSocket, mirror: Mirroring | None, hear: Callable[[str], None]
) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        text = text if text is not None else message["bytes"].decode(errors="replace")
        if mirror is not None:
            await brought(mirror, ordered_in(text))
        hear(text)
