from decimal import Decimal

from kraken_pipeline.services.research.outcome import chances, outcome, percent, ratio
from kraken_pipeline.services.research.told import luck_of, tell
from kraken_pipeline_tests.services.research.runs import daily, ran


def test_the_figures_are_those_that_people_ask_for_first() -> None:
    found = outcome(tell(ran(), daily(100, 90)))

    assert found["gained"].endswith(" %")
    assert found["bought and held"] == "-10.23 %"
    assert found["fees"] == "0.52"
    assert found["that won"] == "50.00 %"


def test_what_cannot_be_said_is_said_to_be_none() -> None:
    assert (percent(None), ratio(None)) == ("none", "none")
    assert (percent(Decimal("0.12345")), ratio(Decimal("1.005"))) == ("12.34 %", "1.00")


def test_a_probability_is_told_by_itself_and_after_every_trial() -> None:
    told = tell(ran(), None)
    alone, among = (chances(luck_of(told, each)) for each in ((), (0.9, -0.9) * 20))

    assert list(alone) == ["Sharpe ratio above zero"]
    assert among["the same after 41 trials"] < among["Sharpe ratio above zero"]
    assert chances(luck_of(tell(ran(trips=()), None)))
