"""Fixtures: tables to copy."""

from kraken_pipeline_tests.services.fixtures import empty_books

__all__ = ["empty_books"]
