from kraken_pipeline_tests.services.backtest.runs import flat, ran, scripted
from kraken_pipeline_tests.services.backtest.test_engine import IN, OUT, STEPS


def test_a_result_counts_what_there_was() -> None:
    counts = ran(flat(*STEPS), scripted({2: IN, 5: OUT})).counts

    assert counts == {
        "candles": 12,
        "asked_closes": 12,
        "decisions": 2,
        "intents": 2,
        "approved": 2,
        "denied": 0,
        "orders": 2,
        "fills": 2,
        "round_trips": 1,
    }
