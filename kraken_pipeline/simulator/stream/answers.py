"""How a client's requests are let in and answered; faults strike on the way.

Source: kraken/ws_v2.md §3.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind, Point
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.requests import (
    INVALID_SESSION,
    NO_TOKEN,
    MessageError,
    Request,
)
from kraken_pipeline.simulator.stream.station import Station

DENIED: Final = "EGeneral:Permission denied"


class CutError(Exception):
    """A fault cuts the line; nothing more is to be done."""


class Answers:
    """The answers to one client."""

    def __init__(self, station: Station, connection: Connection) -> None:
        self.station: Final = station
        self.connection: Final = connection

    def now(self) -> datetime:
        """Return the exchange's time."""
        return self.station.exchange.clock.now()

    def answer(self, request: Request, fields: Mapping[str, str]) -> None:
        """Answer with fields, as JSON."""
        frame = frames.answer(fields, request.req_id, request.received, self.now())
        self.connection.send(frame)

    def succeed(self, request: Request, fields: Mapping[str, str]) -> None:
        """Answer that it is done."""
        done = {"method": frames.text(request.method), "success": "true"}
        self.answer(request, done | dict(fields))

    def refuse(self, request: Request, reason: str, **more: str) -> None:
        """Answer that it is not done, and why."""
        fields = {
            "error": frames.text(reason),
            "method": frames.text(request.method),
            "success": "false",
        }
        self.answer(request, fields | more)

    def asked(self, subject: str) -> None:
        """Let a fault strike a request of which nothing is done yet.

        Raises:
            CutError: the line is cut.
            MessageError: the token is refused.
        """
        struck = self._struck(Point.ASKED, subject)
        if struck is not None and struck.kind is Kind.TOKEN_REFUSED:
            raise _invalid_session()

    def acknowledges(self, subject: str) -> Strike | None:
        """Let a fault strike an answer that is about to leave.

        Raises:
            CutError: the line is cut.
        """
        return self._struck(Point.ACKNOWLEDGED, subject)

    def _struck(self, point: Point, subject: str) -> Strike | None:
        struck = self.station.service.faults.strike(point, subject, self.now())
        if struck and struck.kind in {Kind.CUT_BEFORE_EFFECT, Kind.CUT_BEFORE_ACK}:
            self.connection.end()
            raise CutError
        return struck

    def token(self, request: Request, permissions: frozenset[str]) -> str:
        """Return the token of a private request.

        Args:
            request: what is asked.
            permissions: any one of them is enough.

        Raises:
            MessageError: there is none, or it is not good, or its key may not do this.
        """
        token = request.params.text("token")
        if not token:
            raise MessageError(NO_TOKEN)
        service = self.station.service
        owner = service.tokens.owner(token, self.now())
        key = None if owner is None else service.keys.get(owner)
        if key is None:
            raise _invalid_session()
        if not key.may(permissions):
            raise MessageError(DENIED)
        return token


def _invalid_session() -> MessageError:
    return MessageError(INVALID_SESSION, status=frames.text("error"))
