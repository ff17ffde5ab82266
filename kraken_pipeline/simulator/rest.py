"""Serves the exchange over HTTP, to this machine only."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from functools import partial
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kraken_pipeline.simulator.answers import Answer, Cut, refused
from kraken_pipeline.simulator.controls import ControlError, Controls
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params, RefusedError, parsed
from kraken_pipeline.simulator.server import Server
from kraken_pipeline.simulator.service import (
    PRIVATE_PATH,
    THIS_MACHINE,
    UNKNOWN_METHOD,
    Service,
)
from kraken_pipeline.simulator.stream.route import routes as stream_routes
from kraken_pipeline.simulator.stream.station import Station
from kraken_pipeline.simulator.waiting import brought

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

TICK_SECONDS: Final = 0.25
"""How often the market runs on by itself while nobody asks."""
SHUTDOWN_SECONDS: Final = 1
ORDERING: Final = frozenset({"AddOrder", "AddOrderBatch", "EditOrder"})
"""Private methods that bring an order to the book of a pair that they name."""
DEPTH_CACHE: Final = "public, max-age=2"
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than clients keep a connection idle: a write into one that closes just then is lost."""


def loopback(host: str) -> bool:
    """Tell whether a host is this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ValueError: the host is not this machine: anyone could trade on it.
        OSError: the port is taken.
    """
    if not loopback(host):
        raise ValueError(f"host {host} is not this machine; give a loopback address as 127.0.0.1")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # connections inherit it; without it each answer waits 40 ms for an acknowledgement
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError:
        listening.close()
        raise
    return listening


