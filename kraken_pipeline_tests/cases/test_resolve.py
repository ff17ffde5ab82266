"""F-SUB-20: what a person decides about an order stands until the exchange shows otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.fate import CLEAN_READS_NEEDED, READ_SPACING
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.plans import Verdict
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.services.orders.resolve import adopt, evidence, write_off
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.paper import DEADLINE, SETTLE_WINDOW, Paper

WHY = "support says that it never came in"


def _unknown(desk: Paper, *, arrives: bool, limit: str = "49000") -> Order:
    order = desk.planned(limit=limit, expires_at=desk.clock() + timedelta(hours=6))
    desk.submit(gateway=Lossy(desk.trader, arrives=arrives))
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)
    return desk.now_of(order)


def _left_to_a_person(desk: Paper, *, arrives: bool, limit: str = "49000") -> Order:
    order = _unknown(desk, arrives=arrives, limit=limit)
    left = Event(fact=Fact.FATE_UNRESOLVED, at=desk.clock(), source="settle", detail="no proof")
    return desk.stores.orders.record(order, left)


def _blind(desk: Paper) -> ReadOnlyAccount:
    """Return an account that shows no order of ours, and no trade."""
    return overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: (),
        closed_orders=lambda *, since, cl_ord_id=None: (),
        trades=lambda *, since: (),
    )


def _written_off(desk: Paper, *, limit: str = "49000") -> Order:
    order = _left_to_a_person(desk, arrives=True, limit=limit)
    return write_off(desk.settle_desk(account=_blind(desk)), order, reason=WHY, by="ann")


def _filled_while_written_off(desk: Paper) -> Order:
    order = _written_off(desk, limit="50250")
    desk.settle()
    return order


def test_f_sub_20_a_fill_of_what_was_written_off_brings_the_order_back_and_halts(
    desk: Paper,
) -> None:
    order = _filled_while_written_off(desk)

    back = desk.now_of(order)
    assert (back.state, back.filled_qty) == (State.FILLED, order.qty)
    [halt] = desk.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION
    assert f"{order.local_id} was written off and is there as" in halt.reason


def test_f_sub_20_its_fill_is_in_its_strategys_book(desk: Paper) -> None:
    order = _filled_while_written_off(desk)

    assert desk.book().settled == 1
    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}


def test_f_sub_20_the_fill_is_in_that_book_also_where_it_is_read_first(desk: Paper) -> None:
    order = _written_off(desk, limit="50250")

    desk.book()

    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}


def test_f_sub_20_the_journal_shows_who_declared_what(desk: Paper) -> None:
    order = _filled_while_written_off(desk)

    told = {each.fact: each for each in desk.events_of(order)}
    assert told[Fact.WRITTEN_OFF].source == "operator ann"
    assert told[Fact.WRITTEN_OFF].detail.startswith(WHY)
    assert "FEW_READS" in told[Fact.WRITTEN_OFF].detail
    assert told[Fact.ACCEPTED].source == "poll"


def test_what_was_written_off_and_rests_is_back_with_the_next_comparison(desk: Paper) -> None:
    order = _written_off(desk)
    forgetful = overriding(desk.stores.orders, written_off=lambda *, since: ())

    desk.reconcile(settling=desk.settle_desk(orders=forgetful))

    assert desk.now_of(order).state is State.LIVE
    assert [each.kind for each in desk.stores.halts.latched()] == [HaltKind.CONTRADICTION]


def test_a_reservation_ends_when_its_order_is_written_off(desk: Paper) -> None:
    order = _left_to_a_person(desk, arrives=False)
    assert [each.local_id for each in desk.stores.orders.reserving()] == [order.local_id]

    write_off(desk.settle_desk(), order, reason=WHY, by="ann")

    assert desk.stores.orders.reserving() == ()


def _sale_written_off(desk: Paper) -> Order:
    """Write off a sale that filled, of all that the strategy holds; a person holds some too."""
    desk.begin()
    desk.planned()
    desk.submit()
    desk.call("AddOrder", {"ordertype": "market", "type": "buy", "volume": "0.1", "pair": "XBTUSD"})
    desk.settle()
    desk.book()
    sale = desk.planned(side=Side.SELL, limit="49000")
    desk.submit(gateway=Lossy(desk.trader, arrives=True))
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)
    blind = desk.settle_desk(account=_blind(desk))
    return write_off(blind, desk.now_of(sale), reason=WHY, by="ann")


def _look_for_it(desk: Paper, times: int) -> None:
    for _ in range(times):
        desk.turn(seconds=READ_SPACING.total_seconds())
        desk.settle(account=_blind(desk))


def _sold_again(desk: Paper) -> Verdict:
    desk.wants("XBTUSD", side=Side.SELL)
    return desk.assess()["XBTUSD"]


def test_f_sub_20_what_a_sale_was_written_off_of_is_not_sold_again_on_a_persons_word(
    desk: Paper,
) -> None:
    _sale_written_off(desk)

    denied = _sold_again(desk)

    assert "NOT_OWNED" in {each.code for each in denied.objections}
    desk.settle()
    desk.book()
    assert desk.held()["manual", "XBTUSD"] == Decimal("0.1")


def test_f_sub_20_it_may_be_sold_again_once_enough_looks_have_missed_it(desk: Paper) -> None:
    sale = _sale_written_off(desk)

    _look_for_it(desk, CLEAN_READS_NEEDED - 1)
    before = _sold_again(desk)
    _look_for_it(desk, 1)
    after = _sold_again(desk)

    assert not before.approved
    assert after.approved
    assert after.qty == sale.qty


def test_an_order_that_is_unknown_since_its_window_is_over_may_be_written_off(
    desk: Paper,
) -> None:
    order = _unknown(desk, arrives=False)

    assert write_off(desk.settle_desk(), order, reason=WHY, by="ann").state is State.WRITTEN_OFF


def test_evidence_names_what_speaks_for_absence_and_what_against(desk: Paper) -> None:
    order = _left_to_a_person(desk, arrives=False)

    seen = evidence(desk.settle_desk(), order)

    assert seen.found == ()
    assert "nothing is there under its cl_ord_id" in seen.for_absence
    assert "holds are explained" in seen.for_absence
    assert seen.against_absence == ("FEW_READS: clean=0, needed=3",)


def test_what_is_there_is_adopted_and_not_written_off(desk: Paper) -> None:
    order = _left_to_a_person(desk, arrives=True)
    seen = evidence(desk.settle_desk(), order)
    [name] = seen.echoes
    with pytest.raises(RefusedError, match=f"is there as {name}"):
        write_off(desk.settle_desk(), order, reason=WHY, by="ann")

    adopted = adopt(desk.settle_desk(), order, name, reason="it is ours", by="ann")

    assert (adopted.state, adopted.kraken_order_id) == (State.LIVE, name)
    assert [each.source for each in desk.events_of(order)][-2:] == ["operator ann"] * 2


def _place(desk: Paper, order: Order, volume: str, name: str | None) -> str:
    fields = {"ordertype": "limit", "type": "buy", "volume": volume, "pair": "XBTUSD"}
    more = {} if name is None else {"cl_ord_id": name}
    desk.call("AddOrder", {**fields, "price": "49000", **more})
    return next(reversed(desk.exchange.account.orders))


def test_what_bears_its_name_and_is_another_must_be_canceled_first(desk: Paper) -> None:
    order = _left_to_a_person(desk, arrives=False)
    other = _place(desk, order, "0.02", order.cl_ord_id)
    with pytest.raises(RefusedError, match=f"{other} is not {order.local_id}"):
        adopt(desk.settle_desk(), order, other, reason="it is ours", by="ann")
    with pytest.raises(RefusedError, match="cancel it first"):
        write_off(desk.settle_desk(), order, reason=WHY, by="ann")

    desk.trader.cancel(other)

    assert write_off(desk.settle_desk(), order, reason=WHY, by="ann").state is State.WRITTEN_OFF


@pytest.mark.parametrize("name", ["somebody-else", None])
def test_oms_13_an_order_that_does_not_bear_its_name_is_not_adopted(
    desk: Paper, name: str | None
) -> None:
    order = _left_to_a_person(desk, arrives=False)
    other = _place(desk, order, "0.01", name)

    with pytest.raises(RefusedError, match="bears another name"):
        adopt(desk.settle_desk(), order, other, reason="it is ours", by="ann")


def test_an_order_that_is_ours_already_is_not_adopted_again(desk: Paper) -> None:
    other = desk.planned("ETHUSD", "0.1", "2400")
    desk.submit()
    order = _left_to_a_person(desk, arrives=False)
    name = str(desk.now_of(other).kraken_order_id)

    with pytest.raises(RefusedError, match=f"{name} is {other.local_id} already"):
        adopt(desk.settle_desk(), order, name, reason="it is ours", by="ann")


def test_an_order_that_the_exchange_does_not_know_is_not_adopted(desk: Paper) -> None:
    order = _left_to_a_person(desk, arrives=False)

    with pytest.raises(RefusedError, match="knows no order"):
        adopt(desk.settle_desk(), order, "OAAAAA-BBBBB-CCCCCC", reason="it is ours", by="ann")


@pytest.mark.parametrize("reason", ["", "  "])
def test_nothing_is_resolved_without_a_reason(desk: Paper, reason: str) -> None:
    order = _left_to_a_person(desk, arrives=False)

    with pytest.raises(RefusedError, match="reason"):
        write_off(desk.settle_desk(), order, reason=reason, by="ann")
    with pytest.raises(RefusedError, match="reason"):
        adopt(desk.settle_desk(), order, "OAAAAA-BBBBB-CCCCCC", reason=reason, by="ann")


def test_what_may_still_be_found_is_not_written_off(desk: Paper) -> None:
    order = desk.planned()
    desk.submit(gateway=Lossy(desk.trader, arrives=False))

    with pytest.raises(RefusedError, match="may still be found"):
        write_off(desk.settle_desk(), desk.now_of(order), reason=WHY, by="ann")


def test_only_what_is_of_open_fate_is_resolved(desk: Paper) -> None:
    order = desk.planned(qty="0.01")
    desk.submit()
    settled = desk.now_of(order)
    assert settled.qty == Qty(Decimal("0.01"))

    with pytest.raises(RefusedError, match="its fate is not open"):
        write_off(desk.settle_desk(), settled, reason=WHY, by="ann")
    with pytest.raises(RefusedError, match="its fate is not open"):
        adopt(desk.settle_desk(), settled, "OAAAAA-BBBBB-CCCCCC", reason="ours", by="ann")
