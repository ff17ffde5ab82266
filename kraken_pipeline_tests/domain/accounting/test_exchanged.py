"""What was given for what: nothing of it is lost, and nothing is told twice."""

from collections import defaultdict
from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.booking import SWAPS, moves_of
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.exchanged import Exchanged, exchanges
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    STEPS,
    USD,
    XBT,
    Step,
    entry,
    explained,
    life,
    terms,
)

PRICES = {XBT: "40000", ETH: "2000"}


def told(some: list[Explained]) -> tuple[Exchanged, ...]:
    return exchanges(some, moves_of(some, terms(PRICES)))


@given(steps=st.lists(STEPS, max_size=20))
@settings(max_examples=40, deadline=None)
def test_what_is_exchanged_adds_up_to_the_ledger(steps: list[Step]) -> None:
    some = life(steps)
    changed: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)

    with localcontext(EXACT):
        for each in told(some):
            changed[str(each.sent_asset)] -= each.sent
            changed[str(each.received_asset)] += each.received
            changed[str(each.fee_asset)] -= each.fee
        for entered in some:
            if entered.cause in SWAPS:
                changed[entered.entry.asset] -= entered.entry.net

    assert set(changed.values()) <= {ZERO}


def test_a_fee_stands_beside_what_was_sent_and_received() -> None:
    [found] = told(
        explained(
            Cause.FILL, entry("USD", "-100", "0.26", name="L1"), entry("XBT", "0.0025", name="L2")
        )
    )

    assert (found.sent_asset, found.sent, found.fee_asset, found.fee) == (
        USD,
        Decimal(100),
        USD,
        Decimal("0.26"),
    )
    assert (found.received_asset, found.received) == (XBT, Decimal("0.0025"))


def test_a_sweep_shares_what_it_brought_by_what_each_rest_was_worth() -> None:
    xbt, eth = told(
        explained(
            Cause.CONVERSION,
            entry("XBT", "-0.0003", name="L1"),
            entry("ETH", "-0.002", name="L2"),
            entry("USD", "16", name="L3"),
        )
    )[::-1]

    assert (xbt.sent_asset, eth.sent_asset) == (XBT, ETH)
    assert (xbt.received, eth.received) == (Decimal(12), Decimal(4))


def test_many_for_many_are_told_one_by_one() -> None:
    found = told(
        explained(
            Cause.CONVERSION,
            entry("XBT", "-1", name="L1"),
            entry("ETH", "-1", name="L2"),
            entry("USD", "30000", name="L3"),
            entry("SOL", "100", name="L4"),
        )
    )

    assert [(each.sent_asset, each.received_asset) for each in found] == [
        (ETH, None),
        (XBT, None),
        (None, Asset("SOL")),
        (None, USD),
    ]


def test_a_deposit_is_no_exchange() -> None:
    assert told(explained(Cause.FLOW, entry("XBT", "1"))) == ()
