import pytest

from kraken_pipeline.cli.summary import books_said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////data/portfolio.db", "/data/portfolio.db"),
        ("postgresql://me:word@host/books", "postgresql://me:***@host/books"),
    ],
)
def test_a_cycle_says_where_its_books_are_and_no_password(url: str, said: str) -> None:
    assert books_said(url) == said
