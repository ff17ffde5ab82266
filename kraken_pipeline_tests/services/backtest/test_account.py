from decimal import Decimal

from kraken_pipeline.domain.intents import Action
from kraken_pipeline_tests.services.backtest.runs import flat, ran, scripted


def test_the_verdicts_of_a_run_show_the_figures_that_they_stand_on() -> None:
    result = ran(flat(*[100.0] * 12), scripted({2: Action.ENTER, 5: Action.EXIT}))

    first, second = (each for plan in result.plans for each in plan.verdicts)

    assert '"equity":"10000"' in first.figures
    assert '"owned_qty":"' in second.figures
    assert first.qty == second.qty


def test_what_a_strategy_lost_in_a_day_is_held_against_it() -> None:
    falling = flat(*[100.0] * 4, *[50.0] * 44)
    losing = {2: Action.ENTER, 5: Action.EXIT, 6: Action.ENTER, 30: Action.ENTER}

    result = ran(falling, scripted(losing, stop=0.02))

    denied = [each for plan in result.plans for each in plan.verdicts if not each.approved]
    assert [[why.code for why in each.objections] for each in denied] == [
        ["CAP_LOSS", "CAP_LOSS_STRATEGY"]
    ]
    assert result.final_equity < Decimal(10_000)
