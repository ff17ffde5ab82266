from datetime import UTC, datetime

from kraken_pipeline.domain.speeds import Speed

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_speed_is_what_was_done_over_how_long_it_took() -> None:
    assert Speed(at=AT, done=3_000_000, seconds=2.0).a_second == 1_500_000


def test_what_took_as_long_as_the_limit_wants_is_all_of_it() -> None:
    assert Speed(at=AT, done=102, seconds=100.0, fewest=100.0).share == 1
    assert Speed(at=AT, done=102, seconds=125.0, fewest=100.0).share == 0.8


def test_without_a_limit_there_is_no_share_of_it() -> None:
    assert Speed(at=AT, done=1, seconds=1.0).share is None
