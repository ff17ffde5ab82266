"""How much of what it wants a strategy may buy: weight, results of late, market, and its stage.

Each is a factor from 0 to 1, and so is their product: an allocation makes a buy smaller or leaves
it as it is, and the caps hold besides (RSK-4). What sells is never asked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.market_mood import Mood, Reading
from kraken_pipeline.domain.money import EXACT, PERCENT, ZERO, plain

ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)
TRADES_TO_NOTHING: Final = 10
"""Who lost what so many trades may lose at their stops has no weight left."""
STEP: Final = Decimal("0.0001")
"""Weights and factors are rounded down to it, so that they read well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """How weights follow results."""

    lookback: timedelta
    min_pct: Decimal
    """Of the allocation, 0 to 100; so is the next."""
    max_pct: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """What a market's mood leaves of each buy."""

    multipliers: Mapping[Mood, Decimal]
    """Of every mood, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRules:
    """What the configuration says of it."""

    weights: Mapping[str, Decimal]
    """Of each running strategy, above 0, up to 1."""
    parts: Mapping[str, Decimal]
    """What its stage leaves to a strategy, 0 to 1, where that is not all (STG-7)."""
    dynamic: Dynamic | None
    """None where results change nothing."""
    throttle: Throttle | None
    """None where the market changes nothing."""
    risk_pct: Decimal
    """Percent of equity that one trade may lose at its stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is left to a strategy of what it wants to buy."""

    factor: Decimal = ONE
    """0 to 1."""
    why: str = ""
    """The figures behind it; empty where it takes nothing away."""


WHOLE: Final = Share()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The shares of an instant, by strategy."""

    shares: Mapping[str, Share] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, strategy_id: str) -> Share:
        """Return a strategy's share. What no strategy wants, but a person, is left whole."""
        return self.shares.get(strategy_id, WHOLE)

    def taken(self, strategy_ids: Collection[str]) -> dict[str, str]:
        """Return those of some strategies that do not get all that they want, to why."""
        shares = {each: self.of(each) for each in sorted(strategy_ids)}
        return {
            each: f"factor={plain(share.factor)}: {share.why}"
            for each, share in shares.items()
            if share.factor < ONE
        }


NO_LIMIT: Final = Allocation()
"""Everybody gets what he wants, as far as the caps go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What shares depend on besides the configuration."""

    profits: Mapping[str, Decimal]
    """Of strategies over the lookback, in base currency; one that is not named made none."""
    equity: Decimal
    """In base currency; zero where it is not known."""
    mood: Mood
    reading: Reading | None
    """Behind the mood; None where nobody asked for it."""


def allocation(rules: AllocationRules, known: Known) -> Allocation:
    """Return what is left to each running strategy of what it wants."""
    relative = _relative(rules, known)
    return Allocation(
        shares={each: _share(rules, known, each, relative.get(each, ONE)) for each in rules.weights}
    )


def _share(rules: AllocationRules, known: Known, strategy_id: str, relative: Decimal) -> Share:
    weight = rules.weights[strategy_id]
    market = ONE if rules.throttle is None else rules.throttle.multipliers[known.mood]
    part = rules.parts.get(strategy_id, ONE)
    factor = (weight * relative * market * part).quantize(STEP, rounding="ROUND_FLOOR")
    if factor == ONE:
        return WHOLE
    told = {
        f"weight={plain(weight)}": weight < ONE,
        f"results={plain(relative)} (profit={known.profits.get(strategy_id, ZERO):.2f})": relative
        < ONE,
        f"stage={plain(part)}": part < ONE,
        f"market={plain(market)} ({known.mood}: {known.reading})": market < ONE,
    }
    return Share(factor=factor, why=", ".join(said for said, counts in told.items() if counts))


def _relative(rules: AllocationRules, known: Known) -> dict[str, Decimal]:
    """Return what results leave to each: its weight now of the one it would have without any.

    Who has more than that gets no more than it wants.
    """
    if rules.dynamic is None or not rules.weights:
        return {}
    now = weights_pct(rules, known)
    whole = sum(rules.weights.values())
    with localcontext(EXACT):
        even = {each: weight / whole * HUNDRED for each, weight in rules.weights.items()}
        return {
            each: min(ONE, now[each] / even[each]).quantize(STEP, rounding="ROUND_FLOOR")
            for each in rules.weights
        }


def weights_pct(rules: AllocationRules, known: Known) -> dict[str, Decimal]:
    """Return each strategy's part of the allocation, in percent; together at most 100.

    Weights are tilted by results: a loss as large as what one trade may lose takes a tenth of a
    weight, a profit adds a tenth. Then no part may be above the greatest or below the least that is
    configured; what one gives up is shared by the others, as far as they may have it.

    Raises:
        KeyError: nothing is dynamic; there is nothing to ask for.
    """
    if rules.dynamic is None:
        raise KeyError("dynamic")
    low, high = rules.dynamic.min_pct, rules.dynamic.max_pct
    with localcontext(EXACT):
        tilted = {
            each: weight * _tilt(rules, known, each) for each, weight in rules.weights.items()
        }
        return _bounded(tilted, low=low, high=high)


def _tilt(rules: AllocationRules, known: Known, strategy_id: str) -> Decimal:
    """Return what results make of a weight: 0 to 2, and 1 without any."""
    profit = known.profits.get(strategy_id, ZERO)
    a_trade = known.equity * rules.risk_pct * PERCENT
    if not profit:
        return ONE
    if a_trade <= 0:
        # equity is not known: a loss counts in full, a profit not at all
        return ZERO if profit < 0 else ONE
    tilt = ONE + profit / (a_trade * TRADES_TO_NOTHING)
    return min(max(tilt, ZERO), 2 * ONE)


def _bounded(wanted: Mapping[str, Decimal], *, low: Decimal, high: Decimal) -> dict[str, Decimal]:
    """Return parts of 100 in proportion, but each within its bounds.

    What is beyond a bound is set to it, the side that is further beyond first, and the others share
    what is left.
    """
    parts: dict[str, Decimal] = {}
    open_ = dict(wanted)
    while open_:
        left, whole = HUNDRED - sum(parts.values()), sum(open_.values())
        given = {each: left * part / whole if whole else ZERO for each, part in open_.items()}
        over = {each: high for each, part in given.items() if part > high}
        under = {each: low for each, part in given.items() if part < low}
        if not over and not under:
            return {**parts, **given}
        above = sum((given[each] - high for each in over), ZERO)
        below = sum((low - given[each] for each in under), ZERO)
        fixed = over if above >= below else under
        parts |= fixed
        open_ = {each: part for each, part in open_.items() if each not in fixed}
    return parts
