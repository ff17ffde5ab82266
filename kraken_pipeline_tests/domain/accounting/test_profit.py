"""What became of an account in each period is explained to the last digit, and adds up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.periods import Days, Period, divided
from kraken_pipeline.domain.accounting.profit import Mark, Profit, Rules, View, profits
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    START,
    STEPS,
    USD,
    XBT,
    Step,
    entry,
    explained,
    figures,
    life,
    terms,
)

PRICES = {XBT: "47000.1", ETH: "2222.22"}
PARTS = ("profit", "flows", "adjusted", "unexplained", "stated", "uncosted", "residual")


def rules(method: Method = Method.FIFO, view: View = View.TRADING) -> Rules:
    return Rules(method=method, view=view, base_currency=USD)


def priced(at: datetime) -> Mark:
    """Return prices that rise by a percent a day."""
    days = (at - START).days
    prices = {asset: Decimal(price) * (100 + days) / 100 for asset, price in PRICES.items()}
    return Mark(at=at, prices=prices, equity=ZERO)


def as_bought(at: datetime) -> Mark:
    """Return the price at which `bought_and_held` bought."""
    return Mark(at=at, prices={XBT: Decimal(99)}, equity=ZERO)


def span(moves: Sequence[AccountMove]) -> Days:
    return Days(first=moves[0].at.date(), last=moves[-1].at.date() + timedelta(days=1))


def total(found: Sequence[Profit], *names: str) -> Decimal:
    with localcontext(EXACT):
        return sum((getattr(each, name) for each in found for name in names), ZERO)


def bought_and_held() -> list[AccountMove]:
    """Return what 100 dollars less a fee of 1 bought two days after they came."""
    came = explained(Cause.FLOW, entry("USD", "200", name="L0"), event="E0")
    bought = explained(
        Cause.FILL,
        entry("USD", "-99", "1", name="L1", hours=60),
        entry("XBT", "1", name="L2", hours=60),
        event="E1",
    )
    return list(moves_of([*came, *bought], terms({XBT: "99"})))


@pytest.mark.parametrize("view", list(View))
@given(
    steps=st.lists(STEPS, min_size=1, max_size=20),
    method=st.sampled_from(Method),
    period=st.sampled_from(Period),
)
@settings(max_examples=40, deadline=None)
def test_each_change_of_equity_is_explained_and_periods_add_up_to_the_whole(
    steps: list[Step], method: Method, period: Period, view: View
) -> None:
    moves = moves_of(life(steps, gap_hours=30), terms(PRICES))
    days = span(moves)

    found = profits(moves, divided(days, period), priced, rules(method, view))
    [whole] = profits(moves, divided(days, Period.ALL), priced, rules(method, view))

    before = ZERO
    with localcontext(EXACT):
        for each in found:
            assert each.equity is not None
            assert total([each], *PARTS) == each.equity - before
            before = each.equity
    assert whole.equity == before
    assert total(found, "residual") == 0
    for name in ("profit", "realised", "fees", "flows", "income"):
        assert total(found, name) == total([whole], name)


@given(steps=st.lists(STEPS, min_size=1, max_size=15))
@settings(max_examples=30, deadline=None)
def test_both_views_tell_of_the_same_profit(steps: list[Step]) -> None:
    moves = moves_of(life(steps), terms(PRICES))
    parts = divided(span(moves), Period.ALL)

    [trading] = profits(moves, parts, priced, rules())
    [tax] = profits(moves, parts, priced, rules(view=View.TAX))

    assert trading.profit == tax.profit


def test_in_the_tax_view_what_a_purchase_cost_is_in_what_is_held() -> None:
    moves = bought_and_held()
    parts = divided(span(moves), Period.ALL)

    [trading] = profits(moves, parts, as_bought, rules())
    [tax] = profits(moves, parts, as_bought, rules(view=View.TAX))

    assert figures(trading.fees, trading.unrealised) == (1, 0)
    assert figures(tax.fees, tax.unrealised) == (0, -1)


def test_where_prices_are_pruned_a_reading_of_that_day_tells_what_all_was_worth() -> None:
    moves = bought_and_held()

    def read(at: datetime) -> Mark | None:
        # an hour before what is asked for, and only before the purchase
        at = min(at, START + timedelta(hours=47))
        return Mark(at=at, prices={}, equity=Decimal(200))

    came, quiet, bought, after = profits(moves, divided(span(moves), Period.DAY), read, rules())

    assert figures(came.equity, quiet.equity) == (200, 200)
    assert figures(came.profit, came.flows, quiet.profit) == (0, 200, 0)
    assert figures(bought.profit, bought.equity, bought.fees) == (None, None, 1)
    assert after.residual is None


def test_what_moved_after_the_reading_of_a_day_counts_as_what_it_was_worth() -> None:
    moves = bought_and_held()

    def read(at: datetime) -> Mark | None:
        return Mark(at=at.replace(hour=1), prices={}, equity=Decimal(200))

    found = profits(moves, divided(span(moves), Period.DAY), read, rules())

    assert found[2].profit == -1
    assert found[2].residual is None


def test_an_asset_without_a_price_counts_as_its_cost_and_is_named() -> None:
    moves = bought_and_held()

    [found] = profits(
        moves,
        divided(span(moves), Period.ALL),
        lambda at: Mark(at=at, prices={Asset("ETH"): Decimal(1)}, equity=ZERO),
        rules(),
    )

    assert found.incomplete == (XBT,)
    assert found.unrealised == 0


def test_no_period_has_no_profit() -> None:
    assert profits(bought_and_held(), (), priced, rules()) == ()
