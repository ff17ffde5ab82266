"""What the pages for people tell to type is there to be typed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer import main
from typer.core import TyperGroup

from kraken_pipeline.cli import app

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")})
CALL: Final = re.compile(r"(?:^|(?<=`))kraken-pipeline((?: +[^\s`;|&#)]+)+)", re.MULTILINE)
"""In code: a line that begins with it, or what stands between backticks."""
OPTION: Final = re.compile(r"--[a-z][a-z-]*")
PROGRAM: Final = main.get_command(app)


def calls(page: Path) -> Iterator[list[str]]:
    """Yield the words after the program's name, wherever a page has it."""
    for found in CALL.finditer(page.read_text()):
        yield found[1].split()


def wrong_in(words: list[str]) -> str:
    """Return what a call names that is not there; nothing if all of it is."""
    command, rest = PROGRAM, list(words)
    while rest and isinstance(command, TyperGroup):
        name = rest[0].rstrip(".,:")
        if name not in command.commands:
            # without a command: options of the program itself, or a placeholder
            return name if name[:1].isalpha() and name.islower() else ""
        command = command.commands[name]
        rest.pop(0)
    known = {"--help", *(each for option in command.params for each in option.opts)}
    known |= {each for option in command.params for each in option.secondary_opts}
    return " ".join(each for word in rest for each in OPTION.findall(word) if each not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda each: str(each.relative_to(ROOT)))
def test_every_command_that_a_page_tells_of_exists_with_its_options(page: Path) -> None:
    assert [(words, wrong) for words in calls(page) if (wrong := wrong_in(words))] == []


def test_the_pages_tell_of_many() -> None:
    assert sum(len(list(calls(page))) for page in PAGES) > 60


@pytest.mark.parametrize(
    ("call", "wrong"), [("statsu", "statsu"), ("status --jsn", "--jsn"), ("keys forgot", "forgot")]
)
def test_what_is_not_there_is_found(call: str, wrong: str) -> None:
    assert wrong_in(call.split()) == wrong
