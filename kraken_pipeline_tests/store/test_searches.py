from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.services.research.conduct import EVIDENCE, PLAN, fold_name
from kraken_pipeline.store.searches import SearchFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    ratio: float


PART = Part(name="a", ratio=0.1)


@pytest.fixture
def searches(tmp_path: Path) -> SearchFiles:
    return SearchFiles(tmp_path)


def test_a_part_is_read_as_it_was_kept(searches: SearchFiles) -> None:
    searches.keep("one", PLAN, PART)
    searches.keep("one", fold_name(2), PART)

    assert searches.read("one", fold_name(2), Part) == PART
    assert searches.names() == ("one",)
    assert not searches.has("one", EVIDENCE)


def test_the_same_part_has_the_same_hash_and_another_another(searches: SearchFiles) -> None:
    first = searches.keep("one", PLAN, PART)

    assert searches.keep("two", PLAN, PART) == first
    assert searches.keep("one", PLAN, Part(name="b", ratio=0.1)) != first


def test_what_was_changed_by_hand_is_refused(searches: SearchFiles) -> None:
    searches.keep("one", EVIDENCE, PART)
    path = searches.path("one", EVIDENCE)
    path.write_text(path.read_text().replace("0.1", "9.9"))

    with pytest.raises(ConfigurationError, match="not as it was written: do that part again"):
        searches.read("one", EVIDENCE, Part)


@pytest.mark.parametrize("content", ["", "{", '{"sha256":"x"}', "[]"])
def test_a_torn_file_is_refused_and_named(searches: SearchFiles, content: str) -> None:
    searches.keep("one", PLAN, PART)
    searches.path("one", PLAN).write_text(content)

    with pytest.raises(ConfigurationError, match=r"plan\.json cannot be read"):
        searches.read("one", PLAN, Part)


def test_a_search_that_is_not_there_is_named_beside_those_that_are(searches: SearchFiles) -> None:
    searches.keep("one", PLAN, PART)

    with pytest.raises(UnknownNameError, match="no plan of a search 'two'; there are: one"):
        searches.read("two", PLAN, Part)
