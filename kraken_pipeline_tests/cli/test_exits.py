"""Exit codes, and what every command has in common."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import typer

from kraken_pipeline import cli
from kraken_pipeline.cli.exits import MEANINGS, OF_COMMANDS, Exit
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket

UNTIL_IT_IS_ENDED = {"dev", "guard", "simulator serve", "warm"}
"""They talk while they run: there is no one document to print."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command as it is typed."""

    help: str
    epilog: str
    options: frozenset[str]


def _commands(app: typer.Typer, path: str = "") -> Iterator[tuple[str, Typed]]:
    for each in app.registered_commands:
        made = typer.main.get_command_from_info(
            each, pretty_exceptions_short=True, rich_markup_mode=None
        )
        options = frozenset(name for option in made.params for name in option.opts)
        typed = Typed(help=made.help or "", epilog=made.epilog or "", options=options)
        yield f"{path}{made.name}", typed
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _commands(group.typer_instance, f"{path}{group.name} ")
        alone = group.typer_instance.registered_callback
        if alone is not None and alone.invoke_without_command:
            made = typer.main.get_group_from_info(
                group, pretty_exceptions_short=True, rich_markup_mode=None, suggest_commands=False
            )
            options = frozenset(name for option in made.params for name in option.opts)
            yield (
                f"{path}{made.name}",
                Typed(help=made.help or "", epilog=made.epilog or "", options=options),
            )


@pytest.fixture(scope="module")
def commands() -> dict[str, Typed]:
    return dict(_commands(cli.app))


def test_every_command_says_what_it_does_and_how_it_may_end(
    commands: dict[str, Typed],
) -> None:
    for name, each in commands.items():
        assert each.help, name
        assert each.epilog.startswith("Exit codes: 0 done; "), name


def test_codes_are_only_told_of_commands_that_there_are(
    commands: dict[str, Typed],
) -> None:
    assert set(OF_COMMANDS) <= set(commands)


def test_every_command_that_ends_by_itself_can_print_json(
    commands: dict[str, Typed],
) -> None:
    lacking = {name for name, each in commands.items() if "--json" not in each.options}

    assert lacking <= UNTIL_IT_IS_ENDED


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


def test_help_shows_the_codes(command: Command, fresh: dict[str, str]) -> None:
    said = command("orders", "cancel", "--help", environ=fresh)

    assert "3 denied by a safety rule" in " ".join(said.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        "status",
        "doctor",
        "audit verify",
        "config show",
        "explain drift",
        "explain pair ADAUSD",
        "explain asset USD",
        "keys where",
        "orders list-open",
        "orders recent-executions",
        "reconcile",
        "reconcile explain USD",
        "run-once",
    ],
)
def test_what_is_printed_for_programs_is_one_document(
    command: Command, market: PaperMarket, arguments: str
) -> None:
    said = command(*arguments.split(), "--json", environ=market.environ)

    assert said.code == 0, said.err
    assert json.loads(said.out) is not None


def test_the_help_has_every_command_under_what_it_is_for() -> None:
    of_commands = {each.rich_help_panel for each in cli.app.registered_commands}
    of_groups = {each.rich_help_panel for each in cli.app.registered_groups}

    assert of_commands | of_groups == {"Trading", "Looking", "Safety", "Setting up"}
