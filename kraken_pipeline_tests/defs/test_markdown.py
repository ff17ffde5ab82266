from kraken_pipeline.defs.markdown import bullets, table


def test_a_table_has_a_line_for_its_head_and_one_for_each_row() -> None:
    found = table(["pair", "bars"], [("XBTUSD", 3), ("ETHUSD", 0)])

    assert found.splitlines() == [
        "| pair | bars |",
        "| --- | --- |",
        "| XBTUSD | 3 |",
        "| ETHUSD | 0 |",
    ]


def test_each_thing_that_is_said_has_a_line_of_its_own() -> None:
    assert bullets(["one", "two"]) == "- one\n- two"
