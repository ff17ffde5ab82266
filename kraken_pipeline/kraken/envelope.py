"""What stands in an answer: a result, or what went wrong. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NoReturn

from kraken_pipeline.kraken.connections import Answer
from kraken_pipeline.kraken.failures import (
    Call,
    Failure,
    Heard,
    failure_of,
    no_json,
    strange_status,
)
from kraken_pipeline.kraken.kinds import Kind

DONE: Final = 200
OWN_STATUSES: Final = frozenset({DONE, 404})
"""Kraken answers errors with 200, and an unknown method with 404. Any other status is another's."""

HALF_A_LETTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def heard_in(answer: Answer, *, call: Call) -> Heard:
    """Return what an answer says. Numbers with a point come as `Decimal`."""
    if answer.status not in OWN_STATUSES:
        return Heard(failure=strange_status(answer.status, answer.body, call=call))
    try:
        envelope = json.loads(answer.body.decode(), parse_float=Decimal, parse_constant=_no_number)
        _require_whole_letters(answer.body, envelope)
    except (ValueError, ArithmeticError, RecursionError):
        return Heard(failure=no_json(answer.body))
    if not isinstance(envelope, dict) or not _are_texts(envelope.get("error")):
        return _unreadable("the answer has no list of errors; nothing is read")
    return _opened(envelope, answer, call)


def _opened(envelope: Mapping[str, Any], answer: Answer, call: Call) -> Heard:
    # a warning may stand beside a result
    errors = [each for each in envelope["error"] if not each.startswith("W")]
    if errors:
        return Heard(failure=replace(failure_of(errors), answered_at=answer.sent_at))
    if answer.status != DONE:
        return Heard(failure=strange_status(answer.status, answer.body, call=call))
    if "result" not in envelope:
        return _unreadable("the answer has neither an error nor a result")
    return Heard(result=envelope["result"])


def result_of(answer: Answer, *, call: Call, method: str) -> object:
    """Return what Kraken put in its envelope.

    Raises:
        ExchangeError: of the sort that says what may have happened; see `failures`.
    """
    heard = heard_in(answer, call=call)
    if heard.failure is not None:
        raise heard.failure.error(call=call, method=method)
    return heard.result


def _unreadable(said: str) -> Heard:
    return Heard(failure=Failure(kind=Kind.AMBIGUOUS, said=said, is_unreadable=True))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _require_whole_letters(body: bytes, envelope: object) -> None:
    """Refuse half of a letter, which JSON can spell and no file or database can keep.

    Raises:
        UnicodeEncodeError: there is one.
    """
    if HALF_A_LETTER.search(body):
        json.dumps(envelope, ensure_ascii=False, default=str).encode()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
