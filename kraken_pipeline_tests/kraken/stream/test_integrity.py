from kraken_pipeline.kraken.stream.integrity import Integrity


def test_one_mismatch_costs_no_pause_and_no_mark() -> None:
    integrity = Integrity()

    assert integrity.fail(0.0) == 0
    assert not integrity.is_untradable(0.0)


def test_three_within_a_minute_mark_the_pair_and_slow_us_down() -> None:
    integrity = Integrity()

    assert [integrity.fail(at) for at in (0.0, 20.0, 59.0)] == [0, 0, 60]
    assert integrity.is_untradable(59.0)
    assert integrity.failures == 3


def test_three_over_more_than_a_minute_do_not() -> None:
    integrity = Integrity()
    for at in (0.0, 30.0, 61.0):
        integrity.fail(at)

    assert not integrity.is_untradable(61.0)


def test_the_mark_goes_after_five_minutes_without_a_mismatch() -> None:
    integrity = Integrity()
    for at in (0.0, 1.0, 2.0):
        integrity.fail(at)

    assert integrity.is_untradable(302.0)
    assert not integrity.is_untradable(303.0)
