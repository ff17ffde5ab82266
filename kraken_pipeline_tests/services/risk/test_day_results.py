"""What strategies had gained when the day began, and the budgets that hang on the day."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.plans import Verdict
from kraken_pipeline.services.risk.day_results import day_began
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import WIDE, Paper


def denied(verdict: Verdict) -> dict[str, str]:
    return {each.code: each.figures for each in verdict.objections}


def test_before_the_first_snapshot_nobody_had_gained_anything(desk: Paper) -> None:
    assert day_began(desk.stores.books, {}, desk.clock()) == {}


def test_what_was_gained_counts_open_positions_at_the_prices_of_then(desk: Paper) -> None:
    desk.planned(qty="0.01")
    desk.submit()
    desk.settle()
    desk.book()
    tomorrow = desk.clock().replace(hour=23) + 2 * (desk.clock() - desk.clock().replace(hour=0))

    found = day_began(desk.stores.books, desk.market.listing().pairs, tomorrow)

    snapshot = desk.stores.books.latest_snapshot()
    assert snapshot is not None
    assert found == {"trend": snapshot.realised + snapshot.unrealised}


def test_what_cannot_be_read_is_not_taken_for_nothing(desk: Paper) -> None:
    def unreadable(at: object) -> object:
        raise StorageError("a test")

    books = overriding(desk.stores.books, snapshot_before=unreadable)
    desk.wants("XBTUSD")

    assert day_began(books, {}, desk.clock()) is None
    assert "CAP_LOSS_STRATEGY" in denied(desk.assess(books=books)["XBTUSD"])


def test_a_strategy_that_lost_too_much_today_opens_no_more_and_another_may(desk: Paper) -> None:
    desk.planned(qty="0.05")
    desk.submit()
    desk.settle()
    desk.book()
    # what it paid in fees is its loss by now
    limits = replace(WIDE, max_daily_loss_per_strategy_pct=Decimal("0.01"))
    desk.wants("ETHUSD")
    desk.wants("XBTUSD", strategy="other")

    verdicts = desk.assess(limits=limits)
    desk.wants("XBTUSD", side=Side.SELL)

    assert list(denied(verdicts["ETHUSD"])) == ["CAP_LOSS_STRATEGY"]
    assert verdicts["XBTUSD"].approved
    assert desk.assess(limits=limits)["XBTUSD"].approved


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("RATE_ORDERS", replace(WIDE, max_orders_per_minute=2)),
        ("RATE_ORDERS_DAY", replace(WIDE, max_orders_per_day=2)),
        ("TURNOVER", replace(WIDE, max_turnover_pct_per_day=Decimal(11))),
        ("CAP_FEES", replace(WIDE, max_fees_pct_per_day=Decimal("0.09"))),
    ],
)
def test_what_was_approved_and_what_was_done_counts_into_the_budgets(
    desk: Paper, code: str, limits: object
) -> None:
    desk.planned(qty="0.01")
    desk.submit()
    desk.settle()
    desk.book()
    desk.wants("ETHUSD", confidence=Decimal("0.2"))
    desk.wants("XBTUSD", strategy="other", confidence=Decimal("0.1"))

    verdicts = desk.assess(limits=limits)

    assert verdicts["ETHUSD"].approved
    assert code in {*denied(verdicts["XBTUSD"]), *verdicts["XBTUSD"].clamped_by}


def test_rates_count_the_minute_and_the_day_that_they_are_of(desk: Paper) -> None:
    desk.planned(qty="0.01")
    desk.turn(seconds=61)
    desk.wants("ETHUSD")

    a_minute = replace(WIDE, max_orders_per_minute=1, max_orders_per_day=2)

    assert desk.assess(limits=a_minute)["ETHUSD"].approved


def test_a_position_that_could_not_be_sold_in_time_is_not_opened(desk: Paper) -> None:
    desk.wants("XBTUSD")
    thin = {"XBTUSD": Habit(notional=Decimal(50), leader=None)}

    found = denied(desk.assess(habits=lambda pairs, now: thin)["XBTUSD"])

    assert found == {"EXIT_TIME": "after=10.00, max=5.00"}


@pytest.mark.parametrize(("leader", "most"), [("XBTUSD", 2_000), ("ETHUSD", 3_000)])
def test_what_moves_as_one_shares_a_cap_and_what_does_not_has_its_own(
    desk: Paper, leader: str, most: int
) -> None:
    leaders = {"XBTUSD": "XBTUSD", "ETHUSD": leader}
    habits = {name: Habit(notional=None, leader=each) for name, each in leaders.items()}
    limits = replace(WIDE, max_per_cluster_pct=Decimal(20))
    for pair in leaders:
        desk.wants(pair, confidence=Decimal("0.3"))

    verdicts = desk.assess(limits=limits, habits=lambda pairs, now: habits)

    assert most - 50 < sum(each.notional for each in verdicts.values()) <= most


def test_a_cap_of_a_pairs_qty_holds_in_whatever_spelling(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(qty_caps={"BTC/USD": Decimal("0.0123")})["XBTUSD"]

    assert (verdict.qty, verdict.clamped_by) == (Decimal("0.0123"), ("CAP_ORDER_QTY",))
