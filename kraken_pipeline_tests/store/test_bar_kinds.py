from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.store.bar_kinds import open_shelf
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.store.candles import HOURLY, SHELVES, bars


@pytest.mark.parametrize("kind", list(SHELVES))
def test_a_folder_of_bars_is_opened_again_as_what_it_is(tmp_path: Path, kind: str) -> None:
    ShelvedBars(open_shelf(tmp_path, kind)).append(HOURLY, [bars("XBTUSD", [0])])

    assert isinstance(open_shelf(tmp_path, kind), SHELVES[kind])  # type: ignore[arg-type] # classes, as it happens
    assert list(ShelvedBars(open_shelf(tmp_path, kind)).newest(HOURLY)) == ["XBTUSD"]


@pytest.mark.parametrize(("held", "asked"), [("parquet", "sqlite"), ("sqlite", "parquet")])
def test_a_folder_of_another_kind_is_refused_with_the_remedy(
    tmp_path: Path, held: str, asked: str
) -> None:
    ShelvedBars(open_shelf(tmp_path, held)).append(HOURLY, [bars("XBTUSD", [0])])

    with pytest.raises(ConfigurationError, match=f"kept as {held}, and .* is {asked}: set it to"):
        open_shelf(tmp_path, asked)
