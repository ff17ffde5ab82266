from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings.environment import ENVIRONMENTS, VARIABLES, surroundings


def typos(name: str) -> Iterator[str]:
    for at, character in enumerate(name):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + ("X" if character != "X" else "Y") + name[at + 1 :]
        yield name[:at] + "X" + name[at:]
        yield name[:at] + name[at + 1 : at + 2] + character + name[at + 2 :]


@pytest.mark.parametrize("name", VARIABLES)
def test_every_typo_of_a_variable_stops_the_start_and_names_it(name: str) -> None:
    """F-CFG-1: the same of every variable."""
    for typo in set(typos(name)) - {name}:
        with pytest.raises(ConfigurationError) as caught:
            surroundings({typo: "/x", "PATH": "/bin"})

        assert str(caught.value).startswith(f"{typo} is set in the environment")
        assert f"Did you mean {name}?" in str(caught.value)


def test_a_variable_in_small_letters_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean"):
        surroundings({"kraken_pipeline_env": "live"})


def test_variables_of_others_are_left_alone() -> None:
    found = surroundings({"HOME": "/h", "KRAKEN_RECORDED": "/r", "KRAKEN_SIMULATOR_SECRET": "s"})

    assert found.env == "paper"
    assert found.db_url is None
    assert found.simulator_url is None


def test_folders_are_those_of_the_user_if_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    monkeypatch.setenv("XDG_DATA_HOME", "/d")

    found = surroundings({})

    assert found.config_dir == Path("/c/kraken_pipeline")
    assert found.data_dir == Path("/d/kraken_pipeline")


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_may_be_asked_for(env: str) -> None:
    assert surroundings({"KRAKEN_PIPELINE_ENV": env}).env == env


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ENV", "livee", "must be one of dev, paper, live. Did you mean live?"),
        ("ENV", "Live", "must be one of dev, paper, live."),
        ("ENV", "", "is set to nothing"),
        ("DATA_DIR", " ", "is set to nothing"),
        ("DATA_DIR", "data", "is relative. Give the whole path: /"),
        ("CONFIG_DIR", "/dev/null", "is no folder"),
        ("SIMULATOR_URL", "https://api.kraken.com", "no http address of this machine"),
        ("SIMULATOR_URL", "http://api.kraken.com", "no http address of this machine"),
        ("SIMULATOR_URL", "http://127.0.0.1@api.kraken.com", "no http address of this machine"),
        ("SIMULATOR_URL", "http://localhost:port", "no http address of this machine"),
        ("SIMULATOR_URL", "127.0.0.1:80", "no http address of this machine"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        surroundings({f"KRAKEN_PIPELINE_{name}": value})

    assert str(caught.value).startswith(f"KRAKEN_PIPELINE_{name} is ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "http://127.8.8.8"]
)
def test_a_simulator_on_this_machine_may_be_named(url: str) -> None:
    assert surroundings({"KRAKEN_PIPELINE_SIMULATOR_URL": url}).simulator_url == url


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        surroundings({"KRAKEN_PIPELINE_MODE": "live", "KRAKEN_PIPELINE_ENV": "prod"})

    assert len(str(caught.value).splitlines()) == 2


def test_a_configuration_folder_that_does_not_exist_is_a_warning(tmp_path: Path) -> None:
    [warning] = surroundings({"KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "no")}).warnings

    assert "does not exist: no file was read" in warning


def test_a_database_address_is_not_shown() -> None:
    found = surroundings({"KRAKEN_PIPELINE_DB_URL": "postgresql://u:hidden-word@h/db"})

    assert "hidden-word" not in repr(found)
