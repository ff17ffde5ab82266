"""The fixtures of a whole paper account."""

from kraken_pipeline_tests.services.fixtures import desk, empty_books, foreseen, served

__all__ = ["desk", "empty_books", "foreseen", "served"]
