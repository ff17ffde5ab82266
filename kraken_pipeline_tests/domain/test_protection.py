from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import TRAILING, Purpose, Trigger
from kraken_pipeline.domain.orders import RESERVING, Order, State
from kraken_pipeline.domain.protection import (
    Protection,
    Step,
    Stop,
    StopStyle,
    close_for,
    is_child,
    left_by,
    next_move,
    resized,
    stop_for,
    tells_of,
)
from kraken_pipeline_tests.builders import NOW, order, pair, ticker

STYLE = StopStyle(order_type="stop-loss", max_slippage_bps=50)
LOT = Decimal("0.00000001")


def _stop(qty: str = "1", trigger: str = "49000") -> Stop:
    return Stop(
        qty=Qty(Decimal(qty)),
        order_type="stop-loss",
        trigger=Trigger(price=Price(Decimal(trigger))),
        limit_price=Price(Decimal(trigger)),
        smallest=Qty(Decimal("0.1")),
    )


def _resting(qty: str = "1", state: State = State.LIVE, **changes: object) -> Order:
    stop = order(
        side=Side.SELL,
        purpose=Purpose.PROTECT,
        order_type="stop-loss",
        trigger=Trigger(price=Price(Decimal(49_000))),
        qty=Qty(Decimal(qty)),
        state=state,
        deadline=NOW,
    )
    return replace(stop, **changes)  # type: ignore[arg-type]  # `replace` checks them


def _child(qty: str = "1") -> Order:
    """Return a stop that Kraken made for a fill of an entry."""
    return _resting(qty, deadline=None)


# what a stop says


def test_a_stop_lies_its_distance_below_the_entry_on_the_tick() -> None:
    stop = stop_for(
        Decimal("0.123456789"),
        entry_price=Price(Decimal("50000.03")),
        stop_distance=Decimal("0.02"),
        style=STYLE,
        pair=pair(tick=Decimal("0.1"), lot=LOT),
        ticker=ticker(last=Decimal(50_000)),
    )

    assert stop.qty == Decimal("0.12345678")
    assert stop.trigger.price == Decimal("49000.1")
    assert stop.limit_price == Decimal("48755.1")
    assert not stop.is_too_small


def test_a_market_below_the_stop_puts_it_one_tick_under_the_last_price() -> None:
    stop = stop_for(
        Decimal("0.1"),
        entry_price=Price(Decimal(50_000)),
        stop_distance=Decimal("0.02"),
        style=STYLE,
        pair=pair(tick=Decimal("0.1")),
        ticker=ticker(last=Decimal(48_000)),
    )

    assert stop.trigger.price == Decimal("47999.9")


def test_a_trailing_stop_is_told_by_its_distance_in_percent() -> None:
    stop = stop_for(
        Decimal("0.1"),
        entry_price=Price(Decimal(60_000)),
        stop_distance=Decimal("0.0215"),
        style=replace(STYLE, order_type=TRAILING),
        pair=pair(),
        ticker=ticker(last=Decimal(50_000)),
    )

    assert stop.trigger == Trigger(trail_pct=Decimal("2.15"))


def test_what_is_below_the_minimum_is_told_to_be_too_small() -> None:
    stop = stop_for(
        Decimal("0.00001"),
        entry_price=Price(Decimal(50_000)),
        stop_distance=Decimal("0.02"),
        style=STYLE,
        pair=pair(min_qty=Decimal("0.00005")),
        ticker=ticker(last=Decimal(50_000)),
    )

    assert stop.is_too_small
    left = left_by(Qty(Decimal("0.000011")), stop, stop)
    assert left is not None
    assert left.note == "TOO_SMALL: qty=0.000011, min=0.00005"
    assert tells_of(left.note, left.wanted, NOTHING)
    assert not tells_of(left.note, left.wanted, left.wanted)


@pytest.mark.parametrize(
    ("wanted", "stands", "note"),
    [
        ("1", "1", None),
        ("1.000001", "1", "LEFT_OVER: qty=1.000001, stop=1, min=0.1"),
        ("1", "0.95", "LEFT_OVER: qty=1, stop=0.95, min=0.1"),
        ("1", "0.9", None),
        ("0.12", "0.05", None),
    ],
)
def test_what_could_have_no_stop_of_its_own_is_left(
    wanted: str, stands: str, note: str | None
) -> None:
    whole = _stop(str(Decimal(wanted).quantize(Decimal("0.01"))))
    left = left_by(Qty(Decimal(wanted)), whole, replace(whole, qty=Qty(Decimal(stands))))

    assert (left and left.note) == note
    if left is not None:
        assert tells_of(left.note, left.wanted, Qty(Decimal(stands)))
        assert not tells_of(left.note, left.wanted, NOTHING)


