import stat
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring.exchange import MarketChoice
from kraken_pipeline.wiring.home import settled


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").mkdir()
    return {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "config"),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
    }


def arranged(environ: dict[str, str], choice: MarketChoice) -> dict[str, str]:
    """Return the environment as `settled` does, of which there is nothing to tell."""
    told: list[str] = []
    env = settled(environ, choice, tell=told.append)
    assert told == []
    return env


def configured(environ: dict[str, str], text: str) -> dict[str, str]:
    Path(environ["KRAKEN_PIPELINE_CONFIG_DIR"], "config.yaml").write_text(text)
    return environ


def test_folders_are_there_afterwards_and_dagster_is_set_up(
    environ: dict[str, str], tmp_path: Path
) -> None:
    env = arranged(environ, MarketChoice())

    home = Path(env["DAGSTER_HOME"])
    assert home == tmp_path / "data" / "dagster"
    assert "ConsolidatedSqliteEventLogStorage" in (home / "dagster.yaml").read_text()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("choice", "folder"),
    [
        (MarketChoice(), "data"),
        (MarketChoice(seed=7), "data/seed-7"),
        (MarketChoice(replay=Path("/somewhere/ohlc")), "data/replay-ohlc"),
    ],
    ids=str,
)
def test_each_market_has_books_of_its_own(
    environ: dict[str, str], tmp_path: Path, choice: MarketChoice, folder: str
) -> None:
    env = arranged(environ, choice)

    assert env["KRAKEN_PIPELINE_DATA_DIR"] == str(tmp_path / folder)


def test_a_relative_home_of_dagster_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="DAGSTER_HOME is 'here'; it must be an absolute"):
        arranged(environ | {"DAGSTER_HOME": "here"}, MarketChoice())


def test_a_home_of_dagster_below_a_file_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="can not be written: Not a directory"):
        arranged(environ | {"DAGSTER_HOME": str(tmp_path / "file" / "home")}, MarketChoice())


def test_a_market_is_not_chosen_for_a_simulator_that_has_one(environ: dict[str, str]) -> None:
    given = environ | {"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:9"}

    with pytest.raises(ConfigurationError, match="has its market already"):
        arranged(given, MarketChoice(seed=7))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strategies: {enabled: [momentum]}", "strategies.enabled names momentum: there is no"),
        (
            "strategies: {configs: {trend_core: {params: {profil: balanced}}}}",
            "strategies.configs.trend_core.params: there is no parameter 'profil'",
        ),
        (
            "strategies: {configs: {trend_core: {params: {atr_bars: 1}}}}",
            "atr_bars is 1: use a whole number from 2 to 200",
        ),
    ],
)
def test_a_wrong_strategy_is_found_before_anything_starts(
    environ: dict[str, str], text: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        arranged(configured(environ, text), MarketChoice())

    assert said in str(refused.value)


def test_live_is_refused_before_anything_starts(environ: dict[str, str], tmp_path: Path) -> None:
    live = "execution: {mode: live}\nrisk: {max_per_strategy_pct: {trend_core: 5}}\n"

    with pytest.raises(ConfigurationError, match="live trading is refused"):
        arranged(configured(environ, live), MarketChoice())

    assert not (tmp_path / "data").exists()
