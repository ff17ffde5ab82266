"""The filters that a pair goes through: what each saw, what it asked, what it said (UNI-2).

All are asked, also after one failed, so that none depends on another or on their order. One whose
bound is not set is off and still tells what it saw.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import BPS, PERCENT, plain
from kraken_pipeline.domain.symbols import Asset

DOLLAR: Final = Asset("USD")
_DOLLARS: Final = (
    "DAI FDUSD GUSD PYUSD RLUSD TUSD USD1 USDC USDD USDE USDG USDP USDQ USDR USDS USDT"
)
_EUROS: Final = "EURC EUROP EURQ EURR EURT"
PEGS: Final = MappingProxyType(
    dict.fromkeys(_DOLLARS.split(), "USD") | dict.fromkeys(_EUROS.split(), "EUR")
)
"""Stablecoin to the currency that it is kept at. Source: what their issuers say of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseRules:
    """What a pair must keep to be in. A bound that is None asks nothing."""

    quote: str
    statuses: frozenset[str]
    asset_class: str
    min_notional_24h: Decimal
    """In quote."""
    include: frozenset[str]
    """Exactly these when not empty; liquidity is asked all the same (UNI-3)."""
    exclude: frozenset[str]
    venues: frozenset[str] = frozenset()
    """Where orders of the pair may trade; empty is anywhere."""
    country_code: str | None = None
    """In which the exchange must list the pair."""
    no_pegged_pairs: bool = False
    """Whether both legs may be kept at the same currency."""
    max_spread_bps: int | None = None
    max_tick_bps: int | None = None
    """Of one price step, in basis points of the last price."""
    max_min_order_pct: Decimal | None = None
    """Of the smallest order, in percent of NAV."""
    min_age_days: int | None = None
    volatility_days: int = 30
    """Over how many daily closes volatility is measured."""
    min_volatility_pct: Decimal | None = None
    """Standard deviation of daily log returns, in percent a year."""
    max_volatility_pct: Decimal | None = None
    base_currency: Asset = DOLLAR
    """Of NAV."""
    refreshes: int = 1
    """In a row that must speak against where a pair stands before it moves (UNI-4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What stored daily bars say of a pair."""

    days: int
    """Since its first stored bar."""
    is_all: bool
    """Whether that bar is younger than others that are stored, so that the pair is no older."""
    volatility_pct: Decimal | None
    """Standard deviation of daily log returns, in percent a year; None where closes are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pair with its market and the rules that it is held against."""

    pair: Pair
    ticker: Ticker | None
    rules: UniverseRules
    past: Past | None = None
    """None: no daily bar of it is stored."""
    is_listed_in_country: bool | None = None
    """None where no country was asked for."""
    nav: Decimal | None = None
    """In base currency; None before the first snapshot."""
    rate: Decimal | None = None
    """Base currency per quote; None where the market does not say."""


class Verdict(StrEnum):
    """What a filter said of a pair."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """What it needs is not there. It does not stand against the pair."""
    OFF = "off"
    """It has no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One filter's answer about one pair."""

    name: str
    code: str
    """Of the objection that a failure is; it never changes."""
    found: str
    """What was looked at, as `name=value` pairs."""
    asked: str
    """The bound, as `name=value` pairs; empty where there is none."""
    verdict: Verdict

    @property
    def objection(self) -> Objection | None:
        """Why the pair is out, or None where this step does not stand against it."""
        if self.verdict is not Verdict.FAILED:
            return None
        return Objection(self.code, ", ".join(filter(None, (self.found, self.asked))))


Answer = tuple[str, str, Verdict]
"""What was found, what was asked, and what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One question that is asked of every pair."""

    name: str
    code: str
    ask: Callable[[Candidate], Answer]
    is_soft: bool = False
    """Whether its answer moves with the market, so that a pair may fail it for a while (UNI-4)."""

    def step(self, case: Candidate) -> Step:
        """Ask it of a pair."""
        found, asked, verdict = self.ask(case)
        return Step(name=self.name, code=self.code, found=found, asked=asked, verdict=verdict)