@pytest.mark.parametrize(("distance", "last"), [("0", "1"), ("1", "1"), ("0.5", "0")])
def test_no_stop_is_made_up_where_none_can_be(distance: str, last: str) -> None:
    with pytest.raises(InvalidValueError, match="XBTUSD"):
        stop_for(
            Decimal(1),
            entry_price=Price(Decimal(1)),
            stop_distance=Decimal(distance),
            style=STYLE,
            pair=pair(),
            ticker=ticker(last=Decimal(last)),
        )


def test_a_price_of_one_tick_has_no_room_for_a_stop() -> None:
    with pytest.raises(InvalidValueError, match="above zero"):
        stop_for(
            Decimal(1),
            entry_price=Price(Decimal("0.1")),
            stop_distance=Decimal("0.5"),
            style=STYLE,
            pair=pair(tick=Decimal("0.1")),
            ticker=ticker(last=Decimal("0.1")),
        )


@given(
    qty=st.decimals("0", "1000", places=10),
    entry=st.decimals("0.5", "100000", places=3),
    last=st.decimals("0.5", "100000", places=3),
    distance=st.decimals("0.001", "0.9", places=4),
    order_type=st.sampled_from(["stop-loss", "stop-loss-limit"]),
)
def test_a_stop_is_on_the_grid_below_the_market_and_never_larger_than_what_is_held(
    qty: Decimal, entry: Decimal, last: Decimal, distance: Decimal, order_type: str
) -> None:
    listed = pair(tick=Decimal("0.01"), lot=LOT)
    stop = stop_for(
        qty,
        entry_price=Price(entry),
        stop_distance=distance,
        style=replace(STYLE, order_type=order_type),
        pair=listed,
        ticker=ticker(last=last),
    )
    trigger = stop.trigger.price

    assert stop.qty <= qty
    assert stop.qty % LOT == 0
    assert trigger is not None
    assert 0 < stop.limit_price <= trigger < last
    assert trigger % listed.tick == 0
    # rounded towards the market, by less than a tick
    assert trigger < entry * (1 - distance) + listed.tick


# the conditional close of an entry


def test_the_close_of_an_entry_lies_its_distance_below_the_worst_price() -> None:
    limited = replace(STYLE, order_type="stop-loss-limit")
    close = close_for(
        Price(Decimal(50_000)), stop_distance=Decimal("0.02"), style=limited, tick=Decimal("0.1")
    )

    assert close is not None
    assert (close.trigger_price, close.limit_price) == (Decimal(49_000), Decimal(48_755))


def test_a_trailing_stop_can_not_be_the_close_of_an_entry() -> None:
    trailing = replace(STYLE, order_type=TRAILING)

    assert (
        close_for(Price(Decimal(1)), stop_distance=Decimal("0.1"), style=trailing, tick=LOT) is None
    )


# what is done next


@pytest.mark.parametrize(
    ("have", "want", "step", "qty"),
    [
        ([], None, Step.NOTHING, None),
        ([], _stop(), Step.PLACE, "1"),
        ([], _stop("0.05"), Step.NOTHING, None),
        ([_resting()], _stop(), Step.NOTHING, None),
        ([_resting()], _stop("1.5"), Step.RESIZE, "1.5"),
        ([_resting()], _stop("0.5"), Step.RESIZE, "0.5"),
        ([_resting()], _stop("0.05"), Step.CANCEL, None),
        ([_resting()], None, Step.CANCEL, None),
        ([_resting(order_type="take-profit")], _stop(), Step.CANCEL, None),
        ([_resting(filled_qty=Qty(Decimal("0.4")))], _stop("0.6"), Step.NOTHING, None),
        ([_resting(filled_qty=Qty(Decimal("0.4")))], _stop("0.5"), Step.RESIZE, "0.9"),
        ([_resting(), _resting()], _stop("2"), Step.NOTHING, None),
        ([_resting(), _resting()], _stop("2.5"), Step.RESIZE, "1.5"),
        ([_resting(), _resting()], _stop("1.5"), Step.RESIZE, "0.5"),
        ([_resting(), _resting()], _stop("1.05"), Step.CANCEL, None),
        ([_child()], _stop("1.5"), Step.PLACE, "0.5"),
        ([_child()], _stop("1.05"), Step.RESIZE, "1.05"),
        ([_child(), _resting()], _stop("2.5"), Step.RESIZE, "1.5"),
        ([_child(), _child()], _stop("2"), Step.NOTHING, None),
        ([_child(), _child()], _stop("1"), Step.CANCEL, None),
        ([_resting(state=State.PLANNED)], _stop(), Step.WAIT, None),
        ([_resting(state=State.PLANNED)], _stop("0.5"), Step.WITHDRAW, None),
        ([_resting(state=State.UNKNOWN)], _stop("0.5"), Step.WAIT, None),
        ([_resting(state=State.MANUAL)], None, Step.WAIT, None),
        ([_resting(state=State.AMENDING)], _stop("0.5"), Step.WAIT, None),
        ([_resting(state=State.CANCELING)], _stop(), Step.WAIT, None),
    ],
)
def test_every_standing_has_its_next_step(
    have: Sequence[Order], want: Stop | None, step: Step, qty: str | None
) -> None:
    move = next_move(have, want)

    assert move.step is step
    assert move.qty == (None if qty is None else Decimal(qty))


