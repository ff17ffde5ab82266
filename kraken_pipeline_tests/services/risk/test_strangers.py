"""Orders of the account that are not ours: told apart, and counted before anything is approved."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.risk.strangers import ours_among, strangers_among
from kraken_pipeline_tests.builders import limits
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.paper import WIDE, Paper

FAR_OFF = {"ordertype": "limit", "type": "buy", "pair": "XBTUSD", "price": "40000"}


def by_hand(desk: Paper, volume: str = "0.01", **fields: str) -> None:
    """Place an order as a person does on the exchange's site."""
    desk.call("AddOrder", {**FAR_OFF, "volume": volume, **fields})


def resting_sizes(desk: Paper) -> list[Decimal]:
    """Return the qty of each order that is taken for somebody else's."""
    reports = desk.account.open_orders()
    return [each.qty for each in strangers_among(desk.stores.orders, reports)]


def test_an_order_is_ours_by_krakens_id_or_by_the_one_that_we_gave_it(desk: Paper) -> None:
    known = desk.planned(limit="49500")
    desk.submit()
    unheard = desk.planned("ETHUSD", "0.1", "2475")
    desk.submit(gateway=Lossy(desk.trader))
    by_hand(desk, "0.02")

    ours = ours_among(desk.stores.orders, desk.account.open_orders())

    names = {None if each is None else each.local_id for each in ours.values()}
    assert names == {known.local_id, unheard.local_id}
    assert resting_sizes(desk) == [Decimal("0.02")]


def test_what_kraken_placed_for_a_fill_of_ours_is_no_strangers(desk: Paper) -> None:
    order = desk.planned(limit="49500")
    assert desk.submit() == {State.LIVE: 1}
    [shown] = desk.account.open_orders()
    child = replace(shown, kraken_order_id="OCHILD", cl_ord_id=None)
    parent = desk.now_of(order).kraken_order_id

    adopted = replace(child, parent_id=parent)

    assert strangers_among(desk.stores.orders, [adopted]) == []
    assert strangers_among(desk.stores.orders, [child]) == [child]


def clamped(desk: Paper, *, max_usd: int) -> tuple[Decimal, tuple[str, ...]]:
    """Return what a buy is approved at, in USD, and which caps made it smaller."""
    desk.wants("XBTUSD")
    bounds = replace(WIDE, max_pair_notional=Decimal(max_usd))
    verdict = desk.assess(limits=bounds)["XBTUSD"]
    return verdict.notional, verdict.clamped_by


def test_a_buy_of_somebody_elses_takes_its_part_of_every_cap(desk: Paper) -> None:
    by_hand(desk, "0.02")

    notional, by = clamped(desk, max_usd=1_000)

    assert by == ("CAP_PAIR",)
    assert 180 < notional < 200


def test_what_it_filled_already_is_counted_once(desk: Paper) -> None:
    by_hand(desk, "0.02")
    [shown] = desk.account.open_orders()
    half = replace(shown, filled_qty=Qty(shown.qty / 2))
    account = overriding(desk.account, open_orders=lambda cl_ord_id=None: (half,))
    desk.wants("XBTUSD")

    bounds = replace(WIDE, max_pair_notional=Decimal(1_000))
    verdict = desk.assess(limits=bounds, account=account)["XBTUSD"]

    assert 580 < verdict.notional < 600


def test_without_a_limit_it_counts_at_the_market(desk: Paper) -> None:
    by_hand(desk, "0.02", ordertype="stop-loss", price="55000")

    notional, _ = clamped(desk, max_usd=2_000)

    # at the trigger, which is above the market
    assert 880 < notional < 900


def test_a_sell_of_somebody_elses_adds_nothing(desk: Paper) -> None:
    by_hand(desk, "0.02", price="60000")
    desk.book()
    by_hand(desk, "0.02", type="sell", price="70000")
    assert len(resting_sizes(desk)) == 1

    notional, _ = clamped(desk, max_usd=2_000)

    # only the coins that were bought by hand count
    assert 980 < notional < 1_000


def test_where_nothing_is_held_nobody_asks_for_open_orders(desk: Paper) -> None:
    def refuse(*asked: object) -> None:
        pytest.fail("there can be none")

    desk.wants("XBTUSD")
    account = overriding(desk.account, open_orders=refuse)

    assert desk.assess(account=account, limits=limits())["XBTUSD"].pair == "XBTUSD"
