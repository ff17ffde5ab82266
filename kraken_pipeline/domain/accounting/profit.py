"""What became of an account in each of some periods, to the last digit, under any cost method."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting import identity
from kraken_pipeline.domain.accounting.fold import Accounts, AssetBook
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset


class View(StrEnum):
    """Where a fee counts (PF-7)."""

    TRADING = "trading"
    """It is lost when it is paid."""
    TAX = "tax"
    """It belongs to what was bought or to the proceeds of what was sold, if there was any such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What was known of worth at an instant."""

    at: datetime
    prices: Mapping[Asset, Decimal]
    """Base currency per unit; empty where only the equity is known still."""
    equity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """What became of the account in a period, in base currency.

    What equity changed by is `profit + flows + adjusted + unexplained + stated + uncosted +
    residual`, and `profit == realised + unrealised + income - fees`, in both views.
    """

    period: str
    first: date
    """UTC."""
    last: date
    """UTC, with it."""
    profit: Decimal | None
    """None where nobody knows what all was worth at both ends."""
    realised: Decimal
    unrealised: Decimal | None
    """By how much the gain of what is held changed."""
    income: Decimal
    fees: Decimal
    """In the tax view, those of no cost and no proceeds."""
    flows: Decimal
    adjusted: Decimal
    unexplained: Decimal
    stated: Decimal
    uncosted: Decimal
    equity: Decimal | None
    """At the end."""
    residual: Decimal | None
    """What nothing explains: anything but zero is a fault. None where no price is kept any more by
    which it could be reckoned."""
    priced_at: datetime | None
    """Of when the prices are that the end is valued by."""
    incomplete: tuple[Asset, ...]
    """Assets whose profit is not known whole."""


_SAME: Final = ("income", "flows", "adjusted", "unexplained", "stated", "uncosted")
"""Sums that are the same in both views."""
_NO_PRICES: Final[Mapping[Asset, Decimal]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What had become of the account by an instant."""

    sums: Mapping[str, Decimal]
    """By the name of the field of `Profit`."""
    equity: Decimal | None
    unrealised: Decimal | None
    residual: Decimal | None
    priced_at: datetime | None
    incomplete: tuple[Asset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How profit is reckoned."""

    method: Method
    view: View
    base_currency: Asset


def profits(
    moves: Iterable[AccountMove],
    periods: Sequence[tuple[str, Days]],
    mark: Callable[[datetime], Mark | None],
    rules: Rules,
) -> tuple[Profit, ...]:
    """Return what became of the account in each period.

    Args:
        moves: all of them, from the first of the account on.
        periods: by name, one after the other.
        mark: what was known of worth at an instant, or the last before it.
        rules: method, view and base currency.
    """
    walk = _Walk(moves, rules)
    found: list[Profit] = []
    before: _Standing | None = None
    for name, days in periods:
        if before is None:
            eve = days.since - datetime.resolution
            before = walk.standing(eve, mark(eve))
        after = walk.standing(days.until, mark(days.until))
        found.append(_profit(name, days, before, after))
        before = after
    return tuple(found)


class _Walk:
    """Goes through the moves once, and says on the way how the account stands."""

    def __init__(self, moves: Iterable[AccountMove], rules: Rules) -> None:
        self._rules = rules
        self._accounts = Accounts(rules.method, rules.base_currency)
        self._waiting = sorted(moves, key=lambda each: each.at)
        self._done = 0

    def standing(self, at: datetime, mark: Mark | None) -> _Standing:
        """Return what has become of the account by an instant, later than the one before."""
        end = bisect_right(self._waiting, at, key=lambda each: each.at)
        taken, self._done = self._waiting[self._done : end], end
        self._accounts.apply(taken)
        self._accounts.matches.clear()
        books = self._accounts.books()
        found = identity.result(books, _prices_of(mark).get, self._rules.base_currency)
        with localcontext(EXACT):
            standing = _standing(books, found, self._rules.view)
            if mark is not None and mark.prices:
                return replace(standing, priced_at=mark.at, incomplete=found.incomplete)
            if not any(each.lots for each in books):
                return replace(standing, priced_at=at)
            equity = _equity(mark, taken, at)
            at_cost = replace(standing, equity=equity, unrealised=None, residual=None)
            if equity is None or mark is None or standing.incomplete:
                return at_cost
            gain = equity - found.equity
            unrealised = (standing.unrealised or ZERO) + gain
            return replace(at_cost, unrealised=unrealised, priced_at=mark.at)


def _prices_of(mark: Mark | None) -> Mapping[Asset, Decimal]:
    return _NO_PRICES if mark is None else mark.prices


def _equity(mark: Mark | None, moves: Iterable[AccountMove], at: datetime) -> Decimal | None:
    """Return what all was worth by a reading of the same day and by what moved after it."""
    if mark is None or mark.at.date() != at.date():
        return None
    equity = mark.equity
    for each in moves:
        if each.at > mark.at:
            if each.value is None:
                return None
            equity += each.value if each.qty > 0 else -each.value
    return equity


def _standing(books: Sequence[AssetBook], found: identity.Result, view: View) -> _Standing:
    """Return how an account stands in a view, where every price is known. Needs `EXACT`."""
    realised, fees, unrealised = found.realised, found.fees, found.unrealised
    if view is View.TAX:
        held = sum((lot.fee for each in books for lot in each.lots if lot.cost is not None), ZERO)
        # what is in no gain and in no cost was paid all the same
        fees -= held + found.realised - found.taxed
        realised, unrealised = found.taxed, unrealised - held
    same = {name: getattr(found, name) for name in _SAME}
    return _Standing(
        sums={"realised": realised, "fees": fees, **same},
        equity=found.equity,
        unrealised=unrealised,
        residual=found.residual,
        priced_at=None,
        incomplete=tuple(each.asset for each in books if identity.is_incomplete(each)),
    )


def _profit(name: str, days: Days, before: _Standing, after: _Standing) -> Profit:
    with localcontext(EXACT):
        sums = {each: of - before.sums[each] for each, of in after.sums.items()}
        unrealised = _change(before.unrealised, after.unrealised)
        gained = sums["realised"] + sums["income"] - sums["fees"]
        return Profit(
            period=name,
            first=days.first,
            last=days.last,
            profit=None if unrealised is None else gained + unrealised,
            unrealised=unrealised,
            equity=after.equity,
            residual=_change(before.residual, after.residual),
            priced_at=after.priced_at,
            incomplete=after.incomplete,
            **sums,
        )


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    return None if before is None or after is None else after - before