LOTS = st.integers(0, 40).map(lambda lots: Decimal(lots) / 10)
STOPS = st.lists(
    st.builds(
        lambda qty, state, filled, deadline: _resting(
            str(qty), state, filled_qty=Qty(min(filled, qty)), deadline=deadline
        ),
        LOTS,
        st.sampled_from(sorted(RESERVING)),
        LOTS,
        st.sampled_from([NOW, None]),
    ),
    max_size=3,
)


@given(have=STOPS, held=LOTS)
def test_a_step_never_puts_more_up_for_sale_than_is_held_nor_a_second_stop(
    have: list[Order], held: Decimal
) -> None:
    want = _stop(str(held)) if held else None
    before = sum((each.open_qty for each in have), ZERO)
    move = next_move(have, want)

    after = _after(have, move.step, move.order, move.qty)
    total = sum((each.open_qty for each in after), ZERO)
    assert total <= max(held, before)
    own = [each for each in after if not is_child(each)]
    assert len(own) <= max(len([each for each in have if not is_child(each)]), 1)
    if move.step not in {Step.WAIT, Step.NOTHING}:
        assert total != before or len(after) != len(have)


@given(have=STOPS, held=LOTS)
def test_steps_come_to_rest_with_as_much_as_is_held(have: list[Order], held: Decimal) -> None:
    assume(all(each.state in {State.LIVE, State.PLANNED} for each in have))
    assume(all(each.open_qty for each in have))
    want = _stop(str(held)) if held else None
    stops = have
    for _ in range(20):
        move = next_move(stops, want)
        if move.step in {Step.NOTHING, Step.WAIT}:
            break
        stops = _after(stops, move.step, move.order, move.qty)

    assert move.step in {Step.NOTHING, Step.WAIT}
    total = sum((each.open_qty for each in stops), ZERO)
    assert total == (held if want is not None and not want.is_too_small else ZERO)


def _after(have: Sequence[Order], step: Step, which: Order | None, qty: Qty | None) -> list[Order]:
    """Do what a move says, as if the exchange always did it."""
    if step is Step.PLACE:
        return [*have, _resting(str(qty))]
    if step in {Step.CANCEL, Step.WITHDRAW}:
        return [each for each in have if each is not which]
    if step is Step.RESIZE and qty is not None:
        return [replace(each, qty=qty) if each is which else each for each in have]
    return list(have)


# the change


def test_a_stop_that_grows_moves_its_trigger_up_and_never_down() -> None:
    higher = resized(_resting(), Qty(Decimal(2)), _stop("2", trigger="49500"))
    lower = resized(_resting(), Qty(Decimal(2)), _stop("2", trigger="48000"))

    assert (higher.qty, higher.trigger_price, higher.limit_price) == (
        Decimal(2),
        Decimal(49_500),
        None,
    )
    assert (lower.qty, lower.trigger_price) == (Decimal(2), None)


def test_the_limit_of_a_stop_moves_with_its_trigger() -> None:
    limited = _resting(order_type="stop-loss-limit")
    change = resized(limited, Qty(Decimal(2)), _stop("2", trigger="49500"))

    assert change.limit_price == Decimal(49_500)


def test_a_trailing_stop_changes_only_its_size() -> None:
    trailing = _resting(order_type=TRAILING, trigger=Trigger(trail_pct=Decimal(2)))

    assert resized(trailing, Qty(Decimal(2)), _stop("2")).trigger_price is None


def test_a_stop_is_overdue_only_while_it_is_missing_for_too_long() -> None:
    patience = timedelta(seconds=10)
    missing = Protection(
        book="trend@1h",
        pair="XBTUSD",
        missing_since=NOW,
        failures=0,
        last_error=None,
        updated_at=NOW,
    )

    assert not missing.is_overdue(NOW + patience, patience)
    assert missing.is_overdue(NOW + patience * 2, patience)
    assert not replace(missing, missing_since=None).is_overdue(NOW + patience * 2, patience)
