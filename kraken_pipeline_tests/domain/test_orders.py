"""The life of an order: every fact in every state, and what no fact may ever do."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.orders import (
    AT_THE_EXCHANGE,
    ECHOES,
    ENDED,
    FATE_OPEN,
    MOVES,
    NEVER_THERE,
    RESERVING,
    Event,
    Fact,
    Order,
    State,
    advance,
    after,
    says_nothing_new,
)
from kraken_pipeline_tests.builders import NOW, event, order

S, F = State, Fact
QTY = order().qty
IDS = ("OAAAAA-BBBBB-CCCCCC", "ODDDDD-EEEEE-FFFFFF")
EVENTS = st.builds(
    event,
    st.sampled_from(F),
    filled_qty=st.none() | st.integers(0, 21).map(lambda tenths: Qty(QTY * tenths / 20)),
    kraken_order_id=st.sampled_from((None, None, *IDS)),
    avg_fill_price=st.none() | st.integers(1, 9).map(lambda each: Price(Decimal(each))),
)
ORDERLY = {F.ACCEPTED, F.FILL_SEEN, F.FILLED_SEEN, F.CANCELED_SEEN, F.EXPIRED_SEEN}


@pytest.mark.parametrize(("state", "fact"), list(product(State, Fact)))
def test_every_fact_in_every_state_moves_echoes_or_contradicts(state: State, fact: Fact) -> None:
    if (state, fact) in MOVES:
        assert (state, fact) not in ECHOES
        assert after(state, fact) is MOVES[state, fact]
    elif (state, fact) in ECHOES:
        assert after(state, fact) is state
    else:
        with pytest.raises(ImpossibleFactError, match=f"{state} cannot have {fact}"):
            after(state, fact)


def test_every_state_is_reached_from_planned() -> None:
    reached = {S.PLANNED}
    for _ in State:
        reached |= {end for (start, _), end in MOVES.items() if start in reached}

    assert reached == set(State)


def test_only_a_planned_order_may_be_sent() -> None:
    allowed = {state for state, fact in {*MOVES, *ECHOES} if fact is F.SEND_STARTED}

    assert allowed == {S.PLANNED}


@pytest.mark.parametrize("state", sorted(ENDED - {S.CANCELED, S.EXPIRED, S.WRITTEN_OFF}))
def test_an_order_that_ended_stays_as_it_ended(state: State) -> None:
    assert not [fact for fact in Fact if (state, fact) in MOVES]


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED])
def test_a_cancel_that_lost_the_race_is_corrected_to_filled_and_nothing_else(state: State) -> None:
    ends = {MOVES[state, fact] for fact in Fact if (state, fact) in MOVES}

    assert ends == {state, S.FILLED}


def test_only_absence_that_is_proven_ends_an_unknown_order_without_the_exchange() -> None:
    ends = {fact: end for (state, fact), end in MOVES.items() if state is S.UNKNOWN}

    assert {fact for fact, end in ends.items() if end in NEVER_THERE} == {F.ABSENCE_PROVEN}


def test_an_order_of_open_fate_keeps_its_reservation() -> None:
    assert FATE_OPEN < AT_THE_EXCHANGE < RESERVING
    assert not RESERVING & ENDED


@pytest.mark.parametrize("state", sorted(NEVER_THERE))
def test_an_order_that_never_was_at_the_exchange_cannot_have_filled(state: State) -> None:
    facts = [fact for fact in Fact if (state, fact) in ECHOES] or [F.WITHDRAWN]

    for fact in facts:
        with pytest.raises(ImpossibleFactError, match="filled"):
            advance(order(state=state), event(fact, filled_qty=QTY))


def _advanced(start: Order, happening: Event) -> Order | None:
    try:
        return advance(start, happening)
    except ImpossibleFactError:
        return None


@given(st.lists(EVENTS, max_size=12))
def test_whatever_is_heard_a_kept_fact_raises_the_version_by_one(heard: list[Event]) -> None:
    now = order()
    for each in heard:
        then = _advanced(now, each)
        if then is not None:
            assert then.version == now.version + 1
        now = then or now


@given(st.lists(EVENTS, max_size=12))
def test_whatever_is_heard_what_filled_never_falls_and_never_passes_the_order(
    heard: list[Event],
) -> None:
    now = order(state=S.SENDING)
    for each in heard:
        then = _advanced(now, each) or now
        assert now.filled_qty <= then.filled_qty <= then.qty
        now = then


@given(st.lists(EVENTS, max_size=12))
def test_whatever_is_heard_only_what_filled_to_its_last_unit_is_filled(heard: list[Event]) -> None:
    now = order(state=S.SENDING)
    for each in heard:
        now = _advanced(now, each) or now

    assert now.state is not S.FILLED or now.filled_qty == now.qty
    assert now.state not in NEVER_THERE or not now.filled_qty


@given(st.lists(EVENTS, max_size=12))
def test_whatever_is_heard_an_order_keeps_the_first_id_it_was_given(heard: list[Event]) -> None:
    now = order(state=S.SENDING)
    for each in heard:
        then = _advanced(now, each) or now
        assert now.kraken_order_id in {None, then.kraken_order_id}
        now = then


@given(state=st.sampled_from(State), happening=EVENTS)
def test_what_says_nothing_new_would_change_nothing_that_counts(
    state: State, happening: Event
) -> None:
    known = order(state=state, kraken_order_id=IDS[0])
    then = _advanced(known, happening)
    if then is None or not says_nothing_new(known, happening):
        return

    assert (then.state, then.filled_qty, then.kraken_order_id) == (
        known.state,
        known.filled_qty,
        known.kraken_order_id,
    )


@given(facts=st.permutations(sorted(ORDERLY - {F.CANCELED_SEEN, F.EXPIRED_SEEN})))
def test_reply_stream_and_poll_end_alike_whichever_comes_first(facts: list[Fact]) -> None:
    filled = {F.ACCEPTED: None, F.FILL_SEEN: QTY / 2, F.FILLED_SEEN: QTY}
    now = order(state=S.SENDING)
    for fact in facts:
        now = advance(now, event(fact, filled_qty=filled[fact], kraken_order_id=IDS[0]))

    assert (now.state, now.filled_qty) == (S.FILLED, QTY)


def test_another_id_at_the_exchange_contradicts_also_where_it_would_be_an_echo() -> None:
    live = order(state=S.LIVE, kraken_order_id=IDS[0])

    with pytest.raises(ImpossibleFactError, match=IDS[1]):
        says_nothing_new(live, event(F.ACCEPTED, kraken_order_id=IDS[1]))


def test_the_id_of_an_order_that_a_fill_made_known_is_news() -> None:
    live = order(state=S.LIVE)

    assert not says_nothing_new(live, event(F.ACCEPTED, kraken_order_id=IDS[0]))


def test_an_old_report_that_arrives_late_changes_no_amount() -> None:
    live = order(state=S.LIVE, filled_qty=QTY, avg_fill_price=Price(Decimal(5)))

    then = advance(live, event(F.FILL_SEEN, filled_qty=Qty(QTY / 2), avg_fill_price=Decimal(4)))

    assert (then.filled_qty, then.avg_fill_price) == (QTY, live.avg_fill_price)


def test_a_refusal_says_why() -> None:
    then = advance(order(state=S.SENDING), event(F.REFUSED, detail="EOrder:Insufficient funds"))

    assert (then.state, then.last_error) == (S.REJECTED, "EOrder:Insufficient funds")


def test_a_late_clock_never_turns_back_the_time_of_an_order() -> None:
    then = advance(order(), event(F.SEND_STARTED, at=NOW.replace(year=2020)))

    assert then.updated_at == NOW


def test_what_is_open_is_worth_its_rest_at_the_limit_in_base_currency() -> None:
    half = order(filled_qty=Qty(QTY / 2), quote_rate=Decimal("1.1"))

    assert half.open_notional == Decimal("0.001") * 50250 * Decimal("1.1")


CHANGE = Amendment(qty=Qty(QTY * 2), limit_price=Price(Decimal(49000)))


def test_a_change_counts_at_its_larger_qty_until_its_fate_is_known() -> None:
    asked = advance(order(state=S.LIVE), event(F.AMEND_STARTED, amendment=CHANGE))

    assert (asked.state, asked.qty, asked.open_qty) == (S.AMENDING, QTY, QTY * 2)
    assert advance(asked, event(F.AMEND_REFUSED)).open_qty == QTY


def test_a_change_that_is_done_is_in_the_order_and_told_twice_changes_nothing() -> None:
    asked = advance(order(state=S.LIVE), event(F.AMEND_STARTED, amendment=CHANGE))
    done = advance(asked, event(F.AMENDED))

    assert (done.qty, done.limit_price, done.amending) == (QTY * 2, Decimal(49000), None)
    assert advance(done, event(F.AMENDED)).qty == QTY * 2


def test_a_change_that_says_nothing_is_refused() -> None:
    with pytest.raises(ImpossibleFactError, match="says nothing"):
        advance(order(state=S.LIVE), event(F.AMEND_STARTED))


@pytest.mark.parametrize("fact", [F.ACCEPTED, F.FILL_SEEN, F.FILLED_SEEN, F.CANCELED_SEEN])
def test_what_a_person_wrote_off_is_back_when_the_exchange_shows_it(fact: Fact) -> None:
    back = after(S.WRITTEN_OFF, fact)

    assert back not in NEVER_THERE
    assert back is not S.WRITTEN_OFF