def _said(found: str, asked: str, *, holds: bool) -> Answer:
    return found, asked, Verdict.PASSED if holds else Verdict.FAILED


def is_listed_by_the_user(case: Candidate) -> Answer:
    """The include list is empty or names the pair."""
    found = f"pair={case.pair.name}"
    if not case.rules.include:
        return found, "", Verdict.OFF
    return _said(found, "", holds=case.pair.name in case.rules.include)


def is_not_excluded(case: Candidate) -> Answer:
    """The exclude list does not name the pair."""
    found = f"pair={case.pair.name}"
    if not case.rules.exclude:
        return found, "", Verdict.OFF
    return _said(found, "", holds=case.pair.name not in case.rules.exclude)


def has_the_quote(case: Candidate) -> Answer:
    """The pair is quoted in the wanted asset; one that the user lists may have any quote."""
    found, asked = f"quote={case.pair.quote}", f"wanted={case.rules.quote}"
    if case.rules.include:
        return found, "", Verdict.OFF
    return _said(found, asked, holds=case.pair.quote == case.rules.quote)


def has_a_status(case: Candidate) -> Answer:
    """The exchange takes orders for the pair."""
    asked = f"wanted={','.join(sorted(case.rules.statuses))}"
    holds = case.pair.status in case.rules.statuses
    return _said(f"status={case.pair.status}", asked, holds=holds)


def has_the_class(case: Candidate) -> Answer:
    """The base is a currency, not a tokenised share."""
    found, asked = f"class={case.pair.asset_class}", f"wanted={case.rules.asset_class}"
    return _said(found, asked, holds=case.pair.asset_class == case.rules.asset_class)


def trades_at_the_venue(case: Candidate) -> Answer:
    """Orders of the pair trade where the user wants them to."""
    found = f"venue={case.pair.venue or 'untold'}"
    if not case.rules.venues:
        return found, "", Verdict.OFF
    asked = f"wanted={','.join(sorted(case.rules.venues))}"
    return _said(found, asked, holds=case.pair.venue in case.rules.venues)


def is_listed_in_the_country(case: Candidate) -> Answer:
    """The exchange lists the pair for the country of the account."""
    if case.rules.country_code is None or case.is_listed_in_country is None:
        return "", "", Verdict.OFF
    found = f"listed={'yes' if case.is_listed_in_country else 'no'}"
    return _said(found, f"country={case.rules.country_code}", holds=case.is_listed_in_country)


def has_two_free_legs(case: Candidate) -> Answer:
    """The legs are not kept at the same currency: such a price goes nowhere."""
    base, quote = (PEGS.get(each, str(each)) for each in (case.pair.base, case.pair.quote))
    found = f"base_peg={base}, quote_peg={quote}"
    if not case.rules.no_pegged_pairs:
        return found, "", Verdict.OFF
    return _said(found, "wanted=different", holds=base != quote)


def has_a_ticker(case: Candidate) -> Answer:
    """The market answered for the pair; silence is not liquidity (UNI-3)."""
    return _said(f"pair={case.pair.name}", "", holds=case.ticker is not None)


def is_liquid(case: Candidate) -> Answer:
    """Enough traded in 24 h."""
    asked = f"min={case.rules.min_notional_24h}"
    if case.ticker is None:
        return "", asked, Verdict.UNKNOWN
    traded = case.ticker.notional_24h
    return _said(f"notional_24h={traded:.0f}", asked, holds=traded >= case.rules.min_notional_24h)


def has_a_narrow_spread(case: Candidate) -> Answer:
    """Bid and ask lie near each other."""
    spread = None
    if case.ticker is not None and 0 < case.ticker.bid <= case.ticker.ask:
        spread = (case.ticker.ask - case.ticker.bid) / case.ticker.mid / BPS
    return _at_most("spread_bps", spread, case.rules.max_spread_bps)


