"""Which pairs may be traded, and for each that may not, why (UNI-2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.market import Pair, Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseRules:
    """What a pair must keep to be in."""

    quote: str
    statuses: frozenset[str]
    asset_class: str
    min_notional_24h: Decimal
    """In quote."""
    include: frozenset[str]
    """Exactly these when not empty; liquidity is asked all the same (UNI-3)."""
    exclude: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pair with its market and the rules that it is held against."""

    pair: Pair
    ticker: Ticker | None
    rules: UniverseRules


def is_listed_by_the_user(case: Candidate) -> Objection | None:
    """The include list is empty or names the pair."""
    if not case.rules.include or case.pair.name in case.rules.include:
        return None
    return Objection("NOT_INCLUDED", f"pair={case.pair.name}")


def is_not_excluded(case: Candidate) -> Objection | None:
    """The exclude list does not name the pair."""
    if case.pair.name not in case.rules.exclude:
        return None
    return Objection("EXCLUDED", f"pair={case.pair.name}")


def has_the_quote(case: Candidate) -> Objection | None:
    """The pair is quoted in the wanted asset."""
    if case.rules.include or case.pair.quote == case.rules.quote:
        return None
    return Objection("QUOTE", f"quote={case.pair.quote}, wanted={case.rules.quote}")


def has_a_status(case: Candidate) -> Objection | None:
    """The exchange takes orders for the pair."""
    if case.pair.status in case.rules.statuses:
        return None
    wanted = ",".join(sorted(case.rules.statuses))
    return Objection("STATUS", f"status={case.pair.status}, wanted={wanted}")


def has_the_class(case: Candidate) -> Objection | None:
    """The base is a currency, not a tokenised share."""
    if case.pair.asset_class == case.rules.asset_class:
        return None
    return Objection("CLASS", f"class={case.pair.asset_class}, wanted={case.rules.asset_class}")


def has_a_ticker(case: Candidate) -> Objection | None:
    """The market answered for the pair; silence is not liquidity (UNI-3)."""
    return Objection("NO_TICKER", f"pair={case.pair.name}") if case.ticker is None else None


def is_liquid(case: Candidate) -> Objection | None:
    """Enough traded in 24 h."""
    if case.ticker is None or case.ticker.notional_24h >= case.rules.min_notional_24h:
        return None
    figures = f"notional_24h={case.ticker.notional_24h:.0f}, min={case.rules.min_notional_24h}"
    return Objection("LIQUIDITY", figures)


FILTERS: Final[tuple[Question[Candidate], ...]] = (
    is_listed_by_the_user,
    is_not_excluded,
    has_the_quote,
    has_a_status,
    has_the_class,
    has_a_ticker,
    is_liquid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The pairs that were in at an instant; never changed, only followed by another."""

    version: str
    """Derived from who is in with which order rules, and by which codes the others are out."""
    at: datetime
    members: tuple[Pair, ...]
    """By name."""
    leaving: tuple[Pair, ...]
    """Pairs that are out but still held or ordered: data and exits go on, no entry (UNI-6)."""
    notional_24h: Mapping[str, Decimal]
    """Of each member, in quote."""
    reasons: Mapping[str, tuple[Objection, ...]]
    """Pair that is out, to why."""

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names."""
        return tuple(each.name for each in self.members)

    @property
    def managed(self) -> tuple[Pair, ...]:
        """Every pair that needs data: the members and those that are leaving."""
        return self.members + self.leaving


def select(
    pairs: Mapping[str, Pair],
    tickers: Mapping[str, Ticker],
    *,
    rules: UniverseRules,
    in_use: frozenset[str],
    at: datetime,
    unreadable: Mapping[str, str] | None = None,
) -> Universe:
    """Ask every filter of every pair and keep what each said.

    Args:
        pairs: our name to every listed pair.
        tickers: our name to its ticker; a pair may be missing.
        rules: what a pair must keep.
        in_use: pairs with a position or an order that may fill.
        at: when the market answered.
        unreadable: what is listed and could not be read, by Kraken's name, with what is wrong.
    """
    asked = {
        name: objections(FILTERS, Candidate(pair=pair, ticker=tickers.get(name), rules=rules))
        for name, pair in sorted(pairs.items())
    }
    members = tuple(pairs[name] for name, found in asked.items() if not found)
    out = {name: found for name, found in asked.items() if found}
    out |= {name: (Objection("UNREADABLE", why),) for name, why in (unreadable or {}).items()}
    leaving = tuple(pairs[name] for name, found in asked.items() if found and name in in_use)
    return Universe(
        version=_version(members, leaving, out),
        at=at,
        members=members,
        leaving=leaving,
        notional_24h={each.name: tickers[each.name].notional_24h for each in members},
        reasons=out,
    )


def _version(
    members: tuple[Pair, ...],
    leaving: tuple[Pair, ...],
    reasons: Mapping[str, tuple[Objection, ...]],
) -> str:
    """Name the set: who is in with which rules, and by which code the others are out."""
    rows = [
        [each.name, each.tick, each.lot, each.min_qty, each.min_cost, each.status]
        for each in members + leaving
    ]
    out = {name: [each.code for each in found] for name, found in reasons.items()}
    return "U" + digest([len(members), rows, out])[:16]
