from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kraken_pipeline.cli.cycle import market_choice
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring.exchange import MarketChoice


def choice(
    *, replay: Path | None = None, at: str | None = None, seed: int | None = None
) -> MarketChoice:
    return market_choice(replay=replay, at=at, seed=seed, port=0)


def test_without_options_it_is_the_first_made_up_market() -> None:
    assert choice() == MarketChoice()


@pytest.mark.parametrize(
    "text",
    ["2024-12-01", "2024-12-01T00:00", "2024-12-01T00:00Z", "2024-12-01T01:00+01:00"],
)
def test_a_beginning_is_understood_as_utc(tmp_path: Path, text: str) -> None:
    begin = choice(replay=tmp_path, at=text).at

    assert begin == datetime(2024, 12, 1, tzinfo=UTC)
    assert begin is not None
    assert begin.tzinfo is UTC
    assert begin.tzinfo != timezone(timedelta(hours=1))


def test_two_markets_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--replay and --seed are two different markets"):
        choice(replay=tmp_path, seed=7)


def test_a_beginning_that_can_not_be_read_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--at is 'yesterday'; write it as 2024-12-01"):
        choice(replay=tmp_path, at="yesterday")


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="which is no folder"):
        choice(replay=tmp_path / "nowhere")
