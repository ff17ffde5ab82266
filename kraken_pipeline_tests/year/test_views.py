"""Whatever is asked of the books, the answers add up to each other."""

import tempfile
from decimal import Decimal, localcontext
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import View
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.services.books import exports, portfolio
from kraken_pipeline.services.books.holdings import positions_by_asset, positions_by_book
from kraken_pipeline.services.books.portfolio import PortfolioDesk
from kraken_pipeline_tests.year.books import USD, Year, lived

EVER = Days()
NEAR = Decimal("0.001")
"""A share by which two prices of one fee may differ: the trade's own, and its quote's."""


@settings(
    max_examples=3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(1, 10_000), days=st.integers(1, 2), acts_a_day=st.integers(0, 25))
@example(seed=2, days=3, acts_a_day=25)
def test_what_each_view_tells_of_an_account_adds_up_to_what_the_others_tell(
    seed: int, days: int, acts_a_day: int, empty_books: Path
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        lived(Path(folder), seed, acts_a_day=acts_a_day, tables=empty_books) as year,
        localcontext(EXACT),
    ):
        year.live(days)
        desk = _desk(year)

        _what_is_held_is_what_all_is_worth(year, desk)
        _each_period_adds_up_to_the_whole(desk)
        _fees_and_flows_are_those_of_the_profit(desk)
        _trades_are_told_alike_however_they_are_put_down(desk)
        _lots_are_what_was_gained_and_what_is_held(desk)


def _desk(year: Year) -> PortfolioDesk:
    stores = year.desk.stores
    return PortfolioDesk(
        books=stores.books,
        accounts=stores.accounts,
        base_currency=USD,
        method=Method.WAC,
        bases={name: pair.base for name, pair in year.desk.market.listing().pairs.items()},
    )


def _what_is_held_is_what_all_is_worth(year: Year, desk: PortfolioDesk) -> None:
    snapshot = year.desk.stores.books.latest_snapshot()
    assert snapshot is not None
    held = positions_by_asset(desk)
    [whole] = portfolio.pnl(desk, EVER, Period.ALL, method=None, view=View.TRADING)

    assert sum((each.value or ZERO for each in held), ZERO) == snapshot.equity == whole.equity
    for name in ("realised", "unrealised", "income", "fees"):
        assert sum((getattr(each, name) or ZERO for each in held), ZERO) == getattr(whole, name)


def _each_period_adds_up_to_the_whole(desk: PortfolioDesk) -> None:
    for view in View:
        [whole] = portfolio.pnl(desk, EVER, Period.ALL, method=None, view=view)
        days = portfolio.pnl(desk, EVER, Period.DAY, method=None, view=view)

        assert {each.residual for each in (*days, whole)} == {ZERO}
        for name in ("profit", "realised", "unrealised", "income", "fees", "flows"):
            assert sum((getattr(each, name) for each in days), ZERO) == getattr(whole, name), name


def _fees_and_flows_are_those_of_the_profit(desk: PortfolioDesk) -> None:
    [whole] = portfolio.pnl(desk, EVER, Period.ALL, method=None, view=View.TRADING)
    flows = portfolio.flows(desk, EVER)

    def came(cause: Cause) -> Decimal:
        told = [each for each in flows if each.cause == cause.value]
        return sum(((each.value or ZERO) + each.fee for each in told), ZERO)

    assert sum((each.fee for each in portfolio.fees_by_asset(desk, EVER)), ZERO) == whole.fees
    assert came(Cause.FLOW) == whole.flows
    assert came(Cause.REWARD) == whole.income


def _trades_are_told_alike_however_they_are_put_down(desk: PortfolioDesk) -> None:
    trades = portfolio.trades(desk, EVER)
    fees = sum((each.fee * each.quote_rate for each in trades), ZERO)
    traded = sum((each.cost * each.quote_rate for each in trades), ZERO)
    books = positions_by_book(desk)
    realised = sum((each.realised for each in books), ZERO)
    by_pair = portfolio.fees_by_pair(desk, EVER)
    in_ledger = portfolio.fees_by_asset(desk, EVER)
    of_fills = sum((each.fee for each in in_ledger if each.why == Cause.FILL.value), ZERO)

    assert sum((each.fees for each in books), ZERO) == fees
    assert (sum(each.count for each in by_pair), sum((each.fee for each in by_pair), ZERO)) == (
        len(trades),
        fees,
    )
    for shares in portfolio.attributions(desk, EVER).values():
        assert sum(each.fills for each in shares) == len(trades)
        assert sum((each.fees for each in shares), ZERO) == fees
        assert sum((each.traded for each in shares), ZERO) == traded
        assert sum((each.realised for each in shares), ZERO) == realised
    assert abs(of_fills - fees) <= NEAR * fees


def _lots_are_what_was_gained_and_what_is_held(desk: PortfolioDesk) -> None:
    held = {each.asset: each.qty for each in positions_by_asset(desk) if each.asset != USD}
    for method in Method:
        lots = exports.lots(desk, EVER, method)
        for view in View:
            [whole] = portfolio.pnl(desk, EVER, Period.ALL, method=method, view=view)
            gains = [
                each.gain if view is View.TRADING else each.gain_after_fees
                for each in lots
                if each.state != exports.HELD
            ]
            assert sum((each or ZERO for each in gains), ZERO) == whole.realised, (method, view)
        of: dict[str, Decimal] = dict.fromkeys(held, ZERO)
        for each in lots:
            if each.state == exports.HELD:
                of[each.asset] += each.qty
        assert of == held
