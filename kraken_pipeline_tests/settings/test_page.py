"""Every setting is told of, and the page for people is the one that the schema makes."""

import pytest

from kraken_pipeline.settings.fields import Section
from kraken_pipeline_tests.settings_page import PAGE, page, sections, words

SECTIONS = dict(sections())


@pytest.mark.parametrize("name", list(SECTIONS))
def test_every_setting_says_what_it_does(name: str) -> None:
    section = SECTIONS[name]
    told = {key: said.partition("Source: ")[0] for key, said in words(section).items()}

    assert [key for key in _plain(section) if not told.get(key)] == []


def test_the_page_is_as_the_schema_is() -> None:
    assert PAGE.read_text() == page(), "python -m kraken_pipeline_tests.settings_page --write"


def test_what_nothing_acts_on_says_so() -> None:
    [row] = [each for each in page().splitlines() if each.startswith("| `max_retries`")]

    assert row.endswith("Nothing in this version acts on it. |")


def _plain(section: type[Section]) -> list[str]:
    return [
        key
        for key, field in section.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Section))
    ]
