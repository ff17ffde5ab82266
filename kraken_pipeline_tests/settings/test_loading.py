import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings, dump, effective, load, prepare_data_dir

Write = Callable[..., dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files and give the environment that points at them."""

    def written(*, env: str = "paper", **files: str) -> dict[str, str]:
        for name, text in files.items():
            (tmp_path / f"{name.replace('_', '.')}.yaml").write_text(text)
        return {
            "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path),
            "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "data"),
            "KRAKEN_PIPELINE_ENV": env,
        }

    return written


def refusal(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(environ)
    return str(caught.value).splitlines()


def test_without_any_file_everything_is_default(write: Write) -> None:
    loaded = load(write())

    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.warnings == ()


def test_the_overlay_lies_over_the_file_and_the_variable_over_both(write: Write) -> None:
    environ = write(
        config="risk:\n  max_per_asset_pct: 4\n  max_spread_bps: 50\n",
        config_paper="\nrisk:\n  max_per_asset_pct: 3.5\nportfolio:\n  db_url: sqlite:///a.db\n",
    )

    loaded = load({**environ, "KRAKEN_PIPELINE_DB_URL": "postgresql://u:word@h/db"})

    assert str(loaded.settings.risk.max_per_asset_pct) == "3.5"
    assert loaded.settings.risk.max_spread_bps == 50
    assert loaded.database_url == "postgresql://u:word@h/db"
    assert loaded.origins["risk.max_per_asset_pct"] == "config.paper.yaml:3"
    assert loaded.origins["risk.max_spread_bps"] == "config.yaml:3"
    assert loaded.origins["portfolio.db_url"] == "KRAKEN_PIPELINE_DB_URL"
    assert loaded.origins["risk.max_open_positions"] == "default"


def test_only_the_overlay_of_the_environment_is_read(write: Write) -> None:
    files = {"config_live": "nonsense: 1\n", "config_dev": "risk:\n  max_spread_bps: 7\n"}

    assert load(write(**files)).settings.risk.max_spread_bps == 100
    assert load(write(env="dev", **files)).settings.risk.max_spread_bps == 7


def test_mappings_are_joined_and_lists_are_replaced(write: Write) -> None:
    loaded = load(
        write(
            config="strategies:\n  enabled: [a, b]\nrisk:\n  max_per_strategy_pct: {a: 1}\n",
            config_paper="strategies:\n  enabled: [b]\n  configs: {a: {}}\n"
            "risk:\n  max_per_strategy_pct: {b: 2}\n",
        )
    )

    assert loaded.settings.strategies.enabled == ("b",)
    assert dict(loaded.settings.risk.max_per_strategy_pct) == {"a": 1, "b": 2}
    assert loaded.origins["risk.max_per_strategy_pct.a"] == "config.yaml:4"
    assert loaded.origins["risk.max_per_strategy_pct.b"] == "config.paper.yaml:5"


def test_the_hash_does_not_tell_from_which_layer_a_value_came(write: Write) -> None:
    first = load(write(config="risk:\n  max_spread_bps: 7\n", config_paper=""))
    second = load(write(config="", config_paper="risk:\n  max_spread_bps: 7\n"))
    third = load(write(config="", config_paper=dump(second.settings)))

    assert first.hash == second.hash == third.hash
    assert first.hash != load(write(config="", config_paper="")).hash


def test_all_problems_of_all_files_are_told_with_file_and_line(write: Write) -> None:
    environ = write(
        config="risk:\n  max_per_aset_pct: 5\nexecution:\n  mode: life\n",
        config_paper="guard:\n  interval_seconds: 0\n  interval_seconds: 1\n",
    )

    lines = refusal(environ)

    folder = environ["KRAKEN_PIPELINE_CONFIG_DIR"]
    assert [line.split(": ")[0] for line in lines] == [
        f"{folder}/config.yaml:2",
        f"{folder}/config.yaml:4",
        f"{folder}/config.paper.yaml:3",
        f"{folder}/config.paper.yaml:2",
    ]
    assert "nearest valid key is risk.max_per_asset_pct" in lines[0]


def test_what_is_wrong_in_one_layer_is_not_hidden_by_the_next(write: Write) -> None:
    [line] = refusal(write(config="risk: 5\n", config_paper="risk:\n  max_spread_bps: 7\n"))

    assert "config.yaml:1: risk is 5, but must have keys below it" in line


def test_a_contradiction_is_told_where_it_was_written(write: Write) -> None:
    [line] = refusal(write(config="\nrisk:\n  max_portfolio_risk_pct: 0.5\n"))

    assert "config.yaml:3: risk.max_risk_per_trade_pct is 1.0 % of NAV, above" in line


def test_live_without_caps_is_refused_and_a_dump_with_caps_is_not(write: Write) -> None:
    live = "execution: {mode: live}\n"
    [line] = refusal(write(config=live))

    loaded = load(write(config=live + "risk: {max_per_strategy_pct: {trend_core: 10}}\n"))

    assert "config.yaml:1: execution.mode is live, but risk.max_per_strategy_pct" in line
    assert load(write(config=dump(loaded.settings))).hash == loaded.hash


def test_a_password_in_a_file_is_refused_and_not_repeated(write: Write) -> None:
    [line] = refusal(write(config="portfolio:\n  db_url: postgresql://u:hidden-word@h/db\n"))

    assert "config.yaml:2: portfolio.db_url holds a password" in line
    assert "KRAKEN_PIPELINE_DB_URL" in line
    assert "hidden-word" not in line


def test_a_wrong_database_variable_is_refused_and_not_repeated(write: Write) -> None:
    [line] = refusal({**write(), "KRAKEN_PIPELINE_DB_URL": "mysql://u:hidden-word@h/db"})

    assert line.startswith("KRAKEN_PIPELINE_DB_URL: portfolio.db_url is text of 26 characters")


def test_the_effective_configuration_shows_value_unit_and_origin(write: Write) -> None:
    environ = write(config="risk:\n  max_risk_per_trade_pct: 0.50\n")

    loaded = load({**environ, "KRAKEN_PIPELINE_DB_URL": "postgresql://u:hidden-word@h/db"})

    rows = effective(loaded)
    assert ("risk.max_risk_per_trade_pct", "0.50 % of NAV", "config.yaml:2") in rows
    assert ("risk.min_strategy_weight_pct", "0 % of allocation", "default") in rows
    assert ("execution.mode", "paper", "default") in rows
    assert ("execution.max_pair_notional_usd", "null", "default") in rows
    assert ("universe.filters.statuses", "[online]", "default") in rows
    assert {row[0] for row in rows} == set(loaded.origins)
    assert not any("hidden-word" in value for _, value, _ in rows)


def test_files_that_look_like_configuration_and_are_not_read_are_named(write: Write) -> None:
    environ = write(config="", config_papr="")
    (Path(environ["KRAKEN_PIPELINE_CONFIG_DIR"]) / "config.yml").write_text("")

    warnings = load(environ).warnings

    assert [warning.split(" is not read")[0].split("/")[-1] for warning in warnings] == [
        "config.papr.yaml",
        "config.yml",
    ]


def test_an_overlay_that_live_asks_for_and_does_not_find_is_a_warning(write: Write) -> None:
    [warning] = load(write(env="live")).warnings

    assert warning.startswith("KRAKEN_PIPELINE_ENV is live, but ")


def test_a_warning_is_no_refusal(write: Write) -> None:
    [warning] = load(write(config="strategies:\n  enabled: [other]\n")).warnings

    assert "config.yaml:2: risk.max_per_strategy_pct has no entry for other" in warning


@pytest.mark.parametrize(
    ("given", "path"),
    [("null", "{data}/portfolio.db"), ("a/b.db", "{data}/a/b.db"), ("/x/b.db", "/x/b.db")],
)
def test_the_books_lie_in_the_data_folder_unless_moved(write: Write, given: str, path: str) -> None:
    loaded = load(write(config=f"portfolio:\n  db_path: {given}\n"))

    assert loaded.database_url == "sqlite:///" + path.format(data=loaded.data_dir)


def test_bars_and_pairs_lie_in_the_data_folder_unless_moved(write: Write) -> None:
    usual = load(write())
    moved = load(write(config="market_data:\n  ohlc_store: {root_dir: ~/bars}\n"))

    assert usual.bars_dir == usual.data_dir / "ohlc"
    assert usual.metadata_path == usual.data_dir / "metadata.json"
    assert moved.bars_dir == Path.home() / "bars"


def test_the_data_folder_is_made_for_its_owner_only(write: Write) -> None:
    folder = prepare_data_dir(load(write()))

    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []
    assert prepare_data_dir(load(write())) == folder


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("/proc/nothing", "cannot be made: "),
        ("/dev/null/data", "cannot be made: Not a directory"),
        ("/proc", "cannot be written to: "),
    ],
)
def test_a_data_folder_that_cannot_be_used_is_named(write: Write, folder: str, says: str) -> None:
    loaded = load({**write(), "KRAKEN_PIPELINE_DATA_DIR": folder})

    with pytest.raises(ConfigurationError, match=f"the data folder {folder} {says}"):
        prepare_data_dir(loaded)


def test_a_data_folder_that_became_a_file_is_named(write: Write) -> None:
    loaded = load(write())
    loaded.data_dir.write_text("")

    with pytest.raises(ConfigurationError, match="is no folder"):
        prepare_data_dir(loaded)


def test_reading_the_configuration_loads_no_heavy_library() -> None:
    heavy = "dagster", "pandas", "numpy", "sqlalchemy", "requests"
    code = f"import sys, kraken_pipeline.settings; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_a_loaded_configuration_cannot_be_changed(write: Write) -> None:
    loaded: Loaded = load(write())

    with pytest.raises(AttributeError):
        loaded.hash = ""  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        loaded.origins["x"] = ""  # type: ignore[index]  # the same
