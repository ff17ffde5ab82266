"""Books: what the ledger adds up to, whose each fill is, and what everything is worth."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from kraken_pipeline.domain.errors import ConflictError, UnreachableError
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.orders import Event, Order, State
from kraken_pipeline.domain.reports import Balance, Listing
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper


def _bought(desk: Paper, pair: str = "XBTUSD", qty: str = "0.01", limit: str = "50250") -> Order:
    order = desk.planned(pair, qty, limit)
    desk.submit()
    desk.settle()
    desk.book()
    return desk.now_of(order)


def _deposit(desk: Paper, asset: str, amount: str) -> None:
    found = desk.exchange.market.listing.asset(asset)
    assert found is not None
    desk.exchange.deposit(found, Decimal(amount))


def _without(desk: Paper, *pairs: str) -> Market:
    """Return the market as it is without tickers of some pairs."""

    def tickers() -> dict[str, Ticker]:
        return {name: each for name, each in desk.market.tickers().items() if name not in pairs}

    return overriding(desk.market, tickers=tickers)


def _delisted(desk: Paper, pair: str) -> Market:
    def listing() -> Listing:
        now = desk.market.listing()
        pairs = {name: each for name, each in now.pairs.items() if name != pair}
        return Listing(symbols=now.symbols, pairs=pairs)

    return overriding(desk.market, listing=listing)


def test_an_untouched_account_is_worth_its_cash_and_adds_up(desk: Paper) -> None:
    booked = desk.book()

    assert (booked.fills, booked.settled) == (0, 0)
    assert booked.snapshot.equity == booked.snapshot.cash == 10_000
    assert booked.snapshot.unit_price == 1
    assert booked.snapshot.drift == {}


def test_a_fill_moves_position_ledger_and_order_together(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()

    booked = desk.book()

    assert (booked.fills, booked.entries, booked.settled) == (1, 2, 1)
    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}
    assert booked.snapshot.drift == {}
    assert desk.balances_agree()
    assert desk.stores.orders.unmatched() == ()


def test_a_second_pass_finds_nothing_new(desk: Paper) -> None:
    _bought(desk)

    again = desk.book()

    assert (again.fills, again.entries, again.settled) == (0, 0, 0)


def test_a_quiet_look_asks_for_balances_and_ledger_once(desk: Paper) -> None:
    _bought(desk)
    asked = []

    def counted() -> dict[str, Balance]:
        asked.append("balances")
        return desk.account.balances()

    def fills(since: datetime | None) -> NoReturn:
        raise AssertionError(f"the fills since {since} are known")

    booked = desk.book(account=overriding(desk.account, balances=counted, trades=fills))

    assert asked == ["balances"]
    assert booked.snapshot.drift == {}


def _counting(desk: Paper, asked: Counter[str]) -> dict[str, Any]:
    """Return what reads the account, each request counted by its method."""

    def counted(method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def ask(**given: object) -> object:
            asked[method] += 1
            return call(**given)

        return ask

    account, usual = desk.account, desk.book_desk()
    return {
        "account": overriding(
            account,
            balances=counted("BalanceEx", account.balances),
            ledger=counted("Ledgers", account.ledger),
            trades=counted("TradesHistory", account.trades),
        ),
        "long_ledger": replace(usual.long_ledger, pages=counted("Ledgers", account.ledger_page)),
        "long_trades": replace(
            usual.long_trades, pages=counted("TradesHistory", account.trades_page)
        ),
    }


@pytest.mark.parametrize("hours", [1, 50])
def test_pf_1_an_account_in_which_nothing_is_new_costs_one_request_of_each_kind(
    hours: int, desk: Paper
) -> None:
    _bought(desk)
    desk.turn(hours=hours)
    asked: Counter[str] = Counter()

    booked = desk.book(**_counting(desk, asked))

    assert booked.snapshot.drift == {}
    assert set(asked.values()) == {1}


def test_what_came_in_days_without_a_look_is_booked_though_one_page_was_read_before(
    desk: Paper,
) -> None:
    _bought(desk)
    desk.turn(hours=50)
    _deposit(desk, "XETH", "1")

    booked = desk.book()

    assert (booked.entries, booked.snapshot.drift) == (1, {})
    assert desk.balances_agree()


def test_a_fill_that_comes_after_a_quiet_look_is_booked(desk: Paper) -> None:
    _bought(desk)
    desk.book()

    _bought(desk, "ETHUSD", "0.1", "3300")

    assert set(desk.held()) == {("trend@1h", "XBTUSD"), ("trend@1h", "ETHUSD")}
    assert desk.balances_agree()


def test_an_order_is_not_settled_before_its_fills_add_up(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    without_fills = overriding(desk.account, trades=lambda *, since: ())

    assert desk.book(account=without_fills).settled == 0
    assert desk.book().settled == 1


def test_pf_10_trades_by_hand_are_kept_and_left_out_of_profit_where_that_is_asked(
    desk: Paper,
) -> None:
    _bought(desk)
    fields = {"ordertype": "market", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)
    desk.turn(seconds=1)
    both = desk.book().snapshot
    desk.turn(seconds=1)
    ours = desk.book(tracks_manual=False).snapshot
    [own] = [each for each in ours.positions if each.book == "trend@1h"]

    assert ours.positions == both.positions
    assert ours.equity == both.equity
    assert (ours.realised, ours.fees) == (own.realised, own.fees)
    assert both.fees > ours.fees


def test_a_fill_of_nobodys_order_is_booked_to_manual(desk: Paper) -> None:
    fields = {"ordertype": "market", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)

    booked = desk.book()

    assert booked.fills == 1
    assert desk.held() == {("manual", "XBTUSD"): Decimal("0.01")}
    assert booked.snapshot.drift == {}


def test_a_fill_that_is_shown_later_than_its_entries_is_booked(desk: Paper) -> None:
    fields = {"ordertype": "market", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)
    without_fills = overriding(desk.account, trades=lambda *, since: ())

    assert desk.book(account=without_fills).fills == 0
    assert desk.book().fills == 1


def test_a_difference_of_the_last_digit_is_named(desk: Paper) -> None:
    off = desk.account.balances()
    dollars = off["ZUSD"]
    off["ZUSD"] = Balance(total=dollars.total + Decimal("0.0001"), held=dollars.held)

    booked = desk.book(account=overriding(desk.account, balances=lambda: off))

    assert list(booked.snapshot.drift) == ["ZUSD"]
    assert "10000.0001" in booked.snapshot.drift["ZUSD"]


def test_an_account_that_moves_while_it_is_read_is_read_again(desk: Paper) -> None:
    real, reads = desk.account, []
    _deposit(desk, "ZUSD", "1")

    def moving() -> dict[str, Balance]:
        reads.append(1)
        if len(reads) == 2:
            _deposit(desk, "ZUSD", "5")
        return real.balances()

    booked = desk.book(account=overriding(real, balances=moving))

    assert len(reads) == 4
    assert booked.snapshot.cash == 10_006
    assert booked.snapshot.drift == {}


def test_a_snapshot_is_as_old_as_the_reading_it_stands_on(desk: Paper) -> None:
    asked_at = desk.clock()

    def slow() -> object:
        desk.turn(seconds=200)
        return entries(since=None)

    entries = desk.account.ledger
    late = overriding(desk.account, ledger=lambda since: slow())

    assert desk.book(account=late).snapshot.at == asked_at


def test_an_account_that_never_stands_still_is_given_up_and_nothing_is_kept(desk: Paper) -> None:
    before = desk.stores.books.latest_snapshot()
    desk.turn(minutes=1)

    def moving() -> dict[str, Balance]:
        _deposit(desk, "ZUSD", "5")
        return desk.account.balances()

    with pytest.raises(UnreachableError, match="moved during each of 5"):
        desk.book(account=overriding(desk.account, balances=moving))

    assert desk.stores.books.latest_snapshot() == before


def test_f_mon_1_a_deposit_buys_units_and_is_no_profit(desk: Paper) -> None:
    _bought(desk)
    before = desk.book().snapshot
    _deposit(desk, "ZUSD", "2500")
    desk.turn(minutes=1)

    after = desk.book().snapshot

    assert after.equity == before.equity + 2500
    assert after.unit_price == before.unit_price
    assert after.units > before.units
    assert after.realised == before.realised
    assert after.drawdown == before.drawdown


def test_f_mon_4_coins_that_came_by_deposit_make_no_profit_when_sold(desk: Paper) -> None:
    _deposit(desk, "XXBT", "1")
    desk.book()
    fields = {"ordertype": "market", "type": "sell", "volume": "0.1", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)

    snapshot = desk.book().snapshot

    [manual] = snapshot.positions
    assert manual.uncosted == Decimal("0.1")
    assert manual.realised == -manual.fees
    assert snapshot.drift == {}


def test_f_mon_5_a_missing_price_freezes_the_unit_price_and_is_named(desk: Paper) -> None:
    _bought(desk, qty="0.1")
    before = desk.book().snapshot
    desk.turn(minutes=1)

    blind = desk.book(market=_without(desk, "XBTUSD", "XBTEUR")).snapshot

    assert blind.unpriced == ("XBT",)
    assert blind.unit_price == before.unit_price
    assert blind.drawdown == before.drawdown
    assert desk.book().snapshot.unpriced == ()


def test_a_deposit_while_a_price_is_missing_counts_once_it_is_back(desk: Paper) -> None:
    _bought(desk, qty="0.1")
    before = desk.book().snapshot
    desk.turn(minutes=1)
    _deposit(desk, "ZUSD", "1000")
    desk.book(market=_without(desk, "XBTUSD", "XBTEUR"))
    desk.turn(minutes=1)

    after = desk.book().snapshot

    assert after.unit_price == before.unit_price
    assert after.equity == before.equity + 1000


def test_f_mon_6_an_asset_is_worth_what_the_market_says_through_another(desk: Paper) -> None:
    _deposit(desk, "ZEUR", "900")

    snapshot = desk.book().snapshot

    [euro] = [each for each in snapshot.valuations if each.asset == "EUR"]
    assert euro.source == "XBTEUR+XBTUSD"
    assert euro.price is not None
    assert Decimal("1.11") < euro.price < Decimal("1.12")
    assert snapshot.unpriced == ()


def test_f_mon_7_an_asset_that_is_not_listed_is_shown_without_a_price(desk: Paper) -> None:
    gift = desk.account.balances() | {"AIRDROP": Balance(total=Decimal(7), held=Decimal(0))}

    snapshot = desk.book(account=overriding(desk.account, balances=lambda: gift)).snapshot

    assert snapshot.unpriced == ("AIRDROP",)
    assert snapshot.equity == 10_000
    assert list(snapshot.drift) == ["AIRDROP"]


def test_fills_of_a_pair_that_is_not_listed_any_more_do_not_stop_the_books(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()
    fields = {"ordertype": "market", "type": "buy", "volume": "0.02", "pair": "XBTUSD"}
    desk.call("AddOrder", fields)

    booked = desk.book(market=_delisted(desk, "XBTUSD"))

    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}
    assert booked.snapshot.drift == {}
    assert booked.settled == 1


def test_the_rate_of_a_fill_in_another_quote_is_kept_once(desk: Paper) -> None:
    _deposit(desk, "ZEUR", "9000")
    desk.book()
    _bought(desk, "XBTEUR", "0.1", "45200")
    [fill] = desk.stores.books.fills_after(None)

    assert Decimal("1.11") < fill.quote_rate < Decimal("1.12")
    assert desk.book().snapshot.realised == -fill.fee * fill.quote_rate


def test_pf_6_a_trade_that_is_read_late_is_booked_at_what_its_quote_was_worth_then(
    desk: Paper,
) -> None:
    _deposit(desk, "ZEUR", "9000")
    desk.book()
    desk.call("AddOrder", {"pair": "XBTEUR", "type": "buy", "ordertype": "market", "volume": "0.1"})
    traded_at = desk.turner.now()
    desk.turn(days=2)

    def closes(frame: Timeframe, closed_at: datetime) -> dict[str, Decimal]:
        is_then = abs(closed_at - traded_at) <= timedelta(minutes=5)
        return {"XBTUSD": Decimal(36_000), "XBTEUR": Decimal(45_000)} if is_then else {}

    desk.book(closes=closes)

    [fill] = desk.stores.books.fills_after(None)
    assert round(fill.quote_rate, 8) == Decimal("0.8")


def test_old_snapshots_are_pruned_and_fills_stay(desk: Paper) -> None:
    _bought(desk)
    desk.turn(hours=2)

    desk.book(retention=timedelta(hours=1))

    assert len(desk.stores.books.unit_prices(desk.clock() - timedelta(days=9))) == 1
    assert len(desk.stores.books.fills_after(None)) == 1


def _crash(desk: Paper, share: str) -> Market:
    """Return the market with every price of bitcoin at a share of what it is."""

    def tickers() -> dict[str, Ticker]:
        told = desk.market.tickers()
        return {
            name: replace(
                each,
                bid=Price(each.bid * Decimal(share)),
                ask=Price(each.ask * Decimal(share)),
            )
            if name.startswith("XBT")
            else each
            for name, each in told.items()
        }

    return overriding(desk.market, tickers=tickers)


def test_a_fall_is_measured_from_the_days_beginning_from_24_hours_and_from_ever(
    desk: Paper,
) -> None:
    _bought(desk, qty="0.1")
    desk.turn(minutes=1)
    low = desk.book(market=_crash(desk, "0.9")).snapshot
    desk.turn(hours=48)
    later = desk.book(market=_crash(desk, "0.9"), retention=timedelta(minutes=1)).snapshot

    assert low.drawdown == low.drawdown_of_all_time == low.drawdown_of_day > Decimal("0.04")
    assert later.drawdown == later.drawdown_of_day == 0
    assert later.drawdown_of_all_time >= low.drawdown_of_all_time
    assert len(desk.stores.books.unit_prices(desk.clock() - timedelta(days=9))) == 1
    assert desk.stores.books.latest_snapshot() == later


def test_an_order_that_changed_while_it_was_settled_is_settled_with_the_next_pass(
    desk: Paper,
) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()

    def record(told: Order, event: Event, **more: int) -> Order:
        raise ConflictError("another was first")

    desk.book(orders=overriding(desk.stores.orders, record=record))

    assert desk.book().settled == 1
    assert desk.now_of(order).state is State.FILLED


def test_f_mon_9_two_strategies_in_one_pair_keep_books_of_their_own(desk: Paper) -> None:
    _bought(desk)
    other = desk.planned(strategy_id="other", qty="0.02")
    desk.submit()
    desk.planned(side=Side.SELL, limit="49800")
    desk.submit()
    desk.settle()
    desk.book()

    assert desk.held() == {("trend@1h", "XBTUSD"): 0, ("other@1h", "XBTUSD"): other.qty}
