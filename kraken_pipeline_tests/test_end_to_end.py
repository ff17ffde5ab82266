"""Whole cycles as a person runs them: what they print, what they leave, what they never leave."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.wiring.exchange import SECRET
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.programs import environment, left_over, run

pytestmark = pytest.mark.slow

PARTS = (
    r"^Cycle at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$",
    r"^pairs +\d+ tradable, \d+ out, each with its reason$",
    # a second cycle within the same minute has no timeframe to name
    r"^bars +\d+ new",
    r"^decisions +\d+ \(",
    r"^intents +\d+$",
    r"^denials +",
    r"^(orders +none|orders of this cycle: \d+)$",
    r"^equity +[\d.]+ before, [\d.]+ after \(USD\)$",
    r"the books equal the balances$",
    r"^seconds +[\d.]+; by stage: ",
    r"^books +/.*portfolio\.db",
    r"^next +",
)
"""What the summary of a cycle has, a line each."""


def missing_parts(shown: str) -> list[str]:
    return [each for each in PARTS if not re.search(each, shown, re.MULTILINE)]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder on which two cycles ran on the made-up market."""
    root = tmp_path_factory.mktemp("made_up")
    env = environment(root)
    for _ in range(2):
        ended = run("cycle", env=env)
        assert (ended.returncode, missing_parts(ended.stdout)) == (0, []), ended.stderr
    yield root
    shutil.rmtree(root)


def test_two_cycles_on_the_made_up_market_end_well_and_leave_no_process(made_up: Path) -> None:
    assert left_over(made_up) == []


@pytest.mark.parametrize("secret", [SECRET, "API-Sign", "KRAKEN_API_SECRET", "SIMULATOR_SECRET"])
def test_no_file_of_the_data_folder_shows_the_secret(made_up: Path, secret: str) -> None:
    files = [each for each in (made_up / "data").rglob("*") if each.is_file()]

    showing = [each for each in files if secret.encode() in each.read_bytes()]

    assert len(files) > 20
    assert showing == []


def test_dagster_kept_both_cycles_with_their_runs(made_up: Path) -> None:
    names = {each.name for each in (made_up / "data" / "dagster").iterdir()}

    assert "dagster.yaml" in names
    assert {"history", "event_log.db"} & names


def test_two_cycles_on_recorded_candles_end_well(tmp_path: Path, recorded: Path) -> None:
    env = environment(tmp_path, "")
    first, second = (
        run("cycle", "--replay", str(recorded / "ohlc"), "--at", "2024-12-01T00:00", env=env)
        for _ in range(2)
    )

    assert (first.returncode, missing_parts(first.stdout)) == (0, []), first.stderr
    assert (second.returncode, missing_parts(second.stdout)) == (0, []), second.stderr
    moments = [re.search(r"Cycle at (.*) UTC", each.stdout) for each in (first, second)]
    assert [each[1] for each in moments if each] == ["2024-12-01 00:00:00", "2024-12-01 04:00:00"]
    assert (tmp_path / "data" / "replay-ohlc" / "portfolio.db").is_file()


@pytest.mark.parametrize(
    ("told", "heavy"),
    [
        (("-c", "import kraken_pipeline.definitions"), ("pandas", "pyarrow", "matplotlib")),
        (("-m", "kraken_pipeline", "status"), ("dagster", "pandas", "pyarrow", "matplotlib")),
        (("-m", "kraken_pipeline", "orders", "list-open"), ("dagster", "pandas", "pyarrow")),
        (("-m", "kraken_pipeline", "config", "show"), ("dagster", "pandas", "pyarrow")),
    ],
    ids=lambda each: each[-1],
)
def test_nothing_heavy_is_loaded_where_it_is_not_needed(
    tmp_path: Path, told: tuple[str, ...], heavy: tuple[str, ...]
) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", *told],
        env=environment(tmp_path),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "kraken_pipeline" in loaded
    assert loaded.isdisjoint(heavy)
