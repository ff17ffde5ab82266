import pytest

from kraken_pipeline.domain.errors import KeyMissingError
from kraken_pipeline.secrets.environment import KEY, SECRET, key_from


@pytest.mark.parametrize("environ", [{}, {KEY: "", SECRET: " "}, {"PATH": "/bin"}])
def test_an_environment_that_says_nothing_of_a_key_gives_none(environ: dict[str, str]) -> None:
    assert key_from(environ) is None


def test_both_variables_give_a_key_without_the_blanks_of_a_copy() -> None:
    found = key_from({KEY: " a-key\n", SECRET: "c2VjcmV0\n"})

    assert found is not None
    assert (found.key, found.secret) == ("a-key", "c2VjcmV0")


@pytest.mark.parametrize(("there", "missing"), [(KEY, SECRET), (SECRET, KEY)])
@pytest.mark.parametrize("other", [{}, {"EMPTY": ""}])
def test_one_alone_is_an_error_that_names_the_other(
    there: str, missing: str, other: dict[str, str]
) -> None:
    environ = {there: "a-canary", **({missing: ""} if other else {})}

    with pytest.raises(KeyMissingError, match=f"{there} is set, but {missing} is not") as refused:
        key_from(environ)

    assert "canary" not in str(refused.value)
