"""Changing an order where it rests: within what is reserved or held, under the lease, once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import (
    AuthError,
    ConflictError,
    LeaseLostError,
    OrderRefusedError,
    RefusedError,
    UnreachableError,
)
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.services.orders.amend import amend
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.candles import SPIKE
from kraken_pipeline_tests.services.paper import DEADLINE, LEASE, Paper

LATER = timedelta(hours=6)


def _wish(qty: str | None = None, limit: str | None = None) -> Amendment:
    return Amendment(
        qty=None if qty is None else Qty(Decimal(qty)),
        limit_price=None if limit is None else Price(Decimal(limit)),
    )


def _buy(desk: Paper) -> Order:
    order = desk.planned(limit="49000", expires_at=desk.clock() + LATER)
    desk.submit()
    return desk.now_of(order)


def _bought(desk: Paper, qty: str = "0.01") -> None:
    desk.planned(qty=qty)
    desk.submit()
    desk.settle()
    desk.book()


def _sale(desk: Paper, qty: str) -> Order:
    later = desk.clock() + LATER
    order = desk.planned(qty=qty, limit="50500", side=Side.SELL, expires_at=later)
    desk.submit()
    assert desk.now_of(order).state is State.LIVE
    return desk.now_of(order)


def _there(desk: Paper, order: Order) -> tuple[Decimal, Decimal | None]:
    """Return the qty and the limit that the exchange has."""
    truth = desk.exchange.account.orders[str(order.kraken_order_id)]
    return truth.volume, truth.price


def test_a_change_is_written_before_it_is_sent_and_is_what_the_order_shows(desk: Paper) -> None:
    order = _buy(desk)
    seen: list[Order] = []

    def spying(name: str, amendment: Amendment, **more: object) -> Amended:
        seen.append(desk.now_of(order))
        return desk.trader.amend(name, amendment, **more)  # type: ignore[arg-type]  # passed on

    gateway = overriding(desk.trader, amend=spying)

    changed = amend(
        desk.amend_desk(settling=desk.settle_desk(gateway=gateway)),
        order,
        _wish("0.008", "49100"),
        why="the market moved",
    )

    [written] = seen
    assert (written.state, written.amending) == (State.AMENDING, _wish("0.008", "49100"))
    assert (changed.state, changed.amending) == (State.LIVE, None)
    assert (changed.qty, changed.limit_price) == _there(desk, order)
    started, done = desk.events_of(order)[-2:]
    assert (started.fact, done.fact) == (Fact.AMEND_STARTED, Fact.AMENDED)
    assert started.epoch == desk.stores.orders.last_epoch()
    assert "the market moved" in started.detail
    assert started.deadline == desk.clock() + DEADLINE


def test_while_its_fate_is_open_a_change_counts_by_the_larger_of_both(desk: Paper) -> None:
    order = _buy(desk)
    lossy = desk.settle_desk(gateway=Lossy(desk.trader, arrives=False))

    doubted = amend(desk.amend_desk(settling=lossy), order, _wish("0.002"), why="less")

    assert doubted.state is State.AMENDING
    assert doubted.open_notional == order.open_notional


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (_wish("0.011"), "AMEND_RESERVATION"),
        (_wish(limit="49001"), "AMEND_RESERVATION"),
        (_wish("0.0099", "50000"), "AMEND_RESERVATION"),
        (_wish("0.0196", "25000"), "AMEND_RESERVATION"),
        (_wish("0.01", "49000"), "AMEND_NOTHING"),
        (Amendment(trigger_price=Price(Decimal(48_000))), "AMEND_WORDS"),
        (Amendment(display_qty=Qty(Decimal("0.001"))), "AMEND_WORDS"),
    ],
)
def test_what_was_not_approved_is_refused_and_nothing_is_written(
    desk: Paper, wish: Amendment, code: str
) -> None:
    order = _buy(desk)

    with pytest.raises(RefusedError, match=code):
        amend(desk.amend_desk(), order, wish, why="more")

    assert desk.now_of(order) == order


def test_a_buy_may_be_dearer_and_smaller_within_its_reservation(desk: Paper) -> None:
    order = _buy(desk)

    changed = amend(desk.amend_desk(), order, _wish("0.0098", "50000"), why="it runs away")

    assert changed.open_notional == order.open_notional
    assert _there(desk, order) == (Decimal("0.0098"), Decimal(50_000))


def test_a_second_change_waits_for_the_fate_of_the_first(desk: Paper) -> None:
    order = _buy(desk)
    lossy = desk.settle_desk(gateway=Lossy(desk.trader, arrives=False))
    doubted = amend(desk.amend_desk(settling=lossy), order, _wish("0.008"), why="less")

    with pytest.raises(RefusedError, match="AMEND_STATE"):
        amend(desk.amend_desk(), doubted, _wish("0.007"), why="still less")


def test_an_order_with_a_change_under_way_can_be_canceled(desk: Paper) -> None:
    order = _buy(desk)
    lossy = desk.settle_desk(gateway=Lossy(desk.trader, arrives=True))
    blind = overriding(desk.account, orders=lambda ids: {})
    amend(
        desk.amend_desk(settling=desk.settle_desk(gateway=lossy.gateway, account=blind)),
        order,
        _wish("0.008"),
        why="less",
    )
    assert desk.now_of(order).state is State.AMENDING

    ended = cancel(desk.settle_desk(), desk.now_of(order))

    assert (ended.state, ended.qty, ended.amending) == (State.CANCELED, Decimal("0.008"), None)


def test_a_sale_may_grow_to_what_its_book_holds_and_no_further(desk: Paper) -> None:
    _bought(desk, "0.01")
    order = _sale(desk, "0.004")
    with pytest.raises(RefusedError, match="AMEND_HELD"):
        amend(desk.amend_desk(), order, _wish("0.0101"), why="all")

    changed = amend(desk.amend_desk(), order, _wish("0.01"), why="all")

    assert changed.qty == Decimal("0.01")


def test_what_another_order_of_the_book_sells_is_not_there_to_be_sold(desk: Paper) -> None:
    _bought(desk, "0.01")
    order = _sale(desk, "0.004")
    _sale(desk, "0.003")

    with pytest.raises(RefusedError, match=r"0\.007 is free"):
        amend(desk.amend_desk(), order, _wish("0.0071"), why="all")

    assert amend(desk.amend_desk(), order, _wish("0.007"), why="all").qty == Decimal("0.007")


def test_what_was_sold_and_is_not_booked_yet_is_not_held_any_more(desk: Paper) -> None:
    _bought(desk, "0.01")
    order = _sale(desk, "0.004")
    later = desk.clock() + LATER
    desk.planned(qty="0.003", limit="49900", side=Side.SELL, expires_at=later)
    desk.submit()
    desk.settle()

    with pytest.raises(RefusedError, match=r"0\.007 is free"):
        amend(desk.amend_desk(), order, _wish("0.0071"), why="all")


def test_what_another_book_holds_is_not_there_to_be_sold(desk: Paper) -> None:
    _bought(desk, "0.01")
    desk.planned(qty="0.02", strategy_id="other")
    desk.submit()
    desk.settle()
    desk.book()
    order = _sale(desk, "0.004")

    with pytest.raises(RefusedError, match="AMEND_HELD"):
        amend(desk.amend_desk(), order, _wish("0.02"), why="all")


MORE = _wish("0.0098", "50000")
"""Fewer coins, dearer: within what is reserved, and bought sooner all the same."""


@pytest.mark.parametrize("scope", [Scope(), Scope(kind=ScopeKind.PAIR, name="XBTUSD")])
def test_inv_7_under_a_halt_a_buy_may_only_shrink(desk: Paper, scope: Scope) -> None:
    order = _buy(desk)
    halts = desk.stores.halts
    halts.latch(HaltKind.OPERATOR, reason="a test", at=desk.clock(), by="me", scope=scope)

    with pytest.raises(RefusedError, match="KILL_MANUAL"):
        amend(desk.amend_desk(), order, MORE, why="more")
    assert desk.now_of(order) == order

    assert amend(desk.amend_desk(), order, _wish("0.005"), why="less").qty == Decimal("0.005")


def test_a_halt_of_another_pair_is_none_of_its_business(desk: Paper) -> None:
    order = _buy(desk)
    scope = Scope(kind=ScopeKind.PAIR, name="ETHUSD")
    halts = desk.stores.halts
    halts.latch(HaltKind.OPERATOR, reason="a test", at=desk.clock(), by="me", scope=scope)

    assert amend(desk.amend_desk(), order, MORE, why="more").qty == MORE.qty


def test_inv_7_the_panic_file_stops_what_would_buy_more(desk: Paper) -> None:
    order = _buy(desk)

    with pytest.raises(RefusedError, match="panic"):
        amend(desk.amend_desk(panic_is_latched=lambda: True), order, MORE, why="more")

    assert desk.now_of(order) == order


def test_a_panic_between_writing_and_sending_stops_the_first_byte(desk: Paper) -> None:
    order = _buy(desk)
    looks = iter([False, True])

    kept = amend(desk.amend_desk(panic_is_latched=lambda: next(looks)), order, MORE, why="more")

    assert (kept.state, kept.qty) == (State.LIVE, Decimal("0.01"))
    assert _there(desk, order)[0] == Decimal("0.01")


def test_what_took_too_long_to_write_is_not_sent(desk: Paper) -> None:
    order = _buy(desk)
    real = desk.stores.orders

    def slow(seen: Order, event: Event, **more: int) -> Order:
        desk.turn(seconds=DEADLINE.total_seconds())
        return real.record(seen, event, **more)

    orders = overriding(real, record=slow)

    kept = amend(
        desk.amend_desk(settling=desk.settle_desk(orders=orders)), order, _wish("0.008"), why="less"
    )

    assert kept.state is State.LIVE
    assert "not sent" in str(kept.last_error)
    assert _there(desk, order)[0] == Decimal("0.01")


def test_inv_1_while_another_process_sends_nothing_is_changed(desk: Paper) -> None:
    order = _buy(desk)
    desk.stores.orders.take_lease("orders-trade", owner="other", now=desk.clock(), length=LEASE)

    with pytest.raises(LeaseLostError):
        amend(desk.amend_desk(), order, _wish("0.008"), why="less")

    assert desk.now_of(order) == order


def test_inv_1_who_lost_the_lease_before_writing_changes_nothing(desk: Paper) -> None:
    order = _buy(desk)
    real = desk.stores.orders

    def late(seen: Order, event: Event, **more: int) -> Order:
        desk.turn(seconds=LEASE.total_seconds())
        real.take_lease("orders-trade", owner="other", now=desk.clock(), length=LEASE)
        return real.record(seen, event, **more)

    settling = desk.settle_desk(orders=overriding(real, record=late))

    with pytest.raises(LeaseLostError):
        amend(desk.amend_desk(settling=settling), order, _wish("0.008"), why="less")
    assert desk.now_of(order) == order


def test_the_lease_is_given_back(desk: Paper) -> None:
    order = _buy(desk)
    amend(desk.amend_desk(), order, _wish("0.008"), why="less")

    desk.stores.orders.take_lease("orders-trade", owner="next", now=desk.clock(), length=LEASE)


def test_an_order_that_moved_since_it_was_read_is_not_changed(desk: Paper) -> None:
    order = _buy(desk)
    cancel(desk.settle_desk(), order)

    with pytest.raises(ConflictError):
        amend(desk.amend_desk(), order, _wish("0.008"), why="less")


@pytest.mark.parametrize("error", [OrderRefusedError, UnreachableError])
def test_a_change_that_was_turned_away_leaves_the_order_as_it_was(
    desk: Paper, error: type[OrderRefusedError | UnreachableError]
) -> None:
    order = _buy(desk)
    lossy = Lossy(desk.trader, arrives=False, error=error)

    kept = amend(
        desk.amend_desk(settling=desk.settle_desk(gateway=lossy)), order, _wish("0.008"), why="less"
    )

    assert (kept.state, kept.qty, kept.amending) == (State.LIVE, order.qty, None)
    assert kept.last_error == "the answer was lost"


def test_a_key_that_is_refused_leaves_the_order_as_it_was_and_is_told(desk: Paper) -> None:
    order = _buy(desk)
    lossy = Lossy(desk.trader, arrives=False, error=AuthError)

    with pytest.raises(AuthError):
        amend(
            desk.amend_desk(settling=desk.settle_desk(gateway=lossy)),
            order,
            _wish("0.008"),
            why="less",
        )

    assert desk.now_of(order).state is State.LIVE


def test_an_order_that_filled_meanwhile_is_filled(desk: Paper) -> None:
    _bought(desk, "0.01")
    order = _sale(desk, "0.01")
    desk.turn_to(SPIKE + 1)

    ended = amend(desk.amend_desk(), order, _wish(limit="51000"), why="dearer")

    assert (ended.state, ended.filled_qty) == (State.FILLED, Decimal("0.01"))
    assert ended.amending is None


def test_a_sale_may_be_repriced_under_a_halt(desk: Paper) -> None:
    _bought(desk, "0.01")
    order = _sale(desk, "0.01")
    desk.stores.halts.latch(HaltKind.OPERATOR, reason="a test", at=desk.clock(), by="me")

    changed = amend(desk.amend_desk(), order, _wish(limit="50400"), why="sooner")

    assert changed.limit_price == Decimal(50_400)


def test_l_1_an_order_that_a_person_changed_there_is_over_once_it_is_canceled(desk: Paper) -> None:
    order = _buy(desk)
    desk.call("AmendOrder", {"txid": str(order.kraken_order_id), "order_qty": "0.005"})
    desk.settle()
    [halt] = desk.stores.halts.latched()
    assert "if somebody changed it there, cancel it" in halt.reason

    assert cancel(desk.settle_desk(), desk.now_of(order)).state is State.CANCELED

    desk.stores.halts.clear(reason="it was me", at=desk.clock(), by="me")
    desk.settle()
    assert desk.stores.halts.latched() == ()


@pytest.mark.parametrize(("arrives", "is_state"), [(True, State.LIVE), (False, State.AMENDING)])
def test_a_change_back_is_made_where_its_history_says_so_and_not_for_a_late_read(
    desk: Paper,
    arrives: bool,  # noqa: FBT001 - a parameter of the test
    is_state: State,
) -> None:
    _bought(desk)
    order = _sale(desk, "0.005")
    before = desk.account.orders([str(order.kraken_order_id)])
    lower = amend(desk.amend_desk(), order, _wish(limit="50400"), why="down")
    late = desk.settle_desk(
        gateway=Lossy(desk.trader, arrives=arrives),
        account=overriding(desk.account, orders=lambda names: before),
    )

    seen = amend(desk.amend_desk(settling=late), lower, _wish(limit="50500"), why="up again")

    assert seen.state is is_state
    desk.turn(minutes=5)
    desk.settle()
    assert desk.now_of(order).state is State.LIVE
    assert _there(desk, order) == (order.qty, desk.now_of(order).limit_price)
    assert desk.stores.halts.latched() == ()
