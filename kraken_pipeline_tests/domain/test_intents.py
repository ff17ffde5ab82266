"""What an intent says: what it does, on which side, and how much is to be held then."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.intents import Action, Target, Unit
from kraken_pipeline.domain.market import Side
from kraken_pipeline_tests.builders import intent


@pytest.mark.parametrize(
    ("action", "side"),
    [
        (Action.ENTER, Side.BUY),
        (Action.INCREASE, Side.BUY),
        (Action.REDUCE, Side.SELL),
        (Action.EXIT, Side.SELL),
    ],
)
def test_an_action_trades_on_one_side(action: Action, side: Side) -> None:
    assert intent(action=action).side is side
    assert action.opens is (side is Side.BUY)


def test_what_is_wanted_names_the_target_where_there_is_one() -> None:
    target = Target(unit=Unit.QTY, amount=Decimal(3))

    assert intent(action=Action.REDUCE, target=target).wanted == "reduce to qty 3"
    assert intent(action=Action.EXIT).wanted == "exit"


def test_a_target_is_written_as_people_read_it() -> None:
    assert str(Target(unit=Unit.WEIGHT, amount=Decimal("0.0250"))) == "weight 0.025"
