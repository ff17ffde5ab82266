"""What assets count for as collateral. There is no margin here, but the terms are told.

Source: Assets as it was answered on 2026-09-03, and for EUR, GBP and USDT in 2025.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an asset is pledged."""

    value: Decimal
    """What share of its worth counts, 0 to 1."""
    margin_rate: Decimal
    """What lending it costs, a share of the amount."""


def _terms(value: str, margin_rate: str) -> Terms:
    return Terms(value=Decimal(value), margin_rate=Decimal(margin_rate))


TERMS: Final[Mapping[str, Terms]] = {
    "USD": _terms("1", "0.025"),
    "EUR": _terms("1", "0.02"),
    "GBP": _terms("1", "0.02"),
    "USDT": _terms("0.995", "0.02"),
    "XBT": _terms("0.99", "0.01"),
    "ETH": _terms("0.99", "0.02"),
}
"""By altname; an asset that is not among them is no collateral."""
