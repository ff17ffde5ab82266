from kraken_pipeline.services.backtest.rows import fill_of, tables_of, trip_of
from kraken_pipeline_tests.services.backtest.runs import flat, ran, scripted
from kraken_pipeline_tests.services.backtest.test_engine import IN, OUT, STEPS


def test_every_row_has_a_cell_for_each_column() -> None:
    result = ran(flat(*STEPS), scripted({2: IN, 5: OUT}))

    tables = {name: (columns, list(rows)) for name, columns, rows in tables_of(result)}

    assert all(len(row) == len(columns) for columns, rows in tables.values() for row in rows)
    assert {name: len(rows) for name, (_, rows) in tables.items()} == {
        "decisions": 2,
        "intents": 2,
        "verdicts": 2,
        "denials": 0,
        "execution_orders": 2,
        "execution_order_events": 6,
        "fills": 2,
        "trips": 1,
        "positions": 1,
        "halts": 0,
        "equity": 11,
    }


def test_fills_and_round_trips_are_read_back_to_the_last_digit() -> None:
    result = ran(flat(*STEPS), scripted({2: IN, 5: OUT}))
    rows = {
        name: [dict(zip(columns, row, strict=True)) for row in found]
        for name, columns, found in tables_of(result)
    }

    assert tuple(map(fill_of, rows["fills"])) == result.fills
    assert tuple(map(trip_of, rows["trips"])) == result.trips
