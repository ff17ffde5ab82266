"""Pictures as files, of what was imported."""

from pathlib import Path

import pytest

from kraken_pipeline_tests.cli.conftest import Command

PNG = b"\x89PNG"
FIRST = 1_704_067_200
"""Midnight of 2024, UTC."""


@pytest.fixture
def imported(command: Command, fresh: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Take in three hours of one pair and two of another, and return the environment."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("paper: {market: kraken}\n")
    environ = {each: fresh[each] for each in fresh if not each.endswith("SIMULATOR_URL")}
    files = tmp_path / "files"
    files.mkdir()
    for pair, hours in (("XBTUSD", 3), ("ETHUSD", 2)):
        rows = [f"{FIRST + 3600 * each},10,12,9,11,1.5,3\n" for each in range(hours)]
        (files / f"{pair}_60.csv").write_text("".join(rows))
    assert command("history", "import", str(files), environ=environ).code == 0
    return environ


def test_coverage_and_candles_are_written_and_named(
    command: Command, imported: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "pictures" / "of bars"

    said = command("history", "chart", "--out", str(out), environ=imported)

    names = ["coverage-1h.png", "candles-XBTUSD-1h.png"]
    assert (said.code, said.out.splitlines()) == (0, [str(out / each) for each in names])
    assert all((out / each).read_bytes().startswith(PNG) for each in names)


def test_the_candles_of_another_pair_can_be_asked_for(
    command: Command, imported: dict[str, str], tmp_path: Path
) -> None:
    command("history", "chart", "--out", str(tmp_path), "--pair", "ETHUSD", environ=imported)

    assert (tmp_path / "candles-ETHUSD-1h.png").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--pair", "NOUSD"), "NOUSD"),
        (("--timeframe", "7m"), "7m"),
        (("--timeframe", "1d"), "no bar is stored"),
    ],
)
def test_what_is_not_there_is_said(
    command: Command, imported: dict[str, str], tmp_path: Path, wrong: tuple[str, str], said: str
) -> None:
    told = command("history", "chart", "--out", str(tmp_path / "new"), *wrong, environ=imported)

    assert told.code == 2
    assert said in told.err
    assert not (tmp_path / "new").exists()
