"""Names that are derived from what they name, so that doing twice names the same thing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, NewType
from uuid import UUID, uuid5

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import require_utc

DecisionId = NewType("DecisionId", str)
IntentId = NewType("IntentId", str)
PlanId = NewType("PlanId", str)
ClOrdId = NewType("ClOrdId", str)

_WRITER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
REMEMBERED: Final = 10_000
"""Amounts and instants whose text is kept: one order's are written again and again."""
_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
"""What most values are, and what stands in JSON as it is."""
ORDERS: Final = UUID("6b1f2f0e-5c58-4c0e-9d8e-3f4d6a9b7c21")
"""Under which the ids of our orders are derived. Another value would make every order a new one."""


def canonical(value: object) -> str:
    """Write a value as the one JSON text that stands for it: sorted keys, no float, UTC times.

    Raises:
        InvalidValueError: the value holds something that has no exact text, such as a float, or a
            time that is not in UTC and would make another name of the same instant.
    """
    return _WRITER.encode(_exact(value))


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical text, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def decision_id(
    *, namespace: str, strategy_id: str, timeframe: str, closed_at: datetime
) -> DecisionId:
    """Name the decision of one strategy on one bar.

    It is one for each bar, whatever re-runs: the configuration is not part of it, so that a
    changed setting cannot decide the same bar a second time.

    Source: STG-2.
    """
    return DecisionId("D" + digest([namespace, strategy_id, timeframe, closed_at])[:24])


def chance_seed(*, strategy_id: str, timeframe: str, closed_at: datetime) -> int:
    """Return what a strategy that draws at random begins from: the same whenever it decides a bar.

    It is one for live, paper and backtest, so that all of them draw alike.

    Source: STG-1.
    """
    return int(digest([strategy_id, timeframe, closed_at])[:16], 16)


def intent_id(decision: DecisionId, *, pair: str, side: str) -> IntentId:
    """Name what a decision wants of one pair.

    Source: OMS-1. The decision stands for strategy, bar and namespace.
    """
    return IntentId("I" + digest([decision, pair, side])[:24])


def cl_ord_id(intent: IntentId, attempt: int, *, role: str = "") -> ClOrdId:
    """Name one attempt to place an intent at Kraken, as a UUID.

    Args:
        intent: what is wanted.
        attempt: counts from 1.
        role: what else than the intent itself is placed for it, such as `protect`.

    Source: OMS-1; Kraken takes a UUID of 36 characters as `cl_ord_id`.
    """
    return ClOrdId(str(uuid5(ORDERS, _attempt(intent, attempt, role))))


def local_order_id(intent: IntentId, attempt: int, *, role: str = "") -> str:
    """Name the same attempt in our own books; the first of an intent bears its name."""
    if attempt == 1 and not role:
        return "O" + intent[1:]
    return "O" + digest(_attempt(intent, attempt, role))[:24]


def plan_id(intents: Sequence[IntentId], assessed_at: datetime) -> PlanId:
    """Name what was approved together."""
    return PlanId("P" + digest([list(intents), assessed_at])[:16])


def _attempt(intent: IntentId, attempt: int, role: str) -> str:
    return "/".join(each for each in (intent, role, str(attempt)) if each)


@lru_cache(REMEMBERED)
def _amount(value: Decimal) -> str:
    return plain(decimal_from(value))


@lru_cache(REMEMBERED)
def _instant(moment: datetime) -> str:
    return moment.isoformat()


def _exact(value: object) -> object:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        raise InvalidValueError(f"the float {value!r} has no exact text")
    if isinstance(value, Decimal):
        # what is not finite is refused there, and cannot be remembered
        return _amount(value if value.is_finite() else decimal_from(value))
    if isinstance(value, datetime):
        # asked first: an instant of another zone is the same to the memory
        return _instant(require_utc(value))
    if isinstance(value, Mapping):
        return {
            str(key): each if type(each) in _AS_THEY_ARE else _exact(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple | frozenset):
        told = sorted(value) if isinstance(value, frozenset) else value
        return [each if type(each) in _AS_THEY_ARE else _exact(each) for each in told]
    raise InvalidValueError(f"{type(value).__name__} has no exact text")