def address(listening: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def application(service: Service) -> Starlette:
    """Return the ASGI application of a service."""

    async def public(request: Request) -> Response:
        method, host = request.path_params["method"], _host(request)
        query: dict[str, object] = dict(request.query_params)
        if request.method == "POST":
            try:
                body = parsed(await request.body(), request.headers.get("content-type", ""))
            except RefusedError as malformed:
                return await _sent(service, request, refused(malformed.text))
            query |= body.values
        answer = partial(service.public, method, Params(query), host)
        sent = await _sent(service, request, await _publicly(service, method, answer))
        if method == "Depth":
            sent.headers["cache-control"] = DEPTH_CACHE
        return sent

    async def private(request: Request) -> Response:
        path, body = request.scope["path"], await request.body()
        method, mirror = path.removeprefix(PRIVATE_PATH), service.mirror
        answer = partial(service.private, path, request.headers, body, _host(request))
        async with nullcontext() if mirror is None else in_turn:
            if mirror is not None and method in ORDERING:
                await brought(mirror, _pair_in(body, request))
            carried = await service.delivery.carry(method, answer)
        return await _sent(service, request, carried)

    async def unknown(request: Request) -> Response:
        return await _sent(service, request, refused(UNKNOWN_METHOD, 404))

    station = Station(service)
    in_turn = asyncio.Lock()  # a call that waits for its book must not lose its nonce to the next
    return Starlette(
        routes=[
            *stream_routes(station),
            Route("/0/public/{method}", public, methods=["GET", "POST"]),
            Route("/0/private/{method:path}", private, methods=["POST"]),
            *_controls(service),
            Route("/{path:path}", unknown, methods=["GET", "POST", "PUT", "DELETE"]),
        ],
        lifespan=_ticking(service, station),
    )


async def _publicly(service: Service, method: str, answer: Callable[[], Answer]) -> Answer:
    """Return the answer to a public call; one that a mirror has to ask for holds nobody up."""
    if service.mirror is not None:
        asked = await asyncio.to_thread(answer)
        return await service.delivery.carry(method, lambda: asked)
    return await service.delivery.carry(method, answer)


def _pair_in(body: bytes, request: Request) -> str:
    """Return the pair that an order names; empty if it names none that can be read."""
    try:
        return parsed(body, request.headers.get("content-type", "")).text("pair")
    except RefusedError:
        return ""


def _host(request: Request) -> str:
    return request.client.host if request.client else THIS_MACHINE


async def _sent(service: Service, request: Request, answer: Answer) -> Response:
    """Return the response, when it is time; of a connection that was cut nothing arrives."""
    if answer.delay_seconds:
        await asyncio.sleep(answer.delay_seconds)
    response = Response(answer.content, answer.status, {"content-type": answer.media_type})
    if answer.cut is not None and request.client is not None:
        client = (request.client.host, request.client.port)
        if answer.cut is Cut.CLOSED:
            service.connections.close(client)
        else:
            await service.connections.reset(client, _half(response))
        while (await request.receive())["type"] != "http.disconnect":
            pass
    return response


def _half(response: Response) -> bytes:
    """Return the head of a response and the first half of its body."""
    head = [b"HTTP/1.1 200 OK", *(b": ".join(header) for header in response.raw_headers)]
    content = bytes(response.body)
    return b"\r\n".join([*head, b"", content[: len(content) // 2]])


def _controls(service: Service) -> list[Route]:
    def control(act: Callable[[Params], dict[str, object]]) -> Callable[..., object]:
        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse(act(parsed(await request.body(), "application/json")))
            except (ControlError, RefusedError) as wrong:
                return JSONResponse({"error": str(wrong)}, 400)

        return endpoint

    told = Controls(service)
    return [
        Route(
            "/_sim/flows", control(lambda params: play(service.exchange, params)), methods=["POST"]
        ),
        Route("/_sim/clock", control(lambda params: told.clock()), methods=["GET"]),
        Route("/_sim/clock", control(told.turn_clock), methods=["POST"]),
        Route("/_sim/latency", control(told.delay), methods=["POST"]),
        Route("/_sim/health", control(lambda params: told.health()), methods=["GET"]),
        Route("/_sim/faults", control(lambda params: told.faults()), methods=["GET"]),
        Route("/_sim/faults", control(told.add_fault), methods=["POST"]),
        Route("/_sim/faults", control(lambda params: told.clear_faults()), methods=["DELETE"]),
        Route("/_sim/keys", control(lambda params: told.keys()), methods=["GET"]),
        Route("/_sim/keys", control(told.put_key), methods=["POST"]),
        Route("/_sim/limits", control(told.set_limits), methods=["POST"]),
        Route("/_sim/restart", control(told.restart), methods=["POST"]),
        Route("/_sim/status", control(lambda params: told.status()), methods=["GET"]),
        Route("/_sim/status", control(told.set_status), methods=["POST"]),
    ]


def _ticking(service: Service, station: Station) -> Lifespan:
    """Return what runs beside the server: the market goes on while nobody asks."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            exchange = service.exchange
            if exchange.clock.mode != "fixed":
                exchange.market.prepare(exchange.advance().timestamp())
                await station.tick()
            station.keep()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.connections.started(asyncio.get_running_loop())
        ticking = asyncio.create_task(tick())
        try:
            yield
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    return lifespan


def server(service: Service) -> Server:
    """Return a server that says nothing and stops quickly."""
    config = uvicorn.Config(
        application(service),
        log_level="critical",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws="websockets-sansio",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    running = Server(config)
    service.connections.attach(running, bound)
    return running


@dataclass(frozen=True, slots=True)
class Served:
    """A simulator that runs in a thread of this process."""

    url: str
    exchange: Exchange
    """What is behind it; look at it and turn its clock only between calls."""
    service: Service


@contextmanager
def serving(service: Service, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
    """Serve in a thread for as long as the context lasts.

    Raises:
        ValueError: the host is not this machine.
        OSError: the port is taken.
    """
    running = server(service)
    listening = bound(host, port)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not running.started and thread.is_alive():
            thread.join(0.005)
        yield Served(address(listening), service.exchange, service)
    finally:
        running.stop()
        thread.join()
        listening.close()
