"""Names are derived: the same thing has one name, in every run and every version of ours."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import (
    ORDERS,
    DecisionId,
    IntentId,
    canonical,
    chance_seed,
    cl_ord_id,
    decision_id,
    digest,
    intent_id,
    plan_id,
    written,
)
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import plain

CLOSED_AT = datetime(2026, 1, 1, tzinfo=UTC)
GOLDEN = (
    "Dc9ea2167d378dd5af1ff01cb",
    "Id384364442de8be80c3c75c5",
    "1b92c161-344a-5782-9c12-c92968aaa437",
    "P84668d047b041587",
)
EXACT_VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.decimals(places=8, min_value=-9, max_value=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def decided(**changes: object) -> DecisionId:
    told: dict[str, object] = {
        "namespace": "trade",
        "strategy_id": "trend_core",
        "timeframe": "1h",
        "closed_at": CLOSED_AT,
    }
    return decision_id(**{**told, **changes})  # type: ignore[arg-type]  # each has its type above


def test_the_names_of_yesterday_are_the_names_of_today() -> None:
    decision = decided()
    intent = intent_id(decision, pair="XBTUSD", side=Side.BUY)

    assert (decision, intent, cl_ord_id(intent, 0), plan_id([intent], CLOSED_AT)) == GOLDEN


@pytest.mark.parametrize(
    "change",
    [
        {"namespace": "research"},
        {"strategy_id": "other"},
        {"timeframe": "4h"},
        {"closed_at": CLOSED_AT + timedelta(hours=1)},
    ],
)
def test_another_bar_strategy_or_purpose_is_another_decision(change: dict[str, object]) -> None:
    assert decided(**change) != decided()


def test_a_decision_wants_each_pair_and_side_under_its_own_name() -> None:
    names = {
        intent_id(decided(), pair=pair, side=side) for pair in ("XBTUSD", "ETHUSD") for side in Side
    }

    assert len(names) == 4


@given(intent=st.text(), attempt=st.integers(0, 9))
def test_an_order_id_is_a_uuid_that_the_exchange_takes(intent: str, attempt: int) -> None:
    name = cl_ord_id(IntentId(intent), attempt)

    told = f"{intent}/{attempt}" if intent else str(attempt)
    assert len(name) == 36
    assert str(UUID(name)) == name == str(uuid5(ORDERS, told))


def test_each_attempt_has_a_name_of_its_own() -> None:
    assert len({cl_ord_id(IntentId("I1"), attempt) for attempt in range(50)}) == 50


@given(EXACT_VALUES)
def test_the_order_of_keys_does_not_matter(value: object) -> None:
    assert canonical(_turned(value)) == canonical(value)


@given(EXACT_VALUES)
def test_a_text_is_the_json_of_its_values(value: object) -> None:
    shown = json.dumps(
        _as_text(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )

    assert canonical(value) == shown


def _as_text(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return plain(value) if isinstance(value, Decimal) else value


@given(EXACT_VALUES)
def test_what_was_written_before_stands_in_what_is_greater_as_if_written_there(
    value: object,
) -> None:
    assert canonical({"a": [written(value)]}) == canonical({"a": [value]})


def _turned(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _turned(each) for key, each in reversed(list(value.items()))}
    return [_turned(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "value",
    [0.5, {"a": [1.0]}, {1, 2}, b"x", object(), Decimal("NaN"), Decimal("Infinity")],
)
def test_what_has_no_exact_text_has_no_digest(value: object) -> None:
    with pytest.raises(InvalidValueError):
        digest(value)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the naive time that must be refused
        datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_time_that_is_not_in_utc_would_name_one_instant_twice(moment: datetime) -> None:
    with pytest.raises(InvalidValueError, match="UTC"):
        decided(closed_at=moment)


def test_equal_amounts_have_one_text_however_they_were_written() -> None:
    assert canonical([Decimal("1.50"), Decimal("15E-1")]) == '["1.5","1.5"]'


def test_amounts_that_differ_in_the_thirtieth_digit_have_two_digests() -> None:
    one, other = Decimal("1." + "0" * 28 + "1"), Decimal("1." + "0" * 28 + "2")

    assert digest(one) != digest(other)


def test_what_is_drawn_at_random_is_the_same_for_a_bar_in_whatever_namespace() -> None:
    hourly, daily = (
        chance_seed(strategy_id="trend", timeframe=each, closed_at=CLOSED_AT)
        for each in ("1h", "1d")
    )

    assert hourly == 15093214857198595470
    assert hourly != daily
