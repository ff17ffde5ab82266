"""What an order offers: measured from the decision, or from where it fires."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.offers import Offer, offer_of
from kraken_pipeline.domain.order_style import Manner
from kraken_pipeline.domain.order_terms import Close, Trigger, Urgency
from kraken_pipeline_tests.builders import manner, pair, ticker

FALLEN = ticker(bid=Price(Decimal(48_999)), ask=Price(Decimal(49_000)), last=Price(Decimal(49_000)))


def made(of: Manner, side: Side = Side.BUY, quoted: Ticker | None = FALLEN) -> Offer:
    return offer_of(
        of,
        side=side,
        decision_price=Price(Decimal(50_000)),
        pair=pair(),
        ticker=quoted,
        max_slippage_bps=50,
    )


@pytest.mark.parametrize(
    ("urgency", "limit"),
    [
        (Urgency.PASSIVE, "48999"),
        (Urgency.NORMAL, "49245"),
        (Urgency.URGENT, "50250"),
    ],
)
def test_the_more_urgent_the_worse_the_price_up_to_the_bound(urgency: Urgency, limit: str) -> None:
    offer = made(manner(urgency=urgency))

    assert (offer.bound, offer.limit) == (Decimal(50_250), Decimal(limit))


def test_without_a_quote_and_without_a_limit_of_its_own_it_is_the_bound() -> None:
    assert made(manner(), quoted=None).limit == Decimal(50_250)
    assert made(manner(order_type="market")).limit == Decimal(50_250)


@pytest.mark.parametrize(
    ("side", "trigger", "bound"),
    [(Side.BUY, "51000.07", "51255"), (Side.SELL, "48000.01", "47760.1")],
)
def test_what_waits_is_bounded_from_where_it_fires_and_fires_on_the_tick(
    side: Side, trigger: str, bound: str
) -> None:
    stop = manner(order_type="stop-loss-limit", trigger=Trigger(price=Price(Decimal(trigger))))

    offer = made(stop, side)

    assert offer.manner.trigger is not None
    assert offer.manner.trigger.price == Decimal("51000" if side is Side.BUY else "48000.1")
    assert offer.limit == offer.bound == Decimal(bound)


def test_what_trails_is_bounded_from_the_market_and_needs_one() -> None:
    trailing = manner(order_type="trailing-stop", trigger=Trigger(trail_pct=Decimal(2)))

    assert made(trailing).bound == Decimal("50229.9")  # 49,000 and 2 %, and 50 basis points
    with pytest.raises(InvalidValueError, match="no quote of XBTUSD to trail"):
        made(trailing, quoted=None)


def test_a_conditional_close_is_put_on_the_tick_of_its_own_side() -> None:
    close = Close(
        order_type="stop-loss-limit",
        trigger_price=Price(Decimal("48000.01")),
        limit_price=Price(Decimal("47900.99")),
    )

    bought, sold = (made(manner(close=close), side).manner.close for side in Side)

    prices = [(each.trigger_price, each.limit_price) for each in (bought, sold) if each]
    assert prices == [
        (Decimal("48000.1"), Decimal("47901.0")),
        (Decimal("48000.0"), Decimal("47900.9")),
    ]
