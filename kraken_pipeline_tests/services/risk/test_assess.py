"""Assessing: every intent gets an answer, and what is approved is reserved with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kraken_pipeline.domain.errors import InvalidValueError, UnreachableError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Action, Namespace, Target, Unit
from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.market_reports import Depth, Level
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import OrderTerms, Purpose, Trigger, Urgency
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.plans import Verdict
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.market.universe import refresh_universe
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.services.risk.assess import assess
from kraken_pipeline.services.risk.standing import unbooked_fills
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.paper import RULES, WIDE, Paper

Changes = dict[str, Any]  # fields of a desk, whatever their type


def _codes(verdict: Verdict) -> list[str]:
    return [each.code for each in verdict.objections]


def _market(desk: Paper, pair: str, **changes: object) -> Market:
    """Return the market with one ticker changed, or gone where nothing is told."""

    def tickers() -> dict[str, Ticker]:
        now = desk.market.tickers()
        old = now.pop(pair)
        # `replace` refuses a field that is not there, when it runs
        changed = replace(old, **changes)  # type: ignore[arg-type]
        return now | {pair: changed} if changes else now

    return overriding(desk.market, tickers=tickers)


def _listed(desk: Paper, pair: str, **changes: object) -> Market:
    def listing() -> Listing:
        now = desk.market.listing()
        changed: Pair = replace(now.pairs[pair], **changes)  # type: ignore[arg-type]
        return Listing(symbols=now.symbols, pairs=now.pairs | {pair: changed})

    return overriding(desk.market, listing=listing)


def _buy(desk: Paper, pair: str = "XBTUSD", **changes: object) -> Order:
    order = desk.planned(pair, **changes)  # type: ignore[arg-type]
    desk.submit()
    desk.settle()
    desk.book()
    return desk.now_of(order)


def test_without_a_universe_nothing_is_answered(desk: Paper) -> None:
    desk.wants("XBTUSD")
    empty = overriding(desk.stores.universes, latest=lambda: None)

    with pytest.raises(InvalidValueError, match="universe"):
        desk.assess(universes=empty)

    assert len(desk.stores.decisions.pending(Namespace.TRADE)) == 1


def test_with_nothing_pending_nothing_is_read(desk: Paper) -> None:
    def refuse() -> None:
        pytest.fail("the exchange was asked")

    assert desk.assess(market=overriding(desk.market, listing=refuse)) == {}


def test_an_outage_leaves_every_intent_pending(desk: Paper) -> None:
    desk.wants("XBTUSD")

    def tickers() -> None:
        raise UnreachableError("no route")

    with pytest.raises(UnreachableError):
        desk.assess(market=overriding(desk.market, tickers=tickers))

    assert len(desk.stores.decisions.pending(Namespace.TRADE)) == 1


def test_a_buy_is_sized_by_its_stop_priced_within_the_bound_and_reserved(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess()["XBTUSD"]

    assert verdict.approved
    assert verdict.clamped_by == ()
    assert verdict.limit_price == Decimal(50_250)  # 50 basis points over 50,000
    assert verdict.notional <= 5_000 < verdict.notional + Decimal("0.001")  # 1 % of 10,000 / 2 %
    [order] = desk.stores.orders.reserving()
    assert (order.qty, order.limit_price) == (verdict.qty, verdict.limit_price)
    assert order.state is State.PLANNED


def test_a_canary_is_held_to_a_part_of_its_own_caps(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(strategy_caps={"trend": Decimal(20)}, parts={"trend": Decimal("0.1")})[
        "XBTUSD"
    ]

    assert verdict.clamped_by == ("CAP_STRATEGY",)
    assert verdict.notional <= 200  # a tenth of 20 % of 10,000
    usual = desk.risk_desk().limits.max_daily_loss_per_strategy_pct
    told = json.loads(verdict.figures)["caps"]["CAP_LOSS_STRATEGY"]
    assert Decimal(told.split(" of ")[1]) == 10_000 * usual / 100 / 10


def test_who_is_barred_by_its_stage_opens_nothing_and_may_leave(desk: Paper) -> None:
    _buy(desk, qty="0.01")
    desk.wants("ETHUSD")
    desk.wants("XBTUSD", side=Side.SELL)

    told = desk.assess(barred=lambda strategy_id: "stage=retired, money=real")

    assert [each.code for each in told["ETHUSD"].objections] == ["LIFECYCLE"]
    assert told["XBTUSD"].approved


def test_an_intent_is_answered_once(desk: Paper) -> None:
    desk.wants("XBTUSD")
    desk.assess()

    assert desk.assess() == {}
    assert len(desk.stores.orders.reserving()) == 1


def test_reductions_are_answered_first_then_the_surest_the_longest_and_the_most_liquid(
    desk: Paper,
) -> None:
    _buy(desk)
    desk.wants("ETHUSD", confidence=Decimal("0.5"), strategy="a")
    desk.wants("ETHUSD", confidence=Decimal("0.5"), strategy="b", timeframe="4h")
    desk.wants("ETHUSD", confidence=Decimal("0.9"), strategy="c")
    desk.wants("XBTUSD", confidence=Decimal("0.5"), strategy="d")
    desk.wants("XBTUSD", side=Side.SELL)

    pending = desk.stores.decisions.pending(Namespace.TRADE)

    plan = assess(desk.risk_desk(), namespace=Namespace.TRADE, run_id="run")

    assert plan is not None
    order = {each.intent_id: each.strategy_id for each in pending}
    assert [order[each.intent_id] for each in plan.verdicts] == ["trend", "c", "b", "d", "a"]


def test_of_one_pair_what_sells_goes_and_what_would_buy_from_it_waits(desk: Paper) -> None:
    """Each acts on its own book: nothing is netted, and no order of ours meets another (PF-10)."""
    _buy(desk)
    desk.wants("XBTUSD", strategy="other")
    desk.wants("XBTUSD", side=Side.SELL)

    plan = assess(desk.risk_desk(), namespace=Namespace.TRADE, run_id="run")

    assert plan is not None
    sale, buy = plan.verdicts
    assert sale.approved
    assert _codes(buy) == ["SELF_TRADE"]
    assert buy.objections[0].figures == "limit=50250.0, our_sale=49750.0"
    [told] = plan.conflicts
    assert (told.sellers, told.buyers) == (("trend@1h",), ("other@1h",))


def test_a_buy_below_what_we_sell_at_meets_nothing(desk: Paper) -> None:
    bought = _buy(desk)
    desk.planned(qty=str(bought.filled_qty), limit="51000", side=Side.SELL)
    desk.submit()
    desk.wants("XBTUSD", strategy="other")

    assert _codes(desk.assess()["XBTUSD"]) == []


def test_a_stop_that_waits_at_the_exchange_is_in_nobodys_way(desk: Paper) -> None:
    bought = _buy(desk)
    stop = Trigger(price=Price(Decimal(49_000)))
    desk.planned(
        qty=str(bought.filled_qty),
        limit="48000",
        side=Side.SELL,
        order_type="stop-loss",
        trigger=stop,
        purpose=Purpose.PROTECT,
    )
    desk.submit()
    desk.wants("XBTUSD", strategy="other")

    assert _codes(desk.assess()["XBTUSD"]) == []


def test_a_sale_that_meets_a_resting_buy_of_ours_goes_on(desk: Paper) -> None:
    bought = _buy(desk)
    rests = desk.planned(limit="50000", strategy_id="other", post_only=True)
    desk.submit()
    assert desk.now_of(rests).state is State.LIVE
    desk.wants("XBTUSD", side=Side.SELL)
    assert desk.assess()["XBTUSD"].approved

    desk.submit()
    desk.settle()

    assert desk.now_of(rests).state is State.CANCELED
    [sold] = [each for each in desk.stores.orders.with_exchange_ids(_sold(desk)) if each.filled_qty]
    assert sold.filled_qty == bought.filled_qty


def _sold(desk: Paper) -> list[str]:
    desk.book()
    fills = desk.stores.books.fills_after(None)
    return [each.kraken_order_id for each in fills if each.side is Side.SELL]


def _halted(kind: HaltKind) -> Callable[[Paper], Changes]:
    def latch(desk: Paper) -> Changes:
        desk.stores.halts.latch(kind, reason="a test", at=desk.clock(), by="me")
        return {}

    return latch


def _limited(**changes: object) -> Callable[[Paper], Changes]:
    return lambda desk: {"limits": replace(WIDE, **changes)}  # type: ignore[arg-type]


def _stale(desk: Paper) -> Changes:
    desk.turn(seconds=601)
    desk.wants("XBTUSD", strategy="later")
    return {}


def _leaving(desk: Paper) -> Changes:
    rules = replace(RULES, exclude=frozenset({"BTC/USD"}))
    refresh_universe(desk.universe_desk(rules=rules))
    return {}


def _unpriced(desk: Paper) -> Changes:
    snapshot = desk.stores.books.latest_snapshot()
    assert snapshot is not None
    [dollars] = snapshot.valuations
    blind = replace(snapshot, valuations=(replace(dollars, price=None),))
    return {"books": overriding(desk.stores.books, latest_snapshot=lambda: blind)}


def _unknown(desk: Paper) -> Changes:
    desk.planned(strategy_id="other")
    desk.submit(gateway=Lossy(desk.trader, arrives=False))
    return {}


def _open_alike(desk: Paper) -> Changes:
    desk.planned(limit="49000")
    desk.submit()
    return {}


def _poor(desk: Paper) -> Changes:
    desk.planned("ETHUSD", "3.966", "2500")
    return {}


DENIALS: dict[str, Callable[[Paper], Changes]] = {
    "KILL_MANUAL": _halted(HaltKind.OPERATOR),
    "KILL_DRAWDOWN": _halted(HaltKind.DRAWDOWN),
    "KILL_DRIFT": _halted(HaltKind.DRIFT),
    "HALTED": lambda desk: {"panic_is_latched": True},
    "DATA_STALE_EVENT": lambda desk: {"market": _market(desk, "XBTUSD")},
    "DATA_CONTENT": lambda desk: {"market": _market(desk, "XBTUSD", bid=Price(Decimal(0)))},
    "SYNC_STALE": _stale,
    "NAV_COVERAGE": _unpriced,
    "SYSTEM_STATUS": lambda desk: {
        "market": overriding(desk.market, system_status=lambda: "maintenance")
    },
    "PAIR_STATUS": lambda desk: {"market": _listed(desk, "XBTUSD", status="cancel_only")},
    "UNIVERSE": _leaving,
    "LIQUIDITY": _limited(min_liquidity_24h=Decimal(10**12)),
    "SPREAD": _limited(max_spread_bps=Decimal("0.1")),
    "PRICE_BAND": lambda desk: {"market": _market(desk, "XBTUSD", ask=Price(Decimal(50_251)))},
    "UNKNOWN_ORDER": _unknown,
    "DUPLICATE_INTENT": _open_alike,
    "FUNDS": _poor,
    "MIN_QTY": _limited(max_risk_per_trade_pct=Decimal("0.0001")),
    "DEPTH": _limited(max_order_pct_of_24h_volume=Decimal("0.000001")),
    "CAP_PAIR": _limited(max_pair_notional=Decimal(5)),
    "CAP_ASSET": _limited(max_per_asset_pct=Decimal("0.01")),
    "CAP_STRATEGY": _limited(max_per_strategy_pct=Decimal("0.01")),
    "CAP_GROSS": _limited(max_gross_exposure_pct=Decimal("0.01")),
    "CAP_TOTAL": _limited(max_total_notional=Decimal(5)),
    "CAP_STOP_RISK": _limited(max_portfolio_stop_risk_pct=Decimal("0.0001")),
    "CAP_POSITIONS": _limited(max_open_positions=0),
}


@pytest.mark.parametrize("code", DENIALS)
def test_a_buy_is_denied_with_the_code_of_what_stands_against_it(desk: Paper, code: str) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(**DENIALS[code](desk))["XBTUSD"]

    assert code in _codes(verdict)
    assert not verdict.approved
    assert verdict.intent_id not in {each.intent_id for each in desk.stores.orders.reserving()}


@pytest.mark.parametrize(
    "code",
    sorted(
        {"KILL_MANUAL", "KILL_DRAWDOWN", "KILL_DRIFT", "HALTED", "DATA_STALE_EVENT", "SPREAD"}
        | {"NAV_COVERAGE", "UNIVERSE", "LIQUIDITY", "CAP_GROSS", "CAP_POSITIONS", "DATA_CONTENT"}
    ),
)
def test_inv_7_what_stops_a_buy_lets_the_exit_go(desk: Paper, code: str) -> None:
    bought = _buy(desk)
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = (
        desk.assess(**DENIALS[code](desk))["XBTUSD"]
        if code != "NAV_COVERAGE"
        else (desk.assess(books=_no_snapshot(desk))["XBTUSD"])
    )

    assert verdict.approved
    assert verdict.qty == bought.qty


def _no_snapshot(desk: Paper) -> object:
    return overriding(desk.stores.books, latest_snapshot=lambda: None)


def test_without_a_snapshot_nothing_is_opened(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(books=_no_snapshot(desk))["XBTUSD"]

    assert "NAV_COVERAGE" in _codes(verdict)


def test_an_intent_whose_horizon_is_over_is_denied(desk: Paper) -> None:
    desk.wants("XBTUSD", expires_at=desk.clock())

    assert _codes(desk.assess()["XBTUSD"]) == ["INTENT_EXPIRED"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decision_price": Decimal(0)}, "TICK"),
        ({"decision_price": Decimal("0.01")}, "TICK"),
        ({"stop_distance": Decimal(0)}, "BAD_INTENT"),
    ],
)
def test_an_intent_that_makes_no_sense_is_denied_and_the_others_are_answered(
    desk: Paper, changes: Changes, code: str
) -> None:
    desk.wants("XBTUSD", **changes)
    desk.wants("ETHUSD", strategy="other")

    verdicts = desk.assess()

    assert _codes(verdicts["XBTUSD"]) == [code]
    assert verdicts["ETHUSD"].approved


def test_a_pair_that_is_not_listed_is_denied(desk: Paper) -> None:
    desk.wants("NOSUCHUSD")

    assert _codes(desk.assess()["NOSUCHUSD"]) == ["BAD_INTENT"]


def test_an_intent_that_was_decided_during_the_look_waits_for_its_own(desk: Paper) -> None:
    desk.wants("XBTUSD")

    def status() -> str:
        desk.wants("ETHUSD", strategy="late")
        return "online"

    answered = desk.assess(market=overriding(desk.market, system_status=status))

    assert set(answered) == {"XBTUSD"}
    assert desk.assess()["ETHUSD"].approved


@pytest.mark.parametrize(
    ("changes", "code", "notional"),
    [
        ({"max_pair_notional": Decimal(1_000)}, "CAP_PAIR", 1_000),
        ({"max_total_notional": Decimal(1_500)}, "CAP_TOTAL", 1_500),
        ({"max_per_asset_pct": Decimal(5)}, "CAP_ASSET", 500),
        ({"max_gross_exposure_pct": Decimal(10)}, "CAP_GROSS", 1_000),
    ],
)
def test_a_buy_is_clamped_to_what_a_cap_leaves_fees_included(
    desk: Paper, changes: Changes, code: str, notional: int
) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(limits=replace(WIDE, **changes))["XBTUSD"]

    assert verdict.approved
    assert verdict.clamped_by == (code,)
    worst = verdict.notional * Decimal("1.008")
    assert worst <= notional < worst + Decimal("0.001")


def test_a_strategy_has_the_cap_of_its_name(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(strategy_caps={"trend": Decimal(2)})["XBTUSD"]

    assert verdict.clamped_by == ("CAP_STRATEGY",)


def test_exhausted_cash_clamps_and_then_denies(desk: Paper) -> None:
    for name in ("a", "b", "c"):
        desk.wants("XBTUSD", strategy=name, confidence=Decimal(1))

    plan = assess(desk.risk_desk(), namespace=Namespace.TRADE, run_id="run")

    assert plan is not None
    first, second, third = plan.verdicts
    assert (first.approved, second.approved, third.approved) == (True, True, False)
    assert "FUNDS" in second.clamped_by
    assert "FUNDS" in _codes(third)
    needed = sum(each.qty * each.limit_price for each in desk.stores.orders.reserving())
    assert needed * Decimal("1.008") <= 10_000


def test_another_quote_is_valued_in_the_base_currency_and_paid_in_its_own(desk: Paper) -> None:
    euros = desk.exchange.market.listing.asset("ZEUR")
    assert euros is not None
    desk.exchange.deposit(euros, Decimal(500))
    desk.book()
    rules = replace(RULES, include=frozenset({"XBTEUR"}))
    refresh_universe(desk.universe_desk(rules=rules))
    desk.wants("XBTEUR")

    verdict = desk.assess()["XBTEUR"]

    assert verdict.approved
    assert verdict.clamped_by == ("FUNDS",)
    assert verdict.limit_price is not None
    cost = verdict.qty * verdict.limit_price
    assert cost * Decimal("1.008") <= 500 < cost * Decimal("1.008") + Decimal("0.001")
    assert verdict.notional > cost


def test_a_quote_that_nothing_prices_opens_nothing(desk: Paper) -> None:
    desk.wants("XBTEUR")
    market = _market(desk, "XBTEUR", bid=Price(Decimal(0)), ask=Price(Decimal(0)))

    verdict = desk.assess(market=market)["XBTEUR"]

    assert not verdict.approved
    assert verdict.qty == 0
    assert {"LIQUIDITY", "DATA_CONTENT", "MIN_QTY"} <= set(_codes(verdict))


def test_a_sell_takes_what_the_book_holds_rounded_down_to_the_lot(desk: Paper) -> None:
    bought = _buy(desk)
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess(market=_listed(desk, "XBTUSD", lot=Decimal("0.003")))["XBTUSD"]

    assert verdict.approved
    assert verdict.qty == Decimal("0.009") < bought.qty


def _target(unit: Unit, amount: str) -> Target:
    return Target(unit=unit, amount=Decimal(amount))


@pytest.mark.parametrize(
    ("unit", "amount", "whole"),
    [
        (Unit.QTY, "0.015", Decimal("0.015")),
        (Unit.WEIGHT, "0.06", Decimal(600) / 50_250),
        (Unit.NOTIONAL, "600", Decimal(600) / 50_250),
    ],
)
def test_a_buy_goes_up_to_its_target_and_counts_what_is_held(
    desk: Paper, unit: Unit, amount: str, whole: Decimal
) -> None:
    bought = _buy(desk)
    desk.wants("XBTUSD", action=Action.INCREASE, target=_target(unit, amount))

    verdict = desk.assess()["XBTUSD"]

    assert verdict.approved, verdict.objections
    # the weight is of an equity that the first buy has left a little smaller
    assert whole - Decimal("0.0001") < verdict.qty + bought.filled_qty <= whole


def test_what_is_on_order_counts_towards_a_target(desk: Paper) -> None:
    desk.planned(qty="0.01", limit="40000", strategy_id="trend")
    desk.wants("XBTUSD", target=_target(Unit.QTY, "0.015"))

    verdict = desk.assess()["XBTUSD"]

    assert (_codes(verdict), verdict.qty) == (["DUPLICATE_INTENT"], Decimal("0.005"))


def test_a_target_that_is_reached_already_buys_nothing(desk: Paper) -> None:
    _buy(desk)
    desk.wants("XBTUSD", action=Action.INCREASE, target=_target(Unit.QTY, "0.005"))

    verdict = desk.assess()["XBTUSD"]

    assert _codes(verdict) == ["MIN_QTY"]
    assert verdict.qty == 0


def test_a_cap_holds_a_target_down_as_any_buy(desk: Paper) -> None:
    desk.wants("XBTUSD", target=_target(Unit.WEIGHT, "1"))

    verdict = desk.assess(limits=replace(WIDE, max_per_asset_pct=Decimal(5)))["XBTUSD"]

    assert verdict.approved
    assert "CAP_ASSET" in verdict.clamped_by
    assert verdict.notional <= 500


def test_a_reduction_sells_down_to_its_target(desk: Paper) -> None:
    bought = _buy(desk)
    desk.wants("XBTUSD", action=Action.REDUCE, target=_target(Unit.QTY, "0.004"))

    verdict = desk.assess()["XBTUSD"]

    assert verdict.approved
    assert verdict.qty == bought.qty - Decimal("0.004")


def test_a_reduction_leaves_no_dust(desk: Paper) -> None:
    bought = _buy(desk)
    desk.wants("XBTUSD", action=Action.REDUCE, target=_target(Unit.QTY, "0.00001"))

    assert desk.assess()["XBTUSD"].qty == bought.qty


def test_a_reduction_to_more_than_is_held_sells_nothing(desk: Paper) -> None:
    _buy(desk)
    desk.wants("XBTUSD", action=Action.REDUCE, target=_target(Unit.QTY, "1"))

    verdict = desk.assess()["XBTUSD"]

    assert set(_codes(verdict)) == {"NOT_OWNED", "MIN_QTY"}
    assert verdict.qty == 0


def test_u_fun_4_dust_is_not_sold_and_does_not_loop(desk: Paper) -> None:
    _buy(desk)
    for _ in range(2):
        desk.wants("XBTUSD", side=Side.SELL)
        verdict = desk.assess(market=_listed(desk, "XBTUSD", min_qty=Decimal("0.02")))["XBTUSD"]
        assert _codes(verdict) == ["MIN_QTY"]

    assert desk.stores.orders.reserving() == ()


def test_a_strategy_cannot_sell_what_another_holds(desk: Paper) -> None:
    _buy(desk, strategy_id="other")
    desk.wants("XBTUSD", side=Side.SELL)

    assert set(_codes(desk.assess()["XBTUSD"])) == {"NOT_OWNED", "MIN_QTY"}


def test_f_mon_10_a_strategy_cannot_sell_what_was_sold_by_hand(desk: Paper) -> None:
    _buy(desk)
    fields = {"ordertype": "market", "type": "sell", "volume": "0.006", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)
    desk.book()
    desk.wants("XBTUSD", side=Side.SELL)

    assert desk.assess()["XBTUSD"].qty == Decimal("0.004")


def test_what_is_being_sold_is_not_sold_again(desk: Paper) -> None:
    _buy(desk)
    desk.planned(side=Side.SELL, limit="51000", strategy_id="trend")
    desk.submit()
    desk.wants("XBTUSD", side=Side.SELL)

    assert "DUPLICATE_INTENT" in _codes(desk.assess()["XBTUSD"])


def test_what_was_sold_and_is_not_booked_yet_is_not_sold_from_anothers_book(desk: Paper) -> None:
    _buy(desk)
    _buy(desk, strategy_id="other")
    desk.planned(side=Side.SELL, limit="49800")
    desk.submit()
    desk.settle()
    desk.wants("XBTUSD", side=Side.SELL)

    assert "NOT_OWNED" in _codes(desk.assess()["XBTUSD"])


def test_f_mon_9_a_sale_that_is_booked_as_a_persons_is_not_sold_again(desk: Paper) -> None:
    _buy(desk)
    sold = desk.planned(side=Side.SELL, limit="49800")
    desk.submit()
    desk.settle()
    # as while nobody knew yet whose order it was
    [bought] = desk.stores.books.fills_after(None)
    known = desk.now_of(sold).kraken_order_id
    fill = replace(bought, kraken_order_id=known or "", book=MANUAL)
    books = overriding(desk.stores.books, fills_after=lambda at: (fill,))

    [[order, missing]] = unbooked_fills(desk.stores.orders, books, ())

    assert (order.local_id, missing) == (sold.local_id, sold.qty)


def test_inv_6_what_was_bought_and_is_not_booked_yet_counts_in_every_cap(desk: Paper) -> None:
    desk.planned(strategy_id="trend", qty="0.1")
    desk.submit()
    desk.settle()
    desk.wants("XBTUSD", timeframe="4h")

    verdict = desk.assess(limits=replace(WIDE, max_pair_notional=Decimal(6_000)))["XBTUSD"]

    assert verdict.clamped_by[0] == "CAP_PAIR"
    assert verdict.notional < 1_000
    for figure in ("exposure_pair", "exposure_strategy", "exposure_gross"):
        assert f'"{figure}":"5055.15"' in verdict.figures
    assert '"stop_risk":"101.103"' in verdict.figures


def test_coins_of_nobodys_order_count_in_the_caps_of_their_asset(desk: Paper) -> None:
    bitcoin = desk.exchange.market.listing.asset("XXBT")
    assert bitcoin is not None
    desk.exchange.deposit(bitcoin, Decimal("0.1"))
    desk.book()
    desk.wants("XBTUSD")

    verdict = desk.assess(limits=replace(WIDE, max_per_asset_pct=Decimal(20)))["XBTUSD"]

    assert "CAP_ASSET" in _codes(verdict)


def test_open_orders_of_other_pairs_count_with_their_fees(desk: Paper) -> None:
    desk.planned("ETHUSD", "1", "2500")
    desk.wants("XBTUSD")

    assert '"exposure_gross":"2520"' in desk.assess()["XBTUSD"].figures


def test_research_has_nothing_to_assess(desk: Paper) -> None:
    desk.wants("XBTUSD", namespace=Namespace.RESEARCH)

    assert assess(desk.risk_desk(), namespace=Namespace.RESEARCH, run_id="run") is None


def test_a_rehearsal_takes_no_room_from_trading(desk: Paper) -> None:
    desk.wants("XBTUSD", namespace=Namespace.REHEARSAL)
    assess(desk.risk_desk(), namespace=Namespace.REHEARSAL, run_id="run")
    desk.wants("XBTUSD")

    verdict = desk.assess(limits=replace(WIDE, max_pair_notional=Decimal(5_100)))["XBTUSD"]

    assert verdict.approved
    assert verdict.clamped_by == ()


def test_base_currency_is_no_position(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(base_currency=Asset("USD"))["XBTUSD"]

    assert '"positions":0' in verdict.figures


def test_a_plan_that_is_answered_is_noted_as_unfinished(desk: Paper) -> None:
    desk.wants("XBTUSD")
    desk.assess()

    [result] = desk.stores.orders.unfinished_plans()
    assert (result.status, result.summary) == ("assessed", "1 intents, 1 approved")


def test_orders_live_no_longer_than_their_wish(desk: Paper) -> None:
    [intent] = desk.wants("XBTUSD", expires_at=desk.clock() + timedelta(minutes=7))
    desk.assess()

    [order] = desk.stores.orders.reserving()
    assert order.expires_at == intent.expires_at


def _post_only(desk: Paper) -> Changes:
    return {"style": replace(desk.risk_desk().style, post_only=True)}


def test_a_post_only_sell_asks_no_less_than_the_best_ask(desk: Paper) -> None:
    _buy(desk)
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess(**_post_only(desk))["XBTUSD"]

    assert verdict.limit_price == desk.market.tickers()["XBTUSD"].ask
    assert desk.submit() == {State.LIVE: 1}


def test_a_post_only_buy_bids_no_more_than_the_best_bid(desk: Paper) -> None:
    desk.wants("XBTUSD")

    verdict = desk.assess(**_post_only(desk))["XBTUSD"]

    assert verdict.limit_price == desk.market.tickers()["XBTUSD"].bid
    assert desk.submit() == {State.LIVE: 1}


def test_a_post_only_order_in_a_market_without_bids_is_answered(desk: Paper) -> None:
    desk.wants("XBTUSD")
    market = _market(desk, "XBTUSD", bid=Price(Decimal(0)))

    assert "DATA_CONTENT" in _codes(desk.assess(market=market, **_post_only(desk))["XBTUSD"])


def _deep(desk: Paper, *asks: tuple[int, str]) -> Market:
    """Return the market with a book of our making, counting who asks for it."""
    levels = tuple(Level(price=Price(Decimal(at)), qty=Qty(Decimal(qty))) for at, qty in asks)

    def depth(pair: Pair) -> Depth:
        return Depth(pair=pair.name, bids=(), asks=levels)

    return overriding(desk.market, depth=depth)


def test_oms_5_what_is_urgent_goes_as_deep_as_all_of_it_needs_and_does_not_rest(
    desk: Paper,
) -> None:
    desk.wants("XBTUSD", terms=OrderTerms(urgency=Urgency.URGENT))
    book = _deep(desk, (50_001, "0.04"), (50_100, "0.05"), (50_150, "0.5"), (50_900, "9"))

    verdict = desk.assess(market=book)["XBTUSD"]

    [order] = desk.stores.orders.reserving()
    assert (order.limit_price, order.time_in_force) == (Decimal(50_150), "IOC")
    assert verdict.qty == order.qty == Decimal("0.09950248")


def test_rsk_3_an_urgent_buy_takes_no_more_than_its_share_of_what_the_book_shows(
    desk: Paper,
) -> None:
    desk.wants("XBTUSD", terms=OrderTerms(urgency=Urgency.URGENT))

    verdict = desk.assess(market=_deep(desk, (50_001, "0.02"), (50_250, "0.02"), (50_251, "9")))

    found = verdict["XBTUSD"]
    assert found.clamped_by[0] == "DEPTH_VISIBLE"
    assert Decimal("0.0199") < found.qty <= Decimal("0.02")


def test_the_depth_is_asked_for_what_is_urgent_alone(desk: Paper) -> None:
    desk.wants("XBTUSD")

    def refuse(pair: Pair) -> Depth:
        pytest.fail(f"asked for the book of {pair.name}")

    assert desk.assess(market=overriding(desk.market, depth=refuse))["XBTUSD"].approved


def test_a_strategy_has_orders_of_its_own_style(desk: Paper) -> None:
    passive = replace(desk.risk_desk().style, urgency=Urgency.PASSIVE)
    desk.wants("XBTUSD", strategy="shy", confidence=Decimal("0.1"))
    desk.wants("ETHUSD", strategy="bold", confidence=Decimal("0.1"))

    verdicts = desk.assess(strategy_styles={"shy": passive})

    assert verdicts["XBTUSD"].limit_price == desk.market.tickers()["XBTUSD"].bid
    assert verdicts["ETHUSD"].limit_price == Decimal("2512.5")


def test_words_of_a_wish_that_do_not_go_together_deny_it(desk: Paper) -> None:
    terms = OrderTerms(urgency=Urgency.PASSIVE, time_in_force="IOC")
    desk.wants("XBTUSD", terms=terms)

    assert _codes(desk.assess()["XBTUSD"]) == ["BAD_INTENT"]
