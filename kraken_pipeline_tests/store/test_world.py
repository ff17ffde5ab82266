import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.world import claim
from kraken_pipeline_tests.store.builders import NOW


def test_who_comes_first_owns_the_books_and_finds_them_again(database: Database) -> None:
    claim(database, "live")
    claim(database, "live")

    with pytest.raises(ConfigurationError, match="belong to live, and this is paper"):
        claim(database, "paper")


def test_a_refusal_changes_nothing(database: Database) -> None:
    claim(database, "paper")
    with pytest.raises(ConfigurationError):
        claim(database, "live")

    claim(database, "paper")


def test_books_that_were_written_before_are_those_of_paper(database: Database) -> None:
    SqlHaltStore(database).latch(HaltKind.OPERATOR, reason="a test", at=NOW, by="a test")

    with pytest.raises(ConfigurationError, match="belong to paper"):
        claim(database, "live")
    claim(database, "paper")
