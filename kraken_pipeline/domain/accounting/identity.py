"""Whether what the account is worth is explained, to the last digit, by what happened to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from kraken_pipeline.domain.accounting.booking import WORTHLESS
from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the account, in base currency.

    `equity == unrealised + realised + flows + income - fees + adjusted + unexplained + stated +
    uncosted`, exactly; in the tax view `taxed` stands for `realised`, and of the fees only those
    that belong to no cost and no proceeds are taken off.
    """

    equity: Decimal
    """Of what has a price."""
    unrealised: Decimal
    """Of lots whose cost is known, without fees."""
    realised: Decimal
    taxed: Decimal
    income: Decimal
    flows: Decimal
    fees: Decimal
    expensed: Decimal
    """Those of the fees that belong to no cost and no proceeds."""
    adjusted: Decimal
    unexplained: Decimal
    stated: Decimal
    uncosted: Decimal
    """What nobody can call profit or loss: worth and proceeds of what came at no known cost, less
    the cost of what went at no known price."""
    residual: Decimal
    """What nothing explains. Anything but zero is a fault of these books."""
    incomplete: tuple[Asset, ...]
    """Assets whose profit is not known whole: something of them could not be valued, or more went
    out than is known to have come."""


def result(
    books: Iterable[AssetBook], price: Callable[[Asset], Decimal | None], base_currency: Asset
) -> Result:
    """Add up the accounts of all assets, with what is held at its price.

    What has no price now counts as its cost, and makes its asset incomplete.

    Args:
        books: of every asset, the base currency with them.
        price: base currency per unit now; None where nobody can say.
        base_currency: a unit of it is worth 1.
    """
    found = list(books)
    with localcontext(EXACT):
        prices = {each.asset: price(each.asset) for each in found} | {base_currency: Decimal(1)}
        prices |= dict.fromkeys(WORTHLESS, ZERO)
        held = [
            (each.qty, ZERO, ZERO) if each.asset == base_currency else _held(each, prices)
            for each in found
        ]
        equity = sum((worth for worth, _, _ in held), ZERO)
        unrealised = sum((gain for _, gain, _ in held), ZERO)
        swapped = sum((each.swapped for each in found), ZERO)
        uncosted = sum((each.uncosted for each in found), swapped)
        uncosted += sum((unknown for _, _, unknown in held), ZERO)
        explained = sum((each.explained for each in found), unrealised)
        explained += sum((unknown for _, _, unknown in held), ZERO)
        fees, tax_fees = _sum(found, "fees"), _sum(found, "tax_fees")
        return Result(
            equity=equity,
            unrealised=unrealised,
            realised=_sum(found, "realised"),
            taxed=_sum(found, "taxed"),
            income=_sum(found, "income"),
            flows=_sum(found, "flows"),
            fees=fees,
            expensed=fees - tax_fees,
            adjusted=_sum(found, "adjusted"),
            unexplained=_sum(found, "unexplained"),
            stated=_sum(found, "stated"),
            uncosted=uncosted,
            residual=equity - explained,
            incomplete=tuple(
                each.asset
                for each in found
                if is_incomplete(each) or (each.qty and prices[each.asset] is None)
            ),
        )


def is_incomplete(book: AssetBook) -> bool:
    """Tell whether an asset's profit is not known whole."""
    return bool(book.unpriced) or book.qty < 0 or any(each.cost is None for each in book.lots)


def _sum(books: Iterable[AssetBook], name: str) -> Decimal:
    return sum((getattr(each, name) for each in books), ZERO)


def _held(
    book: AssetBook, prices: Mapping[Asset, Decimal | None]
) -> tuple[Decimal, Decimal, Decimal]:
    """Return what is held: its worth, what it gained, and the worth of what has no known cost."""
    price, cost = prices[book.asset], book.cost
    if price is None:
        return cost, ZERO, ZERO
    qty = sum((each.qty for each in book.lots if each.cost is not None), ZERO)
    return book.qty * price, qty * price - cost, (book.qty - qty) * price
