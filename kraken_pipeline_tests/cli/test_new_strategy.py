"""`strategy new`: what it writes passes its own tests, and can be installed and run."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.conftest import REPOSITORY


def ran(*arguments: str, folder: Path, **more: str) -> str:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(folder)]), **more}
    said = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environ,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


@pytest.fixture
def package(command: Command, fresh: dict[str, str], tmp_path: Path) -> Path:
    said = command("strategy", "new", "my_trend", "--into", str(tmp_path), environ=fresh)

    assert said.code == 0, said.err
    assert f"pip install -e {tmp_path / 'my_trend'}" in said.out
    return tmp_path / "my_trend"


@pytest.mark.slow
def test_what_is_written_passes_its_own_tests(package: Path) -> None:
    assert "4 passed" in ran("-m", "pytest", "-q", "-p", "no:cacheprovider", folder=package)


@pytest.mark.slow
def test_once_installed_it_is_a_strategy_like_any_other(
    package: Path, fresh: dict[str, str]
) -> None:
    # as an installer leaves it: the module beside a folder that says what it brings
    told = tomllib.loads((package / "pyproject.toml").read_text())
    [(group, brought)] = told["project"]["entry-points"].items()
    info = package / "my_trend-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {told['project']['name']}\nVersion: 0.1.0\n")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in brought.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))

    listed = ran("-m", "kraken_pipeline", "strategy", "list", folder=package, **fresh)
    checked = ran("-m", "kraken_pipeline", "strategy", "check", "my_trend", folder=package, **fresh)

    assert "kraken-strategy-my-trend 0.1.0" in listed
    assert "FAULTS" not in checked
    assert "1d sound: 48 closes" in checked


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("My-Trend", "cannot be a strategy's name: use 3 to 40 small letters"),
        ("trend_core", "there is a strategy 'trend_core' already"),
        ("json", "a module of Python's own"),
        ("class", "a word of Python's own"),
        ("numpy", "there is a Python module 'numpy' already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(
    command: Command, fresh: dict[str, str], tmp_path: Path, name: str, why: str
) -> None:
    said = command("strategy", "new", name, "--into", str(tmp_path), environ=fresh)

    assert said.code == 2
    assert why in said.err
    assert not (tmp_path / name).exists()


def test_what_is_there_already_is_not_written_over(
    command: Command, fresh: dict[str, str], package: Path
) -> None:
    said = command("strategy", "new", "my_trend", "--into", str(package.parent), environ=fresh)

    assert said.code == 2
    assert "is there already: choose another name or --into" in said.err


def test_a_folder_that_cannot_be_written_is_named(
    command: Command, fresh: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    into = tmp_path / "file" / "mine"

    said = command("strategy", "new", "my_trend", "--into", str(into), environ=fresh)

    assert (said.code, f"--into is '{into}', which cannot be written" in said.err) == (2, True)
