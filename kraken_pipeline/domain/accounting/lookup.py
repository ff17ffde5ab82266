"""What was known of assets when the account was read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.symbols import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """When entries were read, and what names and prices were known then."""

    at: datetime
    asset_of: Callable[[str], Asset | None]
    """The economic asset of a bucket, by Kraken's own id; None if the exchange lists none."""
    worth_of: Callable[[Asset, Decimal], Decimal | None]
    """A qty of an asset in base currency; None if nothing prices it."""
