"""That every mutation still fits the code. What they come to is for `make mutate` to see."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from kraken_pipeline_tests.mutations.mutation import Mutation
from kraken_pipeline_tests.mutations.table import MUTATIONS
from kraken_pipeline_tests.mutations.workshop import REPOSITORY


def name_of(mutation: Mutation) -> str:
    return mutation.name


def source_of(mutation: Mutation) -> str:
    return (REPOSITORY / "kraken_pipeline" / mutation.file).read_text(encoding="utf-8")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=name_of)
def test_a_mutation_breaks_what_stands_there_and_names_tests_that_are_there(
    mutation: Mutation,
) -> None:
    whole = ast.dump(ast.parse(source_of(mutation)))

    broken = ast.dump(ast.parse(mutation.applied(source_of(mutation))))

    assert broken != whole
    assert mutation.tests
    assert all((Path(__file__).parent / test).is_file() for test in mutation.tests)


def test_no_two_mutations_have_one_name() -> None:
    assert [name for name, times in Counter(map(name_of, MUTATIONS)).items() if times > 1] == []


def test_a_text_that_is_not_there_is_an_error() -> None:
    lost = Mutation(file="a.py", text="gone", broken="", rule="is kept", tests=("test_a.py",))

    with pytest.raises(ValueError, match="stands 0 times"):
        lost.applied("something else")
