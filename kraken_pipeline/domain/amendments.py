"""Changing an order that rests, without taking it out of the book."""

from dataclasses import dataclass, fields

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import Price, Qty, decimal_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is to change. None leaves a word of the order as it is (OMS-12)."""

    qty: Qty | None = None
    """The new total, with what filled; below that the rest is canceled. In base."""
    limit_price: Price | None = None
    """In quote per base."""
    trigger_price: Price | None = None
    """In quote per base."""
    display_qty: Qty | None = None
    """What an iceberg shows, in base."""
    post_only: bool = False
    """The change is refused if the order would then take."""

    def __post_init__(self) -> None:
        """Refuse what changes nothing, and what is no amount.

        Raises:
            InvalidValueError: no word changes, or an amount is not above zero.
        """
        told = {
            each.name: value
            for each in fields(self)
            if each.name != "post_only" and (value := getattr(self, each.name)) is not None
        }
        if not told:
            raise InvalidValueError("an amendment changes nothing: give qty, price or trigger")
        for name, value in told.items():
            if decimal_from(value) <= 0:
                raise InvalidValueError(f"amendment: {name} is {value}, which must be above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """The exchange took the change; what the order became is what it shows later."""

    amend_id: str
    kraken_order_id: str
