"""The tree of errors: each name says what the caller may do next."""

import inspect

import pytest

from kraken_pipeline.domain import errors
from kraken_pipeline.domain.errors import (
    ExchangeError,
    OutcomeUnknownError,
    PipelineError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)

ALL = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if each.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", ALL)
def test_every_error_of_ours_is_told_from_a_bug(error: type[Exception]) -> None:
    assert issubclass(error, PipelineError)


@pytest.mark.parametrize("error", ALL)
def test_every_error_stands_in_the_tree_at_the_top_of_the_page(error: type[Exception]) -> None:
    assert error.__name__ in str(errors.__doc__)


def test_being_told_to_wait_may_be_tried_again() -> None:
    assert issubclass(RateLimitedError, UnreachableError)


@pytest.mark.parametrize("unsure", [OutcomeUnknownError, UnexpectedReplyError])
def test_what_may_have_been_done_is_never_something_to_try_again(
    unsure: type[ExchangeError],
) -> None:
    assert not issubclass(unsure, UnreachableError)