def has_a_fine_tick(case: Candidate) -> Answer:
    """One price step is a small part of the price."""
    tick = None
    if case.ticker is not None and case.ticker.last > 0:
        tick = case.pair.tick / case.ticker.last / BPS
    return _at_most("tick_bps", tick, case.rules.max_tick_bps)


def has_a_small_least_order(case: Candidate) -> Answer:
    """The smallest order that the exchange takes is a small part of what there is."""
    share = None
    if case.ticker is not None and case.rate is not None and case.nav:
        least = max(case.pair.min_cost, case.pair.min_qty * case.ticker.last)
        share = least * case.rate / case.nav / PERCENT
    return _at_most("min_order_pct", share, case.rules.max_min_order_pct)


def is_old_enough(case: Candidate) -> Answer:
    """Its first daily bar that is stored is old enough; where bars begin late, nobody knows."""
    least = case.rules.min_age_days
    found = "days=unknown"
    if case.past is not None:
        found = f"days={case.past.days}{'' if case.past.is_all else '+'}"
    if least is None:
        return found, "", Verdict.OFF
    asked = f"min={least}"
    if case.past is None or (case.past.days < least and not case.past.is_all):
        return found, asked, Verdict.UNKNOWN
    return _said(found, asked, holds=case.past.days >= least)


def moves_as_wanted(case: Candidate) -> Answer:
    """Its realised volatility lies in the band."""
    low, high = case.rules.min_volatility_pct, case.rules.max_volatility_pct
    moved = None if case.past is None else case.past.volatility_pct
    found = f"volatility_pct={'unknown' if moved is None else moved}"
    bounds = (f"min={low}" if low is not None else "", f"max={high}" if high is not None else "")
    asked = ", ".join(filter(None, bounds))
    if not asked:
        return found, "", Verdict.OFF
    if moved is None:
        return found, asked, Verdict.UNKNOWN
    is_within = (low is None or moved >= low) and (high is None or moved <= high)
    return _said(found, asked, holds=is_within)


def _at_most(name: str, value: Decimal | None, most: Decimal | int | None) -> Answer:
    # so many digits that a value just past its bound does not look like it
    found = f"{name}={'unknown' if value is None else plain(Decimal(f'{value:.6g}'))}"
    if most is None:
        return found, "", Verdict.OFF
    if value is None:
        return found, f"max={most}", Verdict.UNKNOWN
    return _said(found, f"max={most}", holds=value <= most)


FILTERS: Final[tuple[Filter, ...]] = (
    Filter(name="include list", code="NOT_INCLUDED", ask=is_listed_by_the_user),
    Filter(name="exclude list", code="EXCLUDED", ask=is_not_excluded),
    Filter(name="quote", code="QUOTE", ask=has_the_quote),
    Filter(name="status", code="STATUS", ask=has_a_status),
    Filter(name="class", code="CLASS", ask=has_the_class),
    Filter(name="venue", code="VENUE", ask=trades_at_the_venue),
    Filter(name="country", code="COUNTRY", ask=is_listed_in_the_country),
    Filter(name="pegs", code="PEGGED", ask=has_two_free_legs),
    Filter(name="ticker", code="NO_TICKER", ask=has_a_ticker),
    Filter(name="24 h notional", code="LIQUIDITY", ask=is_liquid, is_soft=True),
    Filter(name="spread", code="WIDE_SPREAD", ask=has_a_narrow_spread, is_soft=True),
    Filter(name="tick", code="COARSE_TICK", ask=has_a_fine_tick, is_soft=True),
    Filter(name="least order", code="LEAST_ORDER", ask=has_a_small_least_order, is_soft=True),
    Filter(name="age", code="TOO_YOUNG", ask=is_old_enough),
    Filter(name="volatility", code="VOLATILITY", ask=moves_as_wanted, is_soft=True),
)
SOFT: Final = frozenset(each.code for each in FILTERS if each.is_soft)


def steps(case: Candidate, filters: tuple[Filter, ...] = FILTERS) -> tuple[Step, ...]:
    """Ask every filter of a pair and keep what each said."""
    return tuple(each.step(case) for each in filters)
