"""Whether the account's own books hold what the account has."""

from decimal import Decimal

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.holdings import differing
from kraken_pipeline.domain.nav import Valuation
from kraken_pipeline.domain.symbols import Asset


def booked(asset: str, qty: str) -> AssetBook:
    return AssetBook(asset=Asset(asset), qty=Decimal(qty))


def there(asset: str, qty: str) -> Valuation:
    return Valuation(asset=Asset(asset), qty=Decimal(qty), price=None, source="a test")


def test_what_is_equal_or_flat_does_not_differ() -> None:
    books = [booked("XBT", "1.50"), booked("ETH", "0")]

    assert differing(books, [there("XBT", "1.5")]) == {}


def test_a_difference_of_the_last_digit_is_named_with_both_sides() -> None:
    books = [booked("XBT", "1"), booked("OLD", "3")]

    assert differing(books, [there("XBT", "1.00000001"), there("NEW", "2")]) == {
        "NEW": "booked 0, there 2",
        "OLD": "booked 3, there 0",
        "XBT": "booked 1, there 1.00000001",
    }
