"""What `cli/__init__.py` does with what goes wrong."""

import pytest

from kraken_pipeline.cli.exits import OF_ERRORS
from kraken_pipeline.domain import errors
from kraken_pipeline_tests.cli.conftest import Command

DOCUMENTED = {
    errors.ConfigurationError: 2,
    errors.UnknownNameError: 2,
    errors.RefusedError: 3,
    errors.LeaseLostError: 3,
    errors.OrderRefusedError: 4,
    errors.OutcomeUnknownError: 5,
    errors.UnexpectedReplyError: 5,
    errors.ImpossibleFactError: 6,
    errors.RateLimitedError: 7,
    errors.UnreachableError: 7,
    errors.AuthError: 8,
    errors.ConflictError: 1,
}


@pytest.mark.parametrize("kind", DOCUMENTED, ids=lambda kind: kind.__name__)
def test_each_error_ends_with_the_code_of_its_class(kind: type[errors.PipelineError]) -> None:
    found = next(code for each, code in OF_ERRORS if issubclass(kind, each))

    assert found == DOCUMENTED[kind]


def test_an_error_of_ours_is_one_sentence_without_a_traceback(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("cycle", "--at", "2024-01-01", environ=fresh)

    assert said.code == 2
    assert said.err.count("\n") == 1
    assert said.err.startswith("kraken-pipeline: --at says where to begin")


@pytest.mark.parametrize("arguments", [(), ("orders",), ("config",), ("keys",)])
def test_without_a_command_help_is_shown(
    command: Command, fresh: dict[str, str], arguments: tuple[str, ...]
) -> None:
    said = command(*arguments, environ=fresh)

    assert "Usage" in said.out + said.err
