import json
from pathlib import Path

import pytest

from kraken_pipeline.settings import load
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.cli.test_history import real
from kraken_pipeline_tests.store.candles import HOURLY, SHELVES, bars, damage

__all__ = ["real"]
DAY = 86_400
LAST_OF_JANUARY = 1_706_659_200
"""2024-01-31, Unix seconds."""


def day(folder: Path, begin: int) -> str:
    """Write a file with the hours of a day but one, in which nothing traded.

    The last one is left out when it is taken in, as no later one shows that it was over.
    """
    folder.mkdir()
    rows = (f"{begin + 3600 * hour},1,2,1,2,10,7\n" for hour in range(24) if hour != 5)
    (folder / "XBTUSD_60.csv").write_text("".join(rows))
    return str(folder)


@pytest.fixture
def damaged(command: Command, real: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of who has three days, of which the second is damaged."""
    for number in range(3):
        folder = day(tmp_path / f"files{number}", LAST_OF_JANUARY + number * DAY)
        command("history", "import", folder, environ=real)
    damage(load(real).bars_dir, 1)
    return real


def gaps(command: Command, environ: dict[str, str]) -> dict[str, int]:
    [told] = json.loads(command("history", "show", "--json", environ=environ).out)
    missing: dict[str, int] = told["missing"]
    return missing


def test_damage_is_named_and_ends_with_6(command: Command, damaged: dict[str, str]) -> None:
    said = command("history", "verify", environ=damaged)
    [hourly] = [
        each
        for each in json.loads(command("history", "verify", "--json", environ=damaged).out)
        if each["damages"]
    ]

    assert said.code == 6
    assert "damaged: 1h 2024-02 part-000001-000001" in said.out
    assert "`kraken-pipeline history repair` takes out what is damaged" in said.out
    assert (hourly["timeframe"], hourly["parts"], hourly["rows"]) == ("1h", 3, 45)


def test_what_was_taken_out_counts_as_never_read_and_can_be_brought_back(
    command: Command, damaged: dict[str, str], tmp_path: Path
) -> None:
    said = command("history", "repair", environ=damaged)
    lacking = gaps(command, damaged)
    command("history", "import", str(tmp_path / "files1"), environ=damaged)

    assert said.code == 0
    assert "brings them back" in said.out
    assert lacking == {"not_in_archive": 1, "not_fetched": 25}
    assert command("history", "verify", environ=damaged).code == 0
    assert gaps(command, damaged) == {"not_in_archive": 2, "not_fetched": 2}


def test_what_is_whole_needs_no_repair(command: Command, real: dict[str, str]) -> None:
    said = command("history", "repair", environ=real)

    assert (said.code, said.out.strip()) == (0, "no bar is stored")
    assert command("history", "verify", environ=real).code == 0


def test_parts_are_merged_and_all_is_there(
    command: Command, real: dict[str, str], tmp_path: Path
) -> None:
    for number in range(3):
        folder = day(tmp_path / f"files{number}", LAST_OF_JANUARY + number * DAY)
        command("history", "import", folder, environ=real)

    told = json.loads(command("history", "compact", "--json", environ=real).out)

    assert {each["timeframe"]: each["fewer_parts"] for each in told}["1h"] == 1
    assert gaps(command, real) == {"not_in_archive": 3, "not_fetched": 1}
    assert "compacted" in command("history", "compact", environ=real).out


@pytest.mark.parametrize("kind", list(SHELVES))
def test_the_doctor_says_that_bars_are_damaged(
    command: Command, fresh: dict[str, str], tmp_path: Path, kind: str
) -> None:
    (tmp_path / "config").mkdir()
    chosen = f"market_data: {{ohlc_store: {{backend: {kind}}}}}\n"
    (tmp_path / "config" / "config.yaml").write_text(chosen)
    folder = load(fresh).bars_dir
    ShelvedBars(SHELVES[kind](folder)).append(HOURLY, [bars("XBTUSD", [4])])
    damage(folder, 0)

    said = command("doctor", environ=fresh)

    assert said.code == 6
    assert "fail  bars            1 damages, the first in 1h 2026-02" in said.out
    assert "`history repair` takes it out" in said.out
