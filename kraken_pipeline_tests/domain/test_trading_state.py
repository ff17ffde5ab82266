"""Three states, and every turn in each of them moves, echoes or is impossible."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.halts import EVERYTHING, Halt, HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.trading_state import (
    ECHOES,
    ENDS_BY_ITSELF,
    MOVES,
    TradingState,
    Turn,
    after,
    state_of,
    turn_between,
)
from kraken_pipeline_tests.builders import NOW

PAIR = Scope(kind=ScopeKind.PAIR, name="XBTUSD")


def halt(kind: HaltKind, scope: Scope = EVERYTHING) -> Halt:
    return Halt(
        halt_id=1, kind=kind, scope=scope, reason="", action="", latched_at=NOW, latched_by=""
    )


HALTS = st.lists(
    st.builds(halt, st.sampled_from(list(HaltKind)), st.sampled_from([EVERYTHING, PAIR])),
    max_size=3,
)


@pytest.mark.parametrize(("state", "turn"), list(product(TradingState, Turn)))
def test_every_turn_in_every_state_moves_echoes_or_is_impossible(
    state: TradingState, turn: Turn
) -> None:
    if (state, turn) in MOVES:
        assert (state, turn) not in ECHOES
        assert after(state, turn) is MOVES[state, turn]
    elif (state, turn) in ECHOES:
        assert after(state, turn) is state
    else:
        with pytest.raises(ImpossibleFactError, match="trading is"):
            after(state, turn)


@pytest.mark.parametrize("kind", HaltKind)
def test_what_ends_by_itself_reduces_and_all_else_halts(kind: HaltKind) -> None:
    expected = TradingState.REDUCING if kind in ENDS_BY_ITSELF else TradingState.HALTED

    assert state_of([halt(kind)]) is expected


def test_a_halt_of_one_pair_leaves_trading_active() -> None:
    assert state_of([halt(HaltKind.OPERATOR, PAIR)]) is TradingState.ACTIVE


@given(before=HALTS, now=HALTS)
def test_the_table_leads_to_what_the_halts_say_from_wherever(
    before: list[Halt], now: list[Halt]
) -> None:
    was = state_of(before)

    assert after(was, turn_between(was, now)) is state_of(now)
