"""Sending a request that can move money: counted, kept, sent once, and read.

Source: NET-3, NET-5, NET-9.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final, Protocol

import msgspec

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    UnreachableError,
)
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.audit import Arrived, Audit, Leaving
from kraken_pipeline.kraken.batches import batch_request
from kraken_pipeline.kraken.budget import Budget, Reservation
from kraken_pipeline.kraken.failures import Call, Failure, Heard, failure_of
from kraken_pipeline.kraken.kinds import Kind
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.stream.answers import result_of
from kraken_pipeline.kraken.stream.frames import Message
from kraken_pipeline.kraken.stream.requests import batched_params, milliseconds, order_params
from kraken_pipeline.kraken.tickets import Ticket

ANSWER_SECONDS: Final = 10.0
"""Within which an answer comes, if one comes."""
NOT_SENT: Final = Heard(failure=Failure(kind=Kind.LOCAL, said="not sent"))


class Caller(Protocol):
    """Who carries requests: an `AccountStream`."""

    def ask(self, method: str, params: Mapping[str, object], *, timeout_seconds: float) -> Message:
        """Send a request once, and return the answer, whatever it says.

        Raises:
            OutcomeUnknownError: it was sent and not answered.
            ExchangeError: it was not sent.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """Who counts and keeps what is sent; for one key the same as REST's."""

    budget: Budget
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A request as the budget knows it: by REST's name and words for it."""

    method: str
    params: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One request on its way."""

    method: str
    params: Mapping[str, object]
    call: Call
    number: int
    heard: Heard = NOT_SENT
    answer: Message | None = None


class OrderDesk:
    """Sends requests, each once."""

    def __init__(
        self, caller: Caller, *, symbols: Callable[[], SymbolTable], books: Bookkeeping
    ) -> None:
        """Take who carries the requests, and who counts and keeps them."""
        self._caller = caller
        self._symbols = symbols
        self._books = books
        self._numbers = itertools.count(1)

    def order(self, ticket: Ticket, deadline: datetime) -> dict[str, object]:
        """Return the words of an `add_order`.

        Raises:
            InvalidValueError: the deadline is not in UTC, or the pair is not listed.
        """
        said = order_params(ticket, symbol=self._symbol(ticket.pair))
        return {**said, "deadline": milliseconds(deadline)}

    def batch(self, tickets: Sequence[Ticket], deadline: datetime) -> dict[str, object]:
        """Return the words of a `batch_add`.

        Raises:
            InvalidValueError: too few or too many orders, of several pairs, or two of one id.
        """
        batch_request(tickets, deadline=deadline)
        return {
            "symbol": self._symbol(tickets[0].pair),
            "orders": [batched_params(each) for each in tickets],
            "deadline": milliseconds(deadline),
        }

    def send(
        self, method: str, params: Mapping[str, object], counted: Counted, *, call: Call
    ) -> object:
        """Send a request once and return its result.

        Raises:
            ExchangeError: of the kind that says what may have happened; see `failures`.
            ConfigurationError: it cannot be counted or kept; nothing was sent.
        """
        attempt = _Attempt(method=method, params=params, call=call, number=next(self._numbers))
        reservation = self._books.budget.reserve(counted.method, counted.params)
        try:
            self._send(attempt, reservation)
        finally:
            self._books.budget.settle(reservation, attempt.heard)
        if attempt.answer is None:
            raise self._lost(attempt)
        return result_of(attempt.answer, method=method, call=call)

    def _symbol(self, pair: str) -> str:
        return self._symbols().pair(pair).slashed

    def _send(self, attempt: _Attempt, reservation: Reservation) -> None:
        self._keep_leaving(attempt, reservation)
        began = monotonic()
        try:
            attempt.answer = self._caller.ask(
                attempt.method, attempt.params, timeout_seconds=ANSWER_SECONDS
            )
        except OutcomeUnknownError as lost:
            attempt.heard = Heard(failure=Failure(kind=Kind.AMBIGUOUS, said=str(lost)))
        else:
            attempt.heard = _heard_in(attempt.answer)
        self._keep_arrived(attempt, reservation, seconds=monotonic() - began)

    def _lost(self, attempt: _Attempt) -> OutcomeUnknownError | UnreachableError:
        failure = attempt.heard.failure
        said = f"{attempt.method}: no answer" if failure is None else failure.said
        if attempt.call is Call.WRITE:
            return OutcomeUnknownError(said)
        return UnreachableError(f"{said}; as it could change nothing, it may be asked again")

    def _keep_leaving(self, attempt: _Attempt, reservation: Reservation) -> None:
        if attempt.call is not Call.WRITE:
            return
        leaving = Leaving(
            method=attempt.method,
            nonce=attempt.number,
            params=attempt.params,
            counters=reservation.standing,
        )
        try:
            self._books.audit.leaving(leaving)
        except ConfigurationError:
            # a cancel leaves also where nobody can write that it does
            if reservation.lane is not Lane.GUARD:
                raise

    def _keep_arrived(self, attempt: _Attempt, reservation: Reservation, *, seconds: float) -> None:
        if attempt.call is not Call.WRITE:
            return
        failure = attempt.heard.failure
        arrived = Arrived(
            method=attempt.method,
            nonce=attempt.number,
            seconds=seconds,
            kind="done" if failure is None else failure.kind.value,
            status=None,
            body=b"" if attempt.answer is None else msgspec.json.encode(attempt.answer),
        )
        try:
            self._books.audit.arrived(arrived)
        except ConfigurationError as unkept:
            if reservation.lane is not Lane.GUARD:
                raise OutcomeUnknownError(f"{attempt.method}: {unkept}") from unkept


def _heard_in(answer: Message) -> Heard:
    """Tell the budget how a request ended, in REST's words."""
    if answer.success is not True:
        return Heard(failure=failure_of([answer.error or "no reason"]))
    if isinstance(answer.result, list):
        return Heard(result={"orders": [_as_rest(each) for each in answer.result]})
    return Heard(result=_as_rest(answer.result))


def _as_rest(result: object) -> dict[str, object]:
    fields = result if isinstance(result, dict) else {}
    return {"txid": fields["order_id"]} if "order_id" in fields else {**fields}
