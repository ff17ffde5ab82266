"""What a pair is held against, and what the filters ask of its listing and its ticker (UNI-2).

One whose bound is not set is off and still tells what it saw. What it needs and does not find is
named, and keeps the pair out (UNI-3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import BPS, PERCENT, ZERO, plain
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
    depth_bps: int = 50
    """From the middle of the book; what lies further off does not count as depth."""
    min_depth: Decimal | None = None
    """On the thinner side, in quote."""
    cluster_days: int = 60
    """Over how many daily closes pairs are compared."""
    cluster_correlation: Decimal = Decimal("0.9")
    """Of daily log returns, from which on two pairs count as one bet."""
    max_per_cluster: int | None = None
    results_days: int = 30
    """Over how many days our own results count."""
    max_loss: Decimal | None = None
    """Realised on one pair, after fees, in base currency."""
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
class Nearby:
    """What the book of a pair held near its middle when it was read."""

    within_bps: int
    bids: Decimal
    """Worth of what is bid for there, in quote; at least, where the reply ended before."""
    asks: Decimal
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Where a pair stands among those that move with it, the one that trades most first."""

    leader: str
    rank: int
    """1 is the leader."""
    correlation: Decimal
    """With the leader, of daily log returns."""


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
    is_measured: bool = True
    """Whether its book was read and it was compared with others: that costs calls and time, and is
    left out for a pair that is out anyway."""
    nearby: Nearby | None = None
    kin: Kin | None = None
    """None: too few of its daily closes are stored."""
    realised: Decimal = ZERO
    """By us within `results_days`, after fees, in base currency."""


class Verdict(StrEnum):
    """What a filter said of a pair."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """What it needs is not there: nothing is opened on what nobody knows (UNI-3)."""
    SKIPPED = "skipped"
    """The pair is out for other reasons, and asking costs calls."""
    OFF = "off"
    """It has no bound."""


AGAINST: Final = frozenset({Verdict.FAILED, Verdict.UNKNOWN})
"""What keeps a pair out."""


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
        if self.verdict not in AGAINST:
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
    is_costly: bool = False
    """Whether it is asked only of pairs that everything else lets in."""
    needs_bars: bool = False
    """Whether stored daily bars tell what it needs: they are kept of a pair that lacks them."""

    def step(self, case: Candidate) -> Step:
        """Ask it of a pair."""
        found, asked, verdict = self.ask(case)
        return Step(name=self.name, code=self.code, found=found, asked=asked, verdict=verdict)


def said(found: str, asked: str, *, holds: bool) -> Answer:
    """Return the answer to a question that can be answered."""
    return found, asked, Verdict.PASSED if holds else Verdict.FAILED


def is_listed_by_the_user(case: Candidate) -> Answer:
    """The include list is empty or names the pair."""
    found = f"pair={case.pair.name}"
    if not case.rules.include:
        return found, "", Verdict.OFF
    return said(found, "", holds=case.pair.name in case.rules.include)


def is_not_excluded(case: Candidate) -> Answer:
    """The exclude list does not name the pair."""
    found = f"pair={case.pair.name}"
    if not case.rules.exclude:
        return found, "", Verdict.OFF
    return said(found, "", holds=case.pair.name not in case.rules.exclude)


def has_the_quote(case: Candidate) -> Answer:
    """The pair is quoted in the wanted asset; one that the user lists may have any quote."""
    found, asked = f"quote={case.pair.quote}", f"wanted={case.rules.quote}"
    if case.rules.include:
        return found, "", Verdict.OFF
    return said(found, asked, holds=case.pair.quote == case.rules.quote)


def has_a_status(case: Candidate) -> Answer:
    """The exchange takes orders for the pair."""
    asked = f"wanted={','.join(sorted(case.rules.statuses))}"
    holds = case.pair.status in case.rules.statuses
    return said(f"status={case.pair.status}", asked, holds=holds)


def has_the_class(case: Candidate) -> Answer:
    """The base is a currency, not a tokenised share."""
    found, asked = f"class={case.pair.asset_class}", f"wanted={case.rules.asset_class}"
    return said(found, asked, holds=case.pair.asset_class == case.rules.asset_class)


def trades_at_the_venue(case: Candidate) -> Answer:
    """Orders of the pair trade where the user wants them to."""
    found = f"venue={case.pair.venue or 'untold'}"
    if not case.rules.venues:
        return found, "", Verdict.OFF
    asked = f"wanted={','.join(sorted(case.rules.venues))}"
    return said(found, asked, holds=case.pair.venue in case.rules.venues)


def is_listed_in_the_country(case: Candidate) -> Answer:
    """The exchange lists the pair for the country of the account."""
    if case.rules.country_code is None or case.is_listed_in_country is None:
        return "", "", Verdict.OFF
    found = f"listed={'yes' if case.is_listed_in_country else 'no'}"
    return said(found, f"country={case.rules.country_code}", holds=case.is_listed_in_country)


def has_two_free_legs(case: Candidate) -> Answer:
    """The legs are not kept at the same currency: such a price goes nowhere."""
    base, quote = (PEGS.get(each, str(each)) for each in (case.pair.base, case.pair.quote))
    found = f"base_peg={base}, quote_peg={quote}"
    if not case.rules.no_pegged_pairs:
        return found, "", Verdict.OFF
    return said(found, "wanted=different", holds=base != quote)


def has_a_ticker(case: Candidate) -> Answer:
    """The market answered for the pair; silence is not liquidity (UNI-3)."""
    return said(f"pair={case.pair.name}", "", holds=case.ticker is not None)


def is_liquid(case: Candidate) -> Answer:
    """Enough traded in 24 h."""
    asked = f"min={case.rules.min_notional_24h}"
    if case.ticker is None:
        return "", asked, Verdict.UNKNOWN
    traded = case.ticker.notional_24h
    return said(f"notional_24h={traded:.0f}", asked, holds=traded >= case.rules.min_notional_24h)


def has_a_narrow_spread(case: Candidate) -> Answer:
    """Bid and ask lie near each other."""
    spread = None
    if case.ticker is not None and 0 < case.ticker.bid <= case.ticker.ask:
        spread = (case.ticker.ask - case.ticker.bid) / case.ticker.mid / BPS
    return at_most("spread_bps", spread, case.rules.max_spread_bps)


def has_a_fine_tick(case: Candidate) -> Answer:
    """One price step is a small part of the price."""
    tick = None
    if case.ticker is not None and case.ticker.last > 0:
        tick = case.pair.tick / case.ticker.last / BPS
    return at_most("tick_bps", tick, case.rules.max_tick_bps)


def has_a_small_least_order(case: Candidate) -> Answer:
    """The smallest order that the exchange takes is a small part of what there is."""
    share = None
    if case.ticker is not None and case.rate is not None and case.nav:
        least = max(case.pair.min_cost, case.pair.min_qty * case.ticker.last)
        share = least * case.rate / case.nav / PERCENT
    return at_most("min_order_pct", share, case.rules.max_min_order_pct)


def at_most(name: str, value: Decimal | None, most: Decimal | int | None) -> Answer:
    """Return the answer where a value, if known, must not exceed a bound, if there is one."""
    # so many digits that a value just past its bound does not look like it
    found = f"{name}={'unknown' if value is None else plain(Decimal(f'{value:.6g}'))}"
    if most is None:
        return found, "", Verdict.OFF
    if value is None:
        return found, f"max={most}", Verdict.UNKNOWN
    return said(found, f"max={most}", holds=value <= most)
