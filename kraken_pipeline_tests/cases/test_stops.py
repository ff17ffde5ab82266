"""F-STP, U-FUN-4, U-FUN-5: a stop stands for what is held, and no more is ever sold than that."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import OrderRefusedError, UnreachableError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Price
from kraken_pipeline.domain.order_terms import Close
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.protection import StopStyle, Unprotected
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.kraken.live import LiveTrader
from kraken_pipeline.services.protection.guard import needs_tending, resting
from kraken_pipeline.services.protection.protect import protect
from kraken_pipeline.services.protection.unprotected import is_at_rest, watch
from kraken_pipeline.services.risk.strangers import strangers_among
from kraken_pipeline.settings import load
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.replay import ReplayMarket
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.wiring.gates import LiveGates
from kraken_pipeline_tests.domain.test_keys import NOW
from kraken_pipeline_tests.fakes import Crash, Fuse, Lossy, Passing, crashing
from kraken_pipeline_tests.kraken.test_live import KEY_ID, cleared
from kraken_pipeline_tests.live_market import GATES
from kraken_pipeline_tests.services.candles import DEEP_DIP, SHY_DIP, SPIKE, START, row
from kraken_pipeline_tests.services.paper import LEASE, Paper, paper
from kraken_pipeline_tests.services.stopped import PATIENCE, PLACE, Stopped

PARTS = 7
LOOK = 10
"""Seconds between two looks at orders that rest."""
MOST_LOOKS = 12
"""After a death, until everything is as it should be."""

CLOSE = Close(order_type="stop-loss", trigger_price=Price(Decimal(49_000)))


@pytest.fixture
def account(desk: Paper) -> Stopped:
    return Stopped(desk)


def _sell(account: Stopped, qty: str, limit: str = "49750") -> Order:
    return account.paper.planned(qty=qty, limit=limit, side=Side.SELL)


# F-STP-1


@pytest.fixture(scope="module")
def choppy(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Return a market that dips a little in each of seven minutes; little trades in a dip."""
    folder = tmp_path_factory.mktemp("choppy")
    begin = int(START.timestamp())
    rows = []
    for minute in range(-60, 60):
        low, volume = (49_950.0, 0.016) if 0 < minute <= PARTS else (50_000.0, 2)
        rows.append(row(begin + 60 * minute, 50_000.0, low, 50_000.0, volume))
    hours = [row(begin - 3600 * each, 5e4, 5e4, 5e4, 120) for each in range(72, 0, -1)]
    (folder / "XBTUSD_60.past.csv").write_text("\n".join(hours) + "\n")
    (folder / "XBTUSD_1.now.csv").write_text("\n".join(rows) + "\n")
    return ReplayMarket(folder)


@pytest.fixture
def choppy_account(served: Served, choppy: Market, tmp_path: Path) -> Iterator[Stopped]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(url)
    with paper(served, choppy, tmp_path, url) as opened:
        opened.begin()
        yield Stopped(opened)


def test_f_stp_1_the_stop_follows_an_entry_that_fills_in_seven_parts(
    choppy_account: Stopped,
) -> None:
    account = choppy_account
    entry = account.paper.planned(qty="0.1", limit="49980")
    account.send()
    fills, late = 0, []
    for _ in range((PARTS + 2) * 60 // LOOK):
        account.paper.turn(seconds=LOOK)
        before = account.held()
        account.look()
        fills += account.held() > before
        if account.stopped_there() != account.held():
            late.append(account.held())
        assert account.stopped_there() <= account.held()
        assert len(account.stops()) <= 1

    # at the least: a minute's volume comes in more than one part
    assert fills >= PARTS
    assert late == []
    assert account.held() == account.paper.now_of(entry).filled_qty > 0
    assert account.paper.stores.halts.latched() == ()


# F-STP-2


def _refusing(account: Stopped) -> Lossy:
    return Lossy(account.paper.trader, arrives=False, error=OrderRefusedError, times=1000)


def _unprotected(account: Stopped) -> None:
    """Buy, and let every stop be refused until it is missing for too long."""
    account.bought()
    account.look(gateway=_refusing(account))
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)
    [overdue] = account.look(gateway=_refusing(account))

    assert (overdue.book, overdue.pair) == PLACE
    assert overdue.failures == 1
    assert "rejected: " in (overdue.last_error or "")
    assert account.stopped_there() == 0


