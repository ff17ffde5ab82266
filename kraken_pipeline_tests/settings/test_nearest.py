from kraken_pipeline.settings.nearest import nearest


def test_the_name_most_alike_is_nearest() -> None:
    assert nearest("lve", ("dry_run", "paper", "live")) == ("live",)


def test_names_one_slip_away_are_all_nearest() -> None:
    assert nearest("aker", ("maker", "taker", "source")) == ("maker", "taker")


def test_nothing_is_near_if_nothing_is_alike_enough() -> None:
    assert nearest("xyz", ("maker", "taker"), at_least=0.5) == ()


def test_nothing_is_near_if_there_is_nothing() -> None:
    assert nearest("xyz", ()) == ()
