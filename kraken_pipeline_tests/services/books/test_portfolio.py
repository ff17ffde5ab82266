"""The portfolio as people read it: what is not known is left out, never taken for zero."""

from datetime import date
from decimal import Decimal

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.periods import Days, Period
from kraken_pipeline.domain.accounting.profit import View
from kraken_pipeline.services.books import exports, portfolio
from kraken_pipeline_tests.domain.accounting.lives import XBT, entry, explained, figures, terms
from kraken_pipeline_tests.services.kept import Kept, came, desk, ended, read, valued

EVER = Days()


def test_where_snapshots_are_pruned_the_day_says_what_all_was_worth() -> None:
    kept = Kept(
        snapshots=(read(60, valued(XBT, "1", "180")),),
        days=(ended(0, unit_price="1", equity="110"), ended(1, unit_price="1", equity="130")),
        moves=came("XBT", "1", hours=1, name="L1"),
    )

    told = portfolio.pnl(desk(kept), EVER, Period.DAY, method=None, view=View.TRADING)

    assert [each.profit for each in told] == [10, 20, 50]
    assert [each.residual for each in told] == [None, None, None]
    [whole] = portfolio.pnl(desk(kept), EVER, Period.ALL, method=None, view=View.TRADING)
    assert figures(whole.profit, whole.flows, whole.residual) == (80, 100, 0)


def test_profit_ends_with_what_was_last_read_and_begins_with_the_first_move() -> None:
    kept = Kept(
        snapshots=(read(60, valued(XBT, "1", "180")),),
        moves=came("XBT", "1", hours=1, name="L1"),
    )

    told = portfolio.pnl(desk(kept), EVER, Period.DAY, method=None, view=View.TRADING)
    after = Days(first=date(2027, 1, 1))

    assert [each.period for each in told] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert portfolio.pnl(desk(kept), after, Period.DAY, method=None, view=View.TRADING) == ()


def test_a_day_shows_how_far_the_unit_price_fell_from_its_highest_ever() -> None:
    kept = Kept(days=(ended(0, unit_price="1.5", equity="0"), ended(1, unit_price="1", equity="8")))

    first, second = portfolio.curve(desk(kept), EVER)

    assert figures(first.gained, first.fallen, first.exposed) == (
        Decimal("0.5"),
        Decimal("0.25"),
        None,
    )
    assert figures(second.gained, second.fallen, second.deepest) == (
        0,
        Decimal("0.5"),
        Decimal("0.75"),
    )
    assert second.exposed == Decimal("0.25")
    assert portfolio.curve(desk(kept), Days(last=first.day)) == (first,)


def test_of_a_sale_the_lots_are_told_that_went_and_that_stay() -> None:
    sold = explained(
        Cause.FILL,
        entry("XBT", "-1.5", name="L3", hours=50),
        entry("USD", "300", "3", name="L4", hours=50),
        event="E3",
    )
    kept = Kept(
        moves=(
            *came("XBT", "1", hours=1, name="L1"),
            *came("XBT", "1", hours=2, name="L2"),
            *moves_of(sold, terms()),
        )
    )

    first, second, left = exports.lots(desk(kept), EVER, Method.FIFO)
    before = exports.lots(desk(kept), Days(last=date(2026, 1, 2)), Method.FIFO)
    after = exports.lots(desk(kept), Days(first=date(2026, 1, 4)), Method.FIFO)

    assert figures(first.lot_id, first.qty, first.gain, first.gain_after_fees) == ("L1", 1, 100, 98)
    assert figures(second.lot_id, second.gain, second.held_days) == ("L2", 50, 2)
    assert figures(left.state, left.qty, left.disposed_at) == ("held", Decimal("0.5"), None)
    assert [each.state for each in before] == ["held", "held"]
    assert after == (left,)
