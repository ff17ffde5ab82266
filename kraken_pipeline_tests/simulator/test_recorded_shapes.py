"""Our answers beside recorded ones, place by place: the same names, types, nesting and formats.

`recorded_table.py` says which question gave which answer, `recorded_exceptions.py` names every
difference with its reason. A recorded answer without a question fails here, and so does a reason
that nothing needs.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.anatomy import agreements, differences
from kraken_pipeline_tests.simulator.conftest import SECRET, Client, Json
from kraken_pipeline_tests.simulator.recorded_exceptions import EXCEPTIONS, NO_QUESTION
from kraken_pipeline_tests.simulator.recorded_table import ROWS, Row, world_of
from kraken_pipeline_tests.simulator.treasury_client import let_move_funds

CAPTURED = ("kasync_", "live", "nautilus_", "xchange2025_")
FORM = "application/x-www-form-urlencoded"
HOLDINGS = ("ZUSD", "USDT", "USDC", "XXBT", "XETH", "SOL", "ATOM", "ADA")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = Settings(
        folder=tmp_path_factory.mktemp("recorded") / "state",
        secret=SECRET,
        clock="fixed",
        deposits=dict.fromkeys(HOLDINGS, Decimal(10_000)),
    )
    with simulated(settings) as served, requests.Session() as session:
        let_move_funds(served)
        yield Client(served.url, session)


@pytest.fixture(scope="module")
def answers(client: Client) -> Mapping[str, Json]:
    """Our answers by file, asked in the order of the table: some change what others see."""
    world = world_of(client)
    return {row.file: row.asked(client, world) for row in ROWS}


def result(recorded: Path, file: str) -> Json:
    answer = json.loads((recorded / "rest" / f"{file}.json").read_text(encoding="utf-8"))
    return answer.get("result", answer)


def excepted(file: str) -> dict[str, str]:
    """Return the reasons for differences from a file."""
    return {place: why for of, places, why in EXCEPTIONS if of == file for place in places}


def covering(difference: str, exceptions: Mapping[str, str]) -> str | None:
    """Return the exception that covers a difference: of its place, or of one that it lies under."""
    under = (each for each in exceptions if difference.startswith((f"{each}/", f"{each}[")))
    return difference if difference in exceptions else next(under, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_an_answer_differs_from_the_recorded_one_only_where_a_reason_stands(
    recorded: Path, answers: Mapping[str, Json], row: Row
) -> None:
    answer, exceptions = answers[row.file], excepted(row.file)
    assert answer["error"] == []

    found = differences(answer["result"], result(recorded, row.file))

    covered = {difference: covering(difference, exceptions) for difference in found}
    assert {d: found[d] for d, exception in covered.items() if exception is None} == {}
    assert set(exceptions) - set(covered.values()) == set(), "these exceptions are not needed"


def test_every_recorded_answer_has_a_row_or_a_reason(recorded: Path) -> None:
    files = {path.stem for path in (recorded / "rest").iterdir() if path.name.startswith(CAPTURED)}

    assert {row.file for row in ROWS} | set(NO_QUESTION) == files
    assert len(ROWS) == len({row.file for row in ROWS})


def test_so_many_places_agree_and_so_many_differ(
    recorded: Path, answers: Mapping[str, Json], capsys: pytest.CaptureFixture[str]
) -> None:
    agreeing = differing = 0
    for row in ROWS:
        theirs = result(recorded, row.file)
        agreeing += agreements(answers[row.file]["result"], theirs)
        differing += len(differences(answers[row.file]["result"], theirs))
    exceptions = sum(len(places) for _, places, _ in EXCEPTIONS)
    told = (
        f"{len(ROWS)} answers: {agreeing} places agree, {exceptions} exceptions cover {differing}"
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{told} differences\n")

    assert (len(ROWS), agreeing, exceptions, differing) == (84, 819, 103, 219)


@pytest.mark.parametrize("file", ["kasync_errors", "live2026-09-03_errors"])
def test_refusals_are_the_recorded_ones(recorded: Path, client: Client, file: str) -> None:
    ours = {
        "EGeneral:Permission denied": client.call("CreateSubaccount"),
        "EGeneral:Invalid arguments": client.public("OHLC", interval=360),
        "EQuery:Unknown asset pair": client.public("Ticker", pair="NOTAPAIR"),
        "EAPI:Invalid key": client.sent("BalanceEx", "nonce=1", 1, FORM, **{"API-Key": "junk"}),
    }

    for line in (recorded / "rest" / f"{file}.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        theirs = told.get("body", told)
        assert ours[theirs["error"][0]] == theirs
