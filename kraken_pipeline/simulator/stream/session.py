"""One client's conversation: each message read, done and answered.

Source: kraken/ws_v2.md §3 and §6.
"""

from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.market import NeverTradedError
from kraken_pipeline.simulator.params import RefusedError
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.answers import Answers, CutError
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.methods import METHODS, Call
from kraken_pipeline.simulator.stream.requests import (
    UNKNOWN_METHOD,
    MessageError,
    Request,
    read,
)
from kraken_pipeline.simulator.stream.station import Station
from kraken_pipeline.simulator.stream.subscribing import Subscribing

UNAVAILABLE: Final = "EService:Unavailable"
NO_PARAMS: Final = "Unsupported field: 'params' for the given msg type: ping"


class Session:
    """A connection and what its client asks."""

    def __init__(self, station: Station, connection: Connection) -> None:
        self._answers = Answers(station, connection)
        self._subscribing = Subscribing(self._answers)
        self._connection = connection
        self._exchange = station.exchange

    def hear(self, text: str) -> None:
        """Do what a message asks and answer it."""
        received = self._answers.now()
        if not self._connection.hears():
            self._connection.send(frames.EXCEEDED)
            return
        try:
            request = read(text, received)
        except MessageError as wrong:
            self._malformed(wrong, received)
            return
        try:
            self._do(request)
        except CutError:
            return
        except MessageError as wrong:
            self._answers.refuse(request, wrong.text, **wrong.more)
        except RefusedError as refusal:
            self._answers.refuse(request, refusal.text)
        except NeverTradedError:
            self._answers.refuse(request, UNAVAILABLE)

    def _malformed(self, wrong: MessageError, received: datetime) -> None:
        fields = {"error": frames.text(wrong.text), "success": "false"} | wrong.more
        self._connection.send(frames.answer(fields, None, received, self._answers.now()))

    def _do(self, request: Request) -> None:
        match request.method:
            case "ping":
                self._pong(request)
            case "subscribe":
                self._subscribing.subscribe(request)
            case "unsubscribe":
                self._subscribing.unsubscribe(request)
            case method if method in METHODS:
                self._trade(request)
            case _:
                raise MessageError(UNKNOWN_METHOD)

    def _pong(self, request: Request) -> None:
        if request.has_params:
            raise MessageError(NO_PARAMS)
        self._answers.answer(request, {"method": frames.text("pong")})

    def _trade(self, request: Request) -> None:
        method = METHODS[request.method]
        self._answers.asked(request.method)
        self._answers.token(request, method.permissions)
        self._exchange.advance()
        for call in method.calls(self._exchange, request):
            self._call(request, call)

    def _call(self, request: Request, call: Call) -> None:
        """Do one call; where there are several, each has an answer of its own."""
        try:
            fields = call.answered(self._exchange)
        except RefusedError as refusal:
            self._answers.refuse(request, refusal.text)
            return
        self._answers.acknowledges(request.method)
        self._answers.succeed(request, fields)
