import json
import os
import re
from pathlib import Path

import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.paper_market import PaperMarket

RECORDED = Path(
    os.environ.get("KRAKEN_RECORDED", REPOSITORY.parent / "shared" / "kraken" / "recorded")
)
ROWS = "".join(f"{1_706_659_200 + 3600 * hour},1,2,1,2,10,7\n" for hour in range(24) if hour != 5)
"""The hours of the last day of January 2024 but one."""


@pytest.fixture
def real(fresh: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of who trades on paper on the exchange's own market."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("paper:\n  market: kraken\n")
    return {each: fresh[each] for each in fresh if not each.endswith("SIMULATOR_URL")}


@pytest.fixture
def files(tmp_path: Path) -> str:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "XBTUSD_60.csv").write_text(ROWS)
    (folder / "XBTUSD_30.csv").write_text(ROWS)
    return str(folder)


def test_files_are_taken_and_what_was_passed_over_is_told(
    command: Command, real: dict[str, str], files: str
) -> None:
    said = command("history", "import", files, environ=real)

    assert said.code == 0
    assert "23 new bars of 23 read" in said.out
    assert "passed over: XBTUSD_30.csv: 30 minutes is no timeframe of ours" in said.out
    assert "23 candles, 100 %, 0 s left" in said.err
    assert re.search(r"23 read in \d+\.\d s, \d+ a second", said.out)


def test_a_second_import_adds_nothing(command: Command, real: dict[str, str], files: str) -> None:
    command("history", "import", files, environ=real)

    told = json.loads(command("history", "import", files, "--json", environ=real).out)

    assert told["added"] == 0
    assert told["candles_a_second"] == 23 / told["seconds"]
    assert [each["same"] for each in told["files"]] == [23]


def test_a_refused_file_is_told_with_its_line_and_ends_with_2(
    command: Command, real: dict[str, str], files: str
) -> None:
    (Path(files) / "ETHUSD_60.csv").write_text(f"{ROWS}x,1,1,1,1,1,1\n")

    said = command("history", "import", files, environ=real)

    assert said.code == 2
    assert "refused: ETHUSD_60.csv: line 24: time is 'x'" in said.out
    assert "23 new bars of 23 read" in said.out


def test_only_a_pair_and_a_timeframe_that_are_wanted_are_taken(
    command: Command, real: dict[str, str], files: str
) -> None:
    said = command("history", "import", files, "--pair", "ETHUSD", environ=real)
    wrong = command("history", "import", files, "--timeframe", "2h", environ=real)

    assert (said.code, wrong.code) == (2, 2)
    assert "no file of candles of ETHUSD" in said.err
    assert "'2h' is no timeframe" in wrong.err


def test_real_candles_are_not_put_beside_those_of_a_made_up_market(
    command: Command, fresh: dict[str, str], files: str
) -> None:
    said = command("history", "import", files, environ=fresh)

    assert said.code == 2
    assert "set paper.market: kraken" in said.err


def test_what_is_stored_is_shown_with_its_source(
    command: Command, real: dict[str, str], files: str
) -> None:
    command("history", "import", files, environ=real)

    said = command("history", "show", "XBTUSD", environ=real).out

    assert "1 not_in_archive" in said
    assert "XBTUSD_60.csv" in said
    assert "no two sources differ" in said


def test_what_is_stored_is_shown_for_programs(
    command: Command, real: dict[str, str], files: str
) -> None:
    command("history", "import", files, environ=real)

    [told] = json.loads(command("history", "show", "--json", environ=real).out)

    assert (told["pair"], told["timeframe"], told["bars"]) == ("XBTUSD", "1h", 23)
    assert told["missing"] == {"not_in_archive": 1}
    assert [each["source"] for each in told["covered"]] == ["archive"]


def test_gaps_are_listed_with_their_reasons(
    command: Command, real: dict[str, str], files: str
) -> None:
    command("history", "import", files, environ=real)

    [gap] = json.loads(command("history", "gaps", "XBTUSD", "1h", "--json", environ=real).out)

    assert gap == {
        "first": "2024-01-31 05:00:00",
        "until": "2024-01-31 06:00:00",
        "bars": 1,
        "reason": "not_in_archive",
    }
    assert "nothing is missing" in command("history", "gaps", "XBTUSD", "1d", environ=real).out


@pytest.mark.parametrize("spelling", ["BTC/USD", "btcusd", "xbt-usd"])
def test_a_pair_is_shown_by_any_spelling(
    command: Command, real: dict[str, str], files: str, spelling: str
) -> None:
    command("history", "import", files, environ=real)

    [told] = json.loads(command("history", "show", spelling, "--json", environ=real).out)

    assert told["pair"] == "XBTUSD"
    assert command("history", "gaps", spelling, "1h", environ=real).code == 0


def test_a_pair_is_shown_by_kraken_s_own_name_once_a_listing_is_kept(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    told = json.loads(command("history", "show", "XETHZUSD", "--json", environ=market.environ).out)

    assert {each["pair"] for each in told} == {"ETHUSD"}


def test_a_pair_that_is_not_stored_is_named(command: Command, real: dict[str, str]) -> None:
    assert command("history", "show", environ=real).out.strip() == "no bar is stored"
    for arguments in (("show", "XBTUSD"), ("gaps", "XBTUSD", "1h")):
        said = command("history", *arguments, environ=real)

        assert said.code == 2
        assert "no bar of 'XBTUSD' is stored" in said.err


def test_everything_recorded_is_taken_and_agrees_where_it_overlaps(
    command: Command, real: dict[str, str]
) -> None:
    if not RECORDED.is_dir():
        pytest.skip(f"{RECORDED} is not there")

    told = json.loads(
        command("history", "import", str(RECORDED / "ohlc"), "--json", environ=real).out
    )

    assert len(told["files"]) == 29
    assert told["added"] == 446_132
    assert {each["refused"] for each in told["files"]} == {""}
    assert sum(each["same"] for each in told["files"]) == 153 + 3154 + 3178
    assert {each["differing"] for each in told["files"]} == {0}
