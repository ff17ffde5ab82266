"""Whether what the account is worth is explained."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.identity import is_incomplete, result
from kraken_pipeline.domain.accounting.lots import Lot
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import START, USD, XBT, figures


def _lot(qty: str, cost: str | None) -> Lot:
    return Lot(
        lot_id="L1",
        acquired_at=START + timedelta(hours=1),
        qty=Decimal(qty),
        cost=None if cost is None else Decimal(cost),
        fee=ZERO,
        unit=ZERO,
        basis=Basis.PAID,
    )


CASH = AssetBook(
    asset=USD,
    qty=Decimal(899),
    flows=Decimal(1000),
    fees=Decimal(1),
    swapped=Decimal(-100),
)
COINS = AssetBook(asset=XBT, qty=Decimal(2), lots=(_lot("2", "100"),), swapped=Decimal(100))


def _priced(prices: Mapping[Asset, str]) -> Mapping[Asset, Decimal]:
    return {asset: Decimal(each) for asset, each in prices.items()}


def test_what_was_bought_at_a_hundred_and_is_worth_more_gained_the_difference() -> None:
    told = result([CASH, COINS], _priced({XBT: "60"}).get, USD)

    assert figures(told.equity, told.unrealised, told.flows, told.fees) == (1019, 20, 1000, 1)
    assert figures(told.residual, told.uncosted, told.incomplete) == (0, 0, ())


def test_what_has_no_price_counts_as_its_cost_and_is_named() -> None:
    told = result([CASH, COINS], _priced({}).get, USD)

    assert figures(told.equity, told.unrealised, told.incomplete) == (999, 0, (XBT,))
    assert told.residual == 0


def test_what_is_sold_to_nothing_needs_no_price() -> None:
    sold = AssetBook(asset=XBT, realised=Decimal(7), swapped=Decimal(7))

    told = result([sold], _priced({}).get, USD)

    assert told.incomplete == ()


def test_what_came_at_no_known_cost_is_neither_profit_nor_loss() -> None:
    found = AssetBook(asset=XBT, qty=Decimal(2), lots=(_lot("2", None),), unpriced=1)

    told = result([found], _priced({XBT: "60"}).get, USD)

    assert figures(told.equity, told.unrealised, told.uncosted, told.residual) == (120, 0, 120, 0)


def test_books_that_do_not_add_up_show_by_how_much() -> None:
    wrong = AssetBook(asset=USD, qty=Decimal(899), flows=Decimal(1000), fees=Decimal(1))

    assert result([wrong, COINS], _priced({XBT: "60"}).get, USD).residual == -100


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (COINS, False),
        (AssetBook(asset=XBT, qty=Decimal(-1)), True),
        (AssetBook(asset=XBT, qty=Decimal(2), lots=(_lot("2", None),)), True),
        (AssetBook(asset=XBT, unpriced=1), True),
    ],
)
def test_a_profit_is_known_whole_or_said_not_to_be(book: AssetBook, *, expected: bool) -> None:
    assert is_incomplete(book) is expected
