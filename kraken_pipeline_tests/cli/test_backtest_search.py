import json
from pathlib import Path

import pytest

from kraken_pipeline.services.research.plan import Evidence
from kraken_pipeline.store.searches import SearchFiles
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.cli.test_backtest import history  # noqa: F401 - a fixture

SEARCH = (
    *("backtest", "search", "--strategy", "trend_core", "--timeframe", "1h"),
    *("--since", "2024-02-18", "--until", "2024-02-26", "--folds", "2", "--trials", "2"),
    *("--choose", "profile=balanced,aggressive", "--purge-days", "1"),
)


def test_a_search_ends_in_words_and_in_a_file_with_its_hash(
    command: Command,
    history: dict[str, str],  # noqa: F811 - that fixture
) -> None:
    said = command(*SEARCH, environ=history)
    again = json.loads(command(*SEARCH, "--json", environ=history).out)

    assert said.code == 0, said.err
    assert "too few to tell skill from luck" in said.out
    assert "fold 2 of 2: 2 trials" in said.err
    assert again["sha256"] in said.out
    assert again["evidence"]["judged"]["trials"] == 4
    tests = [each["came"] for each in again["evidence"]["fitted"]]
    assert all(each["fills"] >= 2 * each["trades"] for each in tests)
    assert sum(each["fills"] for each in tests) > 0
    shown = command(
        *("backtest", "run", "--since", "2024-02-18", "--until", "2024-02-26"),
        *("--timeframe", "1h"),
        environ=history,
    )
    assert "the same after 5 trials" in shown.out
    name = Path(again["file"]).parent.name
    searches = SearchFiles(Path(history["KRAKEN_PIPELINE_DATA_DIR"]))
    assert searches.read(name, "evidence", Evidence).plan.search_id == name


def test_a_search_on_some_pairs_says_which_and_is_another_search(
    command: Command,
    history: dict[str, str],  # noqa: F811 - that fixture
) -> None:
    some = json.loads(command(*SEARCH, "--pair", "ADAUSD", "--json", environ=history).out)
    others = command(*SEARCH, "--pair", "ETHUSD", environ=history).out

    assert some["evidence"]["plan"]["wanted"]["pairs"] == ["ADAUSD"]
    assert "it was tried on ETHUSD alone" in others
    assert some["file"] not in others


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--choose", "nothing"), "is no choice"),
        (("--choose", "profil=a,b"), "did you mean profile"),
        (("--choose", "atr_bars=5:500"), "atr_bars=500 cannot be chosen"),
        (("--folds", "40"), "cannot be divided"),
        (("--strategy", "nobody"), "nobody"),
        (("--pair", "NOUSD"), "NOUSD is not in the universe"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_makes_no_search_is_refused_with_its_remedy(
    command: Command,
    history: dict[str, str],  # noqa: F811 - that fixture
    more: tuple[str, ...],
    said: str,
) -> None:
    ended = command(*SEARCH, *more, environ=history)

    assert ended.code == 2
    assert said in ended.err
