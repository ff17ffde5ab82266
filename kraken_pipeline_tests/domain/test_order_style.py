"""How an order is made of what its wish says and of what the configuration says."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_style import OrderStyle, manner_of
from kraken_pipeline.domain.order_terms import OrderTerms, Trigger, Urgency

STOP = Trigger(price=Price(Decimal(49_000)))
TRAIL = Trigger(trail_pct=Decimal(2))


def style(**changes: object) -> OrderStyle:
    told = {"max_slippage_bps": 50, "time_in_force": "GTC", "post_only": False}
    return OrderStyle(**{**told, "min_notional": Decimal(10), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("configured", "terms", "made"),
    [
        ({}, None, ("limit", Urgency.NORMAL, "GTD", False)),
        ({"time_in_force": "FOK"}, None, ("limit", Urgency.NORMAL, "FOK", False)),
        ({"post_only": True}, None, ("limit", Urgency.PASSIVE, "GTD", True)),
        ({"urgency": Urgency.URGENT}, None, ("limit", Urgency.URGENT, "IOC", False)),
        ({"order_type": "market"}, None, ("limit", Urgency.NORMAL, "IOC", False)),
        (
            {"order_type": "market", "allows_market": True},
            None,
            ("market", Urgency.NORMAL, "IOC", False),
        ),
        ({"post_only": True}, {"order_type": "market"}, ("limit", Urgency.NORMAL, "IOC", False)),
        ({"post_only": True}, {"post_only": False}, ("limit", Urgency.PASSIVE, "GTD", False)),
        (
            {"post_only": True},
            {"urgency": Urgency.NORMAL},
            ("limit", Urgency.NORMAL, "GTD", False),
        ),
        (
            {"time_in_force": "IOC"},
            {"urgency": Urgency.PASSIVE},
            ("limit", Urgency.PASSIVE, "GTD", False),
        ),
        ({"time_in_force": "IOC"}, {"post_only": True}, ("limit", Urgency.PASSIVE, "GTD", True)),
        ({}, {"time_in_force": "IOC"}, ("limit", Urgency.NORMAL, "IOC", False)),
        (
            {"post_only": True, "time_in_force": "IOC"},
            {"order_type": "stop-loss", "trigger": STOP},
            ("stop-loss", Urgency.NORMAL, "GTD", False),
        ),
        (
            {},
            {"order_type": "trailing-stop", "trigger": TRAIL},
            ("trailing-stop", Urgency.NORMAL, "GTD", False),
        ),
    ],
)
def test_the_wish_stands_above_the_configuration(
    configured: dict[str, object],
    terms: dict[str, object] | None,
    made: tuple[str, Urgency, str, bool],
) -> None:
    # `OrderTerms` itself refuses a field that is not there
    told = None if terms is None else OrderTerms(**terms)  # type: ignore[arg-type]

    manner = manner_of(style(**configured), told)

    assert (manner.order_type, manner.urgency, manner.time_in_force, manner.post_only) == made


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"urgency": Urgency.PASSIVE, "time_in_force": "IOC"}, "must be able to rest"),
        ({"urgency": Urgency.URGENT, "post_only": True}, "a post-only order is passive"),
        ({"order_type": "stop-loss", "trigger": STOP, "time_in_force": "FOK"}, "needs GTC or GTD"),
        ({"order_type": "stop-loss", "trigger": STOP, "post_only": True}, "can't be post-only"),
    ],
)
def test_words_that_do_not_go_together_are_refused(terms: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        manner_of(style(), OrderTerms(**terms))  # type: ignore[arg-type] # as above


def test_what_waits_for_a_trigger_rests_and_is_not_in_the_market() -> None:
    fired = manner_of(style(), OrderTerms(order_type="stop-loss", trigger=STOP))

    assert fired.waits
    assert fired.rests
    assert not manner_of(style(time_in_force="IOC"), None).rests
