import json
from datetime import timedelta

import pytest

from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.store.locks import SqlLockStore
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.builders import lock
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


@pytest.fixture
def locks(pipeline: Pipeline) -> tuple[Lock, ...]:
    """Lock a pair, and everything."""
    pipeline.keep_books()
    now = pipeline.clock()
    made = tuple(
        lock(lock_id=name, pair=pair, since=now, until=now + timedelta(hours=1))
        for name, pair in (("Kaa1", "ADAUSD"), ("Kab2", ""))
    )
    return SqlLockStore(pipeline.stores.database).add(made, at=now, by="a test")


def test_a_fresh_machine_has_no_lock(command: Command, fresh: dict[str, str]) -> None:
    assert "no lock" in command("locks", "list", environ=fresh).out
    assert command("locks", "clear", "--reason", "why not", environ=fresh).out == "no lock\n"


def test_what_is_locked_is_listed_and_shown_by_status_and_explain(
    command: Command, market: PaperMarket, locks: tuple[Lock, ...]
) -> None:
    listed = json.loads(command("locks", "list", "--json", environ=market.environ).out)
    status = json.loads(command("status", "--json", environ=market.environ).out)
    explained = json.loads(
        command("explain", "pair", "ETHUSD", "--json", environ=market.environ).out
    )

    assert [(each["lock_id"], each["pair"], each["code"]) for each in listed] == [
        ("Kaa1", "ADAUSD", "STOP_GUARD"),
        ("Kab2", "all", "STOP_GUARD"),
    ]
    assert status["locks"] == [str(each) for each in locks]
    assert [each["lock_id"] for each in explained["locks"]] == ["Kab2"]


@pytest.mark.parametrize(
    ("given", "stays"),
    [((), []), (("Kaa",), ["Kab2"]), (("--pair", "ADA/USD"), ["Kab2"])],
)
def test_locks_are_cleared_all_or_one_or_of_a_pair(
    command: Command,
    market: PaperMarket,
    locks: tuple[Lock, ...],
    given: tuple[str, ...],
    stays: list[str],
) -> None:
    said = command("locks", "clear", *given, "--reason", "looked", environ=market.environ)

    assert said.code == 0
    assert said.out.startswith("cleared stop_loss_guard of ")
    left = json.loads(command("locks", "list", "--json", environ=market.environ).out)
    assert [each["lock_id"] for each in left] == stays


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "cleared with a reason"),
        (("K", "--reason", "looked"), "2 locks in force have an id that begins with 'K'"),
        (("Kaa1", "--pair", "ADAUSD", "--reason", "looked"), "not both"),
    ],
)
def test_what_is_not_clear_clears_nothing(
    command: Command,
    market: PaperMarket,
    locks: tuple[Lock, ...],
    given: tuple[str, ...],
    says: str,
) -> None:
    said = command("locks", "clear", *given, environ=market.environ)

    assert said.code == 2
    assert says in said.err