def test_f_stp_2_a_stop_that_is_refused_is_told_and_tried_again(account: Stopped) -> None:
    _unprotected(account)
    assert not is_at_rest(account.protect_desk())

    assert account.look() == ()
    assert account.look() == ()

    assert account.stopped_there() == account.held() == Decimal("0.01")
    assert len(account.stops()) == 1
    assert is_at_rest(account.protect_desk())
    assert _told(account) == ["missing", "overdue", "restored"]
    assert account.paper.stores.halts.latched() == ()


def _told(account: Stopped) -> list[str]:
    with account.paper.stores.database.reading() as connection:
        kinds = connection.exec_driver_sql("SELECT kind FROM journal ORDER BY seq").scalars()
        return [each.partition(".")[2] for each in kinds if each.startswith("protection.")]


def test_f_stp_2_an_alert_stops_what_opens_on_that_pair_alone(account: Stopped) -> None:
    account.changes["action"] = Unprotected.ALERT
    _unprotected(account)

    [halt] = account.paper.stores.halts.latched()
    assert (halt.kind, str(halt.scope)) == (HaltKind.UNPROTECTED, "pair:XBTUSD")
    account.paper.planned(qty="0.001")
    account.paper.planned("ETHUSD", qty="0.01", limit="2512", strategy_id="other")
    assert account.send()[State.WITHDRAWN] == 1
    account.paper.settle()
    assert ("other@1h", "ETHUSD") in account.protections.holdings()


def test_f_stp_2_what_can_not_be_protected_is_sold_if_so_configured(account: Stopped) -> None:
    account.changes["action"] = Unprotected.REDUCE
    account.bought()
    account.look(gateway=_refusing(account))
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)

    account.look(gateway=_StopsRefused(account.paper.trader))
    account.look()

    assert account.held() == 0
    assert account.sold_there() == Decimal("0.01")
    assert account.stops() == []


def test_f_stp_2_what_is_reduced_goes_live_when_its_strategy_may_trade_no_more(
    account: Stopped, tmp_path: Path
) -> None:
    account.changes["action"] = Unprotected.REDUCE
    account.bought()
    account.look(gateway=_refusing(account))
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)
    environ = {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
    }
    (tmp_path / "config.yaml").write_text(GATES)  # it allows another strategy alone
    gates = LiveGates(load(environ), environ)
    trader = LiveTrader(
        account.paper.line,
        cleared=cleared(),
        key_id=KEY_ID,
        closed_gates=gates.closed,
        clock=lambda: NOW,
    )

    account.look(gateway=_StopsRefused(trader))
    account.look()

    assert "does not name trend" in gates.closed("trend", opens=False)
    assert account.sold_there() == Decimal("0.01")


def test_f_stp_2_while_a_stop_is_made_smaller_nothing_is_left_to_be_sold_for_it(
    account: Stopped,
) -> None:
    account.changes["action"] = Unprotected.REDUCE
    account.bought("0.02")
    account.look()
    account.gateway = Lossy(account.paper.trader, arrives=False)
    _sell(account, "0.005")

    for _ in range(3):
        account.look()
        account.paper.turn(seconds=PATIENCE.total_seconds() + 1)

    reserving = account.paper.stores.orders.reserving()
    assert sorted((each.state, each.qty) for each in reserving) == [
        (State.AMENDING, Decimal("0.02")),
        (State.PLANNED, Decimal("0.005")),
    ]


class _StopsRefused(Passing):
    """A gateway that takes everything but stops."""

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        if order.trigger is not None:
            raise OrderRefusedError("no stops today")
        return super().add(order, deadline=deadline)


