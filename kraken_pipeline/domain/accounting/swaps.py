"""What was given and what was had in one event: both sides at one value (PF-5, PF-7)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.accounting.grain import on_grain, shares
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.prices import HOPS
from kraken_pipeline.domain.symbols import Asset

ROUNDS_AWAY: Final = Decimal("0.01")
"""In base currency: the other side of less may have been rounded to nothing, without a row."""
FROM_THE_TRADE: Final = "the event itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One economic asset in one event, as the ledger has it."""

    move_id: str
    asset: Asset
    amount: Decimal
    fee: Decimal
    """In the asset."""
    ask: Callable[[], tuple[Decimal | None, str]]
    """Looks up what a unit was worth and who says so; most events say it themselves."""
    is_base: bool
    stated: Decimal | None
    """What a person said that it had cost."""

    @property
    def unit(self) -> Decimal | None:
        """Base currency per unit; None if nobody can say."""
        return self.ask()[0]

    @property
    def source(self) -> str:
        """Who says what a unit was worth."""
        return self.ask()[1]

    @property
    def net(self) -> Decimal:
        """What the account has more of it, or less."""
        return self.amount - self.fee

    @property
    def gross(self) -> Decimal | None:
        """What the amount was worth by its own price, without the fee; above zero or None."""
        return None if self.unit is None else on_grain(abs(self.amount) * self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """A leg, and what it was worth."""

    leg: Leg
    qty: Decimal
    signed: Decimal | None
    """What the qty was worth, below zero where it went out."""
    fee: Decimal = ZERO
    tax_fee: Decimal = ZERO
    source: str
    is_carried: bool = False


def carried(legs: Iterable[Leg]) -> list[Valued]:
    """Return the legs of a rename: what it cost goes on under the other name."""
    return [
        Valued(leg=each, qty=each.net, signed=None, source="carried on at cost", is_carried=True)
        for each in legs
        if each.net
    ]


def valued_swap(legs: Sequence[Leg]) -> list[Valued]:
    """Value what was given for something else, fees apart.

    A side in base currency says what both were worth; else the side that is priced best does.
    """
    outs = [each for each in legs if each.amount < 0]
    ins = [each for each in legs if each.amount > 0]
    worth, told = _worths(outs, ins) if outs and ins else _alones(legs)
    by_themselves = {each.asset for each in told} | {each.asset for each in legs if each.is_base}
    return _with_tax_fees(
        [
            _valued(each, worth.get(each.asset, ZERO), is_asked=each.asset in by_themselves)
            for each in legs
            if each.amount or each.fee
        ]
    )


def _alones(legs: Sequence[Leg]) -> tuple[dict[Asset, Decimal | None], Sequence[Leg]]:
    return {each.asset: _alone(each) for each in legs}, legs


def _alone(leg: Leg) -> Decimal | None:
    """Value a side without another: nothing if it can have been rounded away, else unknown."""
    if leg.is_base or not leg.amount:
        return abs(leg.amount)
    return ZERO if leg.gross is not None and leg.gross < ROUNDS_AWAY else None


def _worths(
    outs: Sequence[Leg], ins: Sequence[Leg]
) -> tuple[dict[Asset, Decimal | None], Sequence[Leg]]:
    """Return what each leg was worth without fees, the same on both sides, and which said so."""
    for side, other in sorted(((outs, ins), (ins, outs)), key=lambda each: _standing(each[0])):
        known = _known(side)
        if known is not None:
            values = [*known, *_spread(sum(known, ZERO), other)]
            names = [each.asset for each in (*side, *other)]
            return dict(zip(names, values, strict=True)), side
    alone = {each.asset: abs(each.amount) if each.is_base else None for each in (*outs, *ins)}
    return alone, ()


def _standing(side: Sequence[Leg]) -> tuple[bool, int]:
    """Return how little a side is to be asked what it was worth: base currency says it best."""
    ranks = [HOPS.index(each.asset) if each.asset in HOPS else len(HOPS) for each in side]
    return not any(each.is_base for each in side), max(ranks)


def _known(side: Sequence[Leg]) -> list[Decimal] | None:
    found = [each.gross for each in side if each.gross is not None]
    return found if len(found) == len(side) and any(found) else None


def _spread(total: Decimal, side: Sequence[Leg]) -> list[Decimal | None]:
    """Share out what a side was worth: base currency as it is, the others by their own prices."""
    others = [each for each in side if not each.is_base]
    rest = total - sum((abs(each.amount) for each in side if each.is_base), ZERO)
    weights = [Decimal(1)] if len(others) == 1 else _known(others)
    if rest < 0 or not weights:
        return [abs(each.amount) if each.is_base else None for each in side]
    parts = dict(zip([each.asset for each in others], shares(rest, weights), strict=True))
    return [abs(each.amount) if each.is_base else parts[each.asset] for each in side]


def _valued(leg: Leg, gross: Decimal | None, *, is_asked: bool) -> Valued:
    fee = _fee(leg, gross)
    if gross is None or fee is None:
        return Valued(leg=leg, qty=leg.net, signed=None, source="none")
    signed = (gross if leg.amount > 0 else -gross) - fee
    source = leg.source if is_asked or not leg.amount else FROM_THE_TRADE
    return Valued(leg=leg, qty=leg.net, signed=signed, fee=fee, source=source)


def _fee(leg: Leg, gross: Decimal | None) -> Decimal | None:
    """Return a leg's fee in base currency, at the price of the event where it has one."""
    if not leg.fee or leg.is_base:
        return leg.fee
    if leg.amount and gross is not None:
        return on_grain(gross * leg.fee / abs(leg.amount))
    return None if leg.unit is None else on_grain(leg.fee * leg.unit)


def _with_tax_fees(some: Sequence[Valued]) -> list[Valued]:
    """Give the event's fees to what was bought; where that is money, to what was sold."""
    own = [each for each in some if not each.leg.is_base and each.leg.amount]
    bought = [each for each in own if each.leg.amount > 0]
    bearers = bought or own
    weights = [abs(each.signed) for each in bearers if each.signed]
    fees = sum((each.fee for each in some), ZERO)
    if not fees or not bearers or len(weights) != len(bearers):
        return list(some)
    given = dict(zip([each.leg.asset for each in bearers], shares(fees, weights), strict=True))
    return [
        replace(each, tax_fee=given[each.leg.asset]) if each.leg.asset in given else each
        for each in some
    ]
