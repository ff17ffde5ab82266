import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.world import claim
from kraken_pipeline_tests.store.builders import NOW


def test_who_comes_first_owns_the_books_and_finds_them_again(database: Database) -> None:
    claim(database, "kraken")
    claim(database, "kraken")

    with pytest.raises(ConfigurationError, match="books of the kraken"):
        claim(database, "simulator")


def test_a_refusal_changes_nothing(database: Database) -> None:
    claim(database, "simulator")
    with pytest.raises(ConfigurationError):
        claim(database, "kraken")

    claim(database, "simulator")


def test_books_that_were_written_before_are_those_of_a_simulator(database: Database) -> None:
    SqlHaltStore(database).latch(HaltKind.OPERATOR, reason="a test", at=NOW, by="a test")

    with pytest.raises(ConfigurationError, match="books of the simulator"):
        claim(database, "kraken")
    claim(database, "simulator")