@pytest.mark.parametrize("arrives", [True, False])
def test_f_stp_2_a_stop_whose_fate_is_unknown_is_not_placed_twice(
    account: Stopped,
    arrives: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    account.bought()
    lossy = Lossy(account.paper.trader, arrives=arrives)
    account.look(gateway=lossy)
    for _ in range(20):
        account.paper.turn(seconds=21)
        account.look()
        assert account.stopped_there() in {ZERO, Decimal("0.01")}
        assert len(account.stops()) <= 1

    assert account.stopped_there() == Decimal("0.01")
    placed = [each for each in account.paper.exchange.account.orders.values() if each.trigger]
    assert len(placed) == 1


@pytest.mark.parametrize("steps", range(16))
def test_f_stp_2_a_death_anywhere_leaves_one_stop(account: Stopped, steps: int) -> None:
    account.bought()
    fuse = Fuse(steps)
    paper, orders = account.paper, crashing(account.paper.stores.orders, fuse)
    doomed = Stopped(paper, orders=orders, protections=crashing(account.protections, fuse))
    with suppress(Crash):
        doomed.look(orders=orders, gateway=crashing(paper.trader, fuse))

    paper.turn(seconds=LEASE.total_seconds() + 1)
    looks = 0
    while not is_at_rest(account.protect_desk()) and looks < MOST_LOOKS:
        paper.turn(seconds=21)
        account.look()
        looks += 1
    account.look()

    placed = [each for each in paper.exchange.account.orders.values() if each.trigger]
    assert len(placed) == 1
    assert account.stopped_there() == account.held() == Decimal("0.01")
    assert verify(paper.stores.database).faults == ()


def test_after_a_panic_no_stop_is_placed(account: Stopped) -> None:
    account.changes["panic_is_latched"] = lambda: True
    account.bought()

    account.look()

    assert account.stopped_there() == 0


# F-STP-3


def test_f_stp_3_a_sale_frees_what_the_stop_holds_and_the_rest_is_protected_again(
    account: Stopped,
) -> None:
    account.bought()
    account.look()
    assert account.stopped_there() == Decimal("0.01")

    sale = _sell(account, "0.004")
    account.send()
    account.look()

    assert account.paper.now_of(sale).state is State.FILLED
    assert account.sold_there() == Decimal("0.004")
    assert account.stopped_there() == account.held() == Decimal("0.006")


def test_f_stp_3_a_stop_that_fires_beside_a_resting_sale_sells_only_its_part(
    account: Stopped,
) -> None:
    account.bought()
    account.look()
    _sell(account, "0.004", limit="50500")
    account.send()
    account.look()
    assert account.stopped_there() == Decimal("0.006")

    account.paper.turn_to(DEEP_DIP)
    account.look()
    account.paper.turn_to(SPIKE)
    account.look()

    assert account.sold_there() == Decimal("0.01")
    assert account.held() == 0
    assert account.stops() == []
    assert account.paper.balances_agree()


def test_f_stp_3_a_sale_that_comes_after_the_stop_fired_is_not_sent(account: Stopped) -> None:
    account.bought()
    account.look()
    account.paper.turn_to(DEEP_DIP)
    sale = _sell(account, "0.01")

    account.send()
    account.look()

    assert account.paper.now_of(sale).state is State.PLANNED
    assert account.sold_there() == Decimal("0.01")
    assert account.held() == 0
    assert account.paper.held()[PLACE] == 0


def test_f_stp_3_of_sales_that_are_too_many_together_the_first_goes(account: Stopped) -> None:
    account.bought()
    first, second = (_sell(account, "0.006") for _ in range(2))

    account.send()
    account.paper.settle()

    assert account.paper.now_of(first).state is State.FILLED
    assert account.paper.now_of(second).state is State.PLANNED
    assert account.sold_there() == Decimal("0.006")


def test_f_stp_3_a_stop_that_can_not_be_freed_keeps_the_sale_waiting(account: Stopped) -> None:
    account.bought()
    account.look()
    account.changes["cancel"] = _fails
    account.changes["resize"] = _fails
    sale = _sell(account, "0.004")

    assert account.send()["waiting"] == 1

    assert account.paper.now_of(sale).state is State.PLANNED
    assert account.sold_there() == 0


def _fails(*_: object) -> Order:
    raise UnreachableError("the exchange does not answer")


# F-STP-4, L-4


def test_f_stp_4_after_a_restart_a_holding_gets_its_stop(account: Stopped) -> None:
    account.bought()
    account.paper.turn(minutes=5)
    restarted = Stopped(account.paper)

    assert not is_at_rest(restarted.protect_desk())
    restarted.look()

    assert restarted.stopped_there() == restarted.held() == Decimal("0.01")
    assert is_at_rest(restarted.protect_desk())


def test_l_4_a_stop_that_somebody_canceled_is_placed_again(account: Stopped) -> None:
    account.bought()
    account.look()
    [stop] = account.stops()
    account.paper.call("CancelOrder", {"txid": str(stop.kraken_order_id)})

    account.look()

    assert account.stopped_there() == Decimal("0.01")
    assert [each.attempt for each in account.stops()] == [2]


def test_stops_that_are_not_wanted_any_more_are_taken_away(account: Stopped) -> None:
    account.bought()
    account.look()
    account.changes["is_on"] = False

    account.look()

    assert account.stopped_there() == 0
    assert is_at_rest(account.protect_desk())


@pytest.mark.parametrize(("kind", "at"), [("stop-loss", 49_000), ("take-profit", 55_000)])
def test_a_close_of_a_strategys_own_stays_where_no_stops_are_wanted(
    account: Stopped, kind: str, at: int
) -> None:
    """It was asked for with the entry; to take it away would leave the holding bare, unheard."""
    account.changes["is_on"] = False
    close = Close(order_type=kind, trigger_price=Price(Decimal(at)))
    account.paper.planned(qty="0.01", close=close)
    account.send()

    for _ in range(3):
        assert account.look() == ()

    [stop] = account.stops()
    assert (stop.order_type, account.stopped_there()) == (kind, Decimal("0.01"))
    assert is_at_rest(account.protect_desk())


def test_a_close_of_a_strategys_own_gives_way_to_what_it_sells(account: Stopped) -> None:
    account.changes["is_on"] = False
    account.paper.planned(qty="0.01", close=CLOSE)
    account.send()
    account.look()

    part = _sell(account, "0.004")
    account.send()
    account.look()
    assert account.paper.now_of(part).state is State.FILLED
    assert account.stopped_there() == account.held() == Decimal("0.006")

    rest = _sell(account, "0.006")
    account.send()
    account.look()

    assert account.paper.now_of(rest).state is State.FILLED
    assert account.stopped_there() == account.held() == 0
    assert account.paper.balances_agree()
    assert account.paper.stores.halts.latched() == ()


def test_a_close_of_a_strategys_own_goes_with_all_but_what_is_too_small_to_order(
    account: Stopped,
) -> None:
    account.changes["is_on"] = False
    account.paper.planned(qty="0.01", close=CLOSE)
    account.send()
    account.look()

    part = _sell(account, "0.00997")
    account.send()
    for _ in range(3):
        account.look()

    assert account.paper.now_of(part).state is State.FILLED
    assert account.held() == Decimal("0.00003")
    assert account.stopped_there() == 0


def test_a_stop_that_can_not_be_changed_is_placed_anew(account: Stopped) -> None:
    account.bought()
    account.look()
    [stop] = account.stops()
    account.bought("0.005", strategy_id="trend")
    account.gateway = _NothingChanges(account.paper.trader)

    account.look()

    assert account.stopped_there() == account.held() == Decimal("0.015")
    assert [each.local_id for each in account.stops()] != [stop.local_id]


class _NothingChanges(Passing):
    """A gateway whose exchange takes no change of an order."""

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        raise OrderRefusedError("no changes today")


def test_a_stop_grows_in_place(account: Stopped) -> None:
    account.bought()
    account.look()
    [stop] = account.stops()
    account.bought("0.005")

    account.look()

    assert account.stopped_there() == account.held() == Decimal("0.015")
    assert [each.local_id for each in account.stops()] == [stop.local_id]


def test_another_kind_of_stop_takes_the_place_of_the_first(account: Stopped) -> None:
    account.bought()
    account.look()
    account.changes["style"] = StopStyle(order_type="stop-loss-limit", max_slippage_bps=50)

    account.look()

    assert [each.order_type for each in account.stops()] == ["stop-loss-limit"]
    assert account.stopped_there() == Decimal("0.01")


@pytest.mark.parametrize("order_type", ["stop-loss", "stop-loss-limit", "trailing-stop"])
def test_every_kind_of_stop_sells_when_the_market_falls(account: Stopped, order_type: str) -> None:
    account.changes["style"] = StopStyle(order_type=order_type, max_slippage_bps=50)
    account.bought()
    account.look()

    account.paper.turn_to(DEEP_DIP)
    account.look()

    assert account.held() == 0
    assert account.paper.stores.halts.latched() == ()
    assert account.paper.balances_agree()


# conditional close


def test_stops_that_kraken_made_for_each_fill_are_ours_and_add_up_to_what_is_held(
    choppy_account: Stopped,
) -> None:
    account = choppy_account
    account.paper.planned(qty="0.1", limit="49980", close=CLOSE)
    account.send()
    for _ in range(PARTS):
        account.paper.turn(minutes=1)
        account.look()
        assert account.stopped_there() == account.held()

    assert len(account.stops()) >= PARTS
    assert sum(each.open_qty for each in account.stops()) == account.held() > 0
    assert strangers_among(account.paper.stores.orders, account.paper.account.open_orders()) == []
    assert account.paper.stores.halts.latched() == ()
    assert is_at_rest(account.protect_desk())


@pytest.mark.parametrize("action", [Unprotected.RETRY, Unprotected.REDUCE])
def test_f_rd_1_a_stop_of_krakens_that_shows_late_gets_none_beside_it(
    account: Stopped, action: Unprotected
) -> None:
    paper, account.changes["action"] = account.paper, action
    by_hand = {"pair": "XBTUSD", "ordertype": "market", "type": "buy", "volume": "0.05"}
    paper.call("AddOrder", by_hand)  # coins of a person's, which a second stop could sell
    paper.planned(qty="0.01", close=CLOSE)
    account.send()

    for _ in range(5):
        paper.turn(seconds=LOOK)
        paper.settle()  # what Kraken made is not shown yet
        paper.book()
        desk = account.protect_desk()
        watch(desk, protect(desk))
        account.send()
        assert account.stopped_there() == Decimal("0.01")
    account.look()

    assert [each.qty for each in account.stops()] == [Decimal("0.01")]
    assert account.sold_there() == 0


def test_a_sale_frees_as_many_of_krakens_stops_as_it_needs(choppy_account: Stopped) -> None:
    account = choppy_account
    account.paper.planned(qty="0.1", limit="49980", close=CLOSE)
    account.send()
    account.paper.turn(minutes=PARTS)
    account.look()
    bought = account.held()
    assert account.stopped_there() == bought
    entry = account.paper.stores.orders.reserving()[0]
    account.paper.call("CancelOrder", {"txid": str(entry.kraken_order_id)})

    account.paper.turn(minutes=3)
    sale = _sell(account, str(bought / 2))
    account.send()
    account.look()

    assert account.paper.now_of(sale).state is State.FILLED
    assert account.sold_there() == bought / 2
    assert account.stopped_there() == account.held() == bought / 2


def test_what_a_stop_of_krakens_sold_before_it_was_known_is_the_strategys(
    account: Stopped,
) -> None:
    entry = account.paper.planned(qty="0.01", limit="49500", close=CLOSE)
    account.send()
    account.paper.turn_to(DEEP_DIP)
    account.look()
    account.look()

    assert account.paper.now_of(entry).state is State.FILLED
    assert account.sold_there() > 0
    assert account.stopped_there() == account.held() == Decimal("0.01") - account.sold_there()
    assert set(account.paper.held()) == {PLACE}
    assert account.paper.balances_agree()
    assert verify(account.paper.stores.database).faults == ()


def test_a_fill_that_kraken_made_no_stop_for_gets_one_of_ours(account: Stopped) -> None:
    account.bought(close=CLOSE)
    account.adopt()
    [child] = account.stops()
    account.paper.call("CancelOrder", {"txid": str(child.kraken_order_id)})
    account.look()

    [stop] = account.stops()
    assert stop.deadline is not None
    assert account.stopped_there() == Decimal("0.01")


# U-FUN-4, U-FUN-5


def test_u_fun_5_after_a_partial_fill_and_a_cancel_the_stop_is_what_was_bought(
    account: Stopped,
) -> None:
    entry = account.paper.planned(qty="0.1", limit="49500")
    account.send()
    account.paper.turn_to(SHY_DIP)
    account.look()
    bought = account.paper.now_of(entry).filled_qty
    account.paper.call("CancelOrder", {"txid": str(account.paper.now_of(entry).kraken_order_id)})

    account.look()

    assert 0 < bought < Decimal("0.1")
    assert account.stopped_there() == account.held() == bought


def test_u_fun_4_a_rest_too_small_for_a_stop_is_booked_as_dust_and_left_in_peace(
    account: Stopped,
) -> None:
    account.bought()
    _sell(account, "0.00998")
    account.send()
    account.look()
    [moved] = account.tend()
    sent = len(account.paper.orders_there())
    for _ in range(5):
        account.paper.turn(minutes=1)
        assert account.look() == ()
        assert account.tend() == ()

    assert (moved.to_book, moved.qty) == (DUST, Decimal("0.00002"))
    assert len(account.paper.orders_there()) == sent
    assert is_at_rest(account.protect_desk())


def test_what_is_too_small_for_a_stop_is_looked_at_once(account: Stopped) -> None:
    account.bought()
    _sell(account, "0.00998")
    account.send()
    account.look()
    account.look()

    [noted] = account.protections.protections()
    assert noted.missing_since is None
    assert noted.last_error == "TOO_SMALL: qty=0.00002, min=0.00005"
    assert is_at_rest(account.protect_desk())


# DMS-5


def test_dms_5_stops_that_are_left_alone_need_no_switch(account: Stopped) -> None:
    account.bought()
    account.look()
    spared, not_spared = (account.paper.guard_desk(spares_stops=each) for each in (True, False))
    [stop] = account.stops()

    assert resting(spared) == ()
    assert not needs_tending(spared)
    assert [each.local_id for each in resting(not_spared)] == [stop.local_id]
    assert needs_tending(not_spared)
