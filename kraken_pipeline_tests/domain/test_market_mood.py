from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.market_mood import Mood, Reading, mood_of


def read(
    benchmark: str | None = "0.02",
    basket: str | None = "0.02",
    volatility: str | None = "0.01",
    drawdown: str | None = "0",
) -> Reading:
    def exact(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Reading(
        benchmark_momentum=exact(benchmark),
        basket_momentum=exact(basket),
        volatility=exact(volatility),
        drawdown=exact(drawdown),
    )


@pytest.mark.parametrize(
    ("told", "mood"),
    [
        (read(), Mood.RISK_ON),
        (read("0.015", "0.01", "0.0249", "0.0399"), Mood.RISK_ON),
        (read(benchmark="0.0149"), Mood.NEUTRAL),
        (read(basket="0.0099"), Mood.NEUTRAL),
        (read(volatility="0.025"), Mood.NEUTRAL),
        (read(drawdown="0.04"), Mood.NEUTRAL),
        (read(benchmark="-0.5"), Mood.NEUTRAL),  # the others rise
        (read(benchmark="-0.001", basket="-0.001"), Mood.RISK_OFF),
        (read(volatility="0.04"), Mood.RISK_OFF),
        (read(drawdown="0.08"), Mood.RISK_OFF),
    ],
)
def test_a_market_is_as_its_worst_measure_says(told: Reading, mood: Mood) -> None:
    assert mood_of(told) is mood


@pytest.mark.parametrize("missing", ["benchmark", "basket", "volatility", "drawdown"])
def test_where_a_measure_is_missing_nothing_is_guessed(missing: str) -> None:
    told: dict[str, str | None] = {missing: None}

    assert mood_of(read(**told)) is Mood.UNKNOWN
    assert f"{missing}=unknown" in str(read(**told))


ORDER = [Mood.RISK_ON, Mood.NEUTRAL, Mood.RISK_OFF]
SHARES = st.integers(-100, 100).map(lambda each: Decimal(each) / 1000)


@given(SHARES, SHARES, SHARES.map(abs), SHARES.map(abs), SHARES.map(abs))
def test_a_worse_measure_never_makes_a_better_mood(
    benchmark: Decimal, basket: Decimal, volatility: Decimal, drawdown: Decimal, worse: Decimal
) -> None:
    told = read(*(str(each) for each in (benchmark, basket, volatility, drawdown)))

    for changed in (
        read(str(benchmark - worse), str(basket), str(volatility), str(drawdown)),
        read(str(benchmark), str(basket - worse), str(volatility), str(drawdown)),
        read(str(benchmark), str(basket), str(volatility + worse), str(drawdown)),
        read(str(benchmark), str(basket), str(volatility), str(drawdown + worse)),
    ):
        assert ORDER.index(mood_of(changed)) >= ORDER.index(mood_of(told))
