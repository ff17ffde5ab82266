import pytest

from kraken_pipeline.domain.trade_reading import Reading

READING = Reading(done=100, cursor=300 * 10**9 - 1, held=(), pending=())


@pytest.mark.parametrize(
    ("moment", "goes_on"), [(99, False), (100, True), (299, True), (300, False)]
)
def test_a_reading_goes_on_from_any_time_that_it_holds_all_trades_since(
    moment: int,
    goes_on: bool,  # noqa: FBT001 - a table
) -> None:
    assert READING.goes_on_from(moment) is goes_on
