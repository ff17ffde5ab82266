import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Snapshot, Wishes
from kraken_pipeline_tests.cli.conftest import Command, Said

FIRST, LAST = "2024-02-20", "2024-02-26"


@pytest.fixture
def history(stocked: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine with stored bars, whose exchange does not answer."""
    shutil.copytree(stocked, tmp_path / "machine")
    return {
        "KRAKEN_PIPELINE_CONFIG_DIR": str(tmp_path / "machine" / "config"),
        "KRAKEN_PIPELINE_DATA_DIR": str(tmp_path / "machine" / "data"),
        "KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1",
    }


def document(said: Said) -> Any:  # noqa: ANN401 - JSON is of any shape
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_a_run_is_kept_shown_listed_compared_reported_and_removed(
    command: Command, history: dict[str, str], tmp_path: Path
) -> None:
    asked = ("--since", FIRST, "--until", LAST, "--timeframe", "1h", "--pair", "ETHUSD", "--json")

    one = document(command("backtest", "run", *asked, environ=history))
    two = document(command("backtest", "run", *asked, "--cash", "5000", environ=history))

    assert len(one["days"]) == 7
    assert one["asked"]["pairs"] == "ETHUSD"
    listed = document(command("backtest", "list", "--json", environ=history))
    assert {each["run"] for each in listed} == {one["run_id"], two["run_id"]}
    assert document(command("backtest", "show", one["run_id"], "--json", environ=history)) == one
    said = command("backtest", "compare", one["run_id"], two["run_id"], environ=history)
    assert re.search(r"cash.*10000 USD.*5000 USD", said.out)
    assert "pairs" not in said.out.partition("asked differently")[2]
    out = tmp_path / "report.html"
    written = command("backtest", "report", one["run_id"], "--out", str(out), environ=history)
    assert (written.code, one["run_id"] in out.read_text()) == (0, True)
    command("backtest", "remove", one["run_id"], environ=history)
    assert len(document(command("backtest", "list", "--json", environ=history))) == 2
    command("backtest", "remove", one["run_id"], "--yes", environ=history)
    left = document(command("backtest", "list", "--json", environ=history))
    assert [each["run"] for each in left] == [two["run_id"]]


def test_parameters_that_were_tried_one_run_at_a_time_are_trials(
    command: Command, history: dict[str, str]
) -> None:
    asked = (
        *("backtest", "run", "--since", "2024-02-18", "--until", LAST, "--timeframe", "1h"),
        *("--json", "--strategy", "trend_core", "--param"),
    )

    def trials(profile: str, *more: str) -> int | None:
        luck = document(command(*asked, f"profile={profile}", *more, environ=history))["luck"]
        return None if luck["deflated"] is None else int(luck["deflated"]["trials"])

    assert trials("balanced") is None
    assert trials("aggressive") == 2
    assert trials("aggressive", "--cash", "5000") == 2


def test_a_run_says_that_its_strategy_went_wrong(
    command: Command, history: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        raise ValueError("no")

    broken = replace(STRATEGIES["trend_core"], decide=fails, awake=None)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": broken})

    said = command(
        *("backtest", "run", "--since", FIRST, "--until", FIRST, "--timeframe", "1h"),
        environ=history,
    )

    assert "note: trend_core went wrong at 3 of its closes" in said.out
    assert "STRATEGY_FAULT: ValueError: no" in said.out
    assert "note: trend_core was not asked any more after 3 faults in a row" in said.out


def test_a_run_says_what_it_assumed_and_what_to_know(
    command: Command, history: dict[str, str]
) -> None:
    said = command(
        *("backtest", "run", "--since", FIRST, "--until", FIRST),
        *(
            "--timeframe",
            "1h",
            "--strategy",
            "trend_core",
            "--param",
            "profile=aggressive",
            "--spread-bps",
            "25",
        ),
        environ=history,
    )

    assert said.code == 0
    assert "assumed: bid and ask are 25 bps apart" in said.out
    assert "note: no universe of then is kept" in said.out
    shown = document(command("backtest", "show", "--json", environ=history))
    assert "profile aggressive" in shown["asked"]["trend_core"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--cash", "much"), "--cash is 'much': use a plain number"),
        (("--cash", "-1"), "cash is -1: use an amount above zero"),
        (("--spread-bps", "5000"), "spread_bps is 5000: use basis points from 0 to 1000"),
        (("--strategy", "nobody"), "nobody"),
        (("--timeframe", "7m"), "7m"),
        (("--pair", "NOPEUSD"), "NOPEUSD is not in the universe"),
        (("--param", "profile=balanced"), "--param is of one strategy"),
        (("--strategy", "trend_core", "--param", "profile"), "write NAME=VALUE"),
        (("--strategy", "trend_core", "--param", "profil=x"), "did you mean profile"),
        (("--until", "2024-02-01"), "has no bar"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_run_is_refused_with_its_remedy(
    command: Command, history: dict[str, str], more: tuple[str, ...], said: str
) -> None:
    ended = command("backtest", "run", "--since", FIRST, "--until", LAST, *more, environ=history)

    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_bars_that_are_missing_refuse_a_run_and_nothing_is_kept(
    command: Command, history: dict[str, str]
) -> None:
    said = command(
        *("backtest", "run", "--since", "2020-01-01", "--until", "2020-02-01"),
        *("--timeframe", "1h"),
        environ=history,
    )

    assert said.code == 2
    assert "`kraken-pipeline history fetch` and `history import` bring them" in said.err
    assert document(command("backtest", "list", "--json", environ=history)) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("show", "nothing"), "none yet: `backtest run` makes one"),
        (("show",), "no one run is 'latest'"),
        (("report", "--out", "x.html"), "no one run is 'latest'"),
        (("compare", "one"), "name two or more"),
        (("remove", "nothing", "--yes"), "there is no backtest 'nothing'"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_a_run_that_is_not_there_is_a_clear_error(
    command: Command, fresh: dict[str, str], asked: tuple[str, ...], said: str
) -> None:
    ended = command("backtest", *asked, environ=fresh)

    assert ended.code == 2
    assert said in ended.err


def test_without_a_run_the_list_says_what_makes_one(
    command: Command, fresh: dict[str, str]
) -> None:
    assert "`backtest run` makes one" in command("backtest", "list", environ=fresh).out


def test_without_bars_of_a_day_what_holding_gave_is_told_by_those_that_were_decided_on(
    command: Command, history: dict[str, str]
) -> None:
    asked = ("--since", FIRST, "--until", LAST, "--timeframe", "1h", "--strategy", "dca_overlay")
    before = document(command("backtest", "run", *asked, "--json", environ=history))
    shutil.rmtree(Path(history["KRAKEN_PIPELINE_DATA_DIR"], "ohlc", "1d"))

    after = document(command("backtest", "show", "--json", environ=history))

    held = before["bought_and_held"]
    assert held is not None
    assert after["bought_and_held"] == held
