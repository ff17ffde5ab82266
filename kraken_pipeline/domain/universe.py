"""Which pairs may be traded, and for each what every filter said of it (UNI-2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.symbols import PairName
from kraken_pipeline.domain.universe_chain import NEEDS_BARS, SOFT, steps
from kraken_pipeline.domain.universe_filters import (
    Candidate,
    Kin,
    Nearby,
    Past,
    Step,
    UniverseRules,
    Verdict,
)
from kraken_pipeline.domain.universe_standing import Standing, stand

ENDING: Final = frozenset({"delisted", "cancel_only", "work_in_progress", "reduce_only"})
"""Statuses under which a pair can't be sold any more, or may soon not be (UNI-8)."""
SILENT: Final = frozenset({"NO_TICKER"})
"""Where nobody quotes a pair, what moves with the market cannot be asked."""


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
    watched: tuple[Pair, ...] = ()
    """Pairs that are out only because something of them is not known: data goes on (UNI-3)."""
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
        """Every pair that needs data: the members, those that leave and those that may enter."""
        return self.members + self.leaving + self.watched

    @property
    def ending(self) -> Mapping[str, str]:
        """Pairs that are held or ordered and may soon not trade any more, to their status."""
        gone = {
            name: "not listed"
            for name, found in self.reasons.items()
            if any(each.code == "UNLISTED" for each in found)
        }
        return gone | {each.name: each.status for each in self.leaving if each.status in ENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the exchange and our own stores said before the filters were asked."""

    pairs: Mapping[str, Pair]
    """Our name to every listed pair."""
    tickers: Mapping[str, Ticker]
    """Our name to its ticker; a pair may be missing."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """What is listed and could not be read, by Kraken's name, with what is wrong."""
    in_country: frozenset[str] | None = None
    """Kraken's keys of what is listed for the user's country; None where nobody asked."""
    past: Mapping[str, Past] = field(default_factory=dict)
    nav: Decimal | None = None
    """In base currency."""
    realised: Mapping[str, Decimal] = field(default_factory=dict)
    """Our name of a pair to what we realised on it of late, in base currency."""
    measured: frozenset[str] | None = None
    """Whose book was read and who was compared with others; None is everybody."""
    nearby: Mapping[str, Nearby] = field(default_factory=dict)
    kin: Mapping[str, Kin] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Name what the exchange answered (UNI-5)."""
        names = [each.name for each in fields(Pair)]
        pairs = [[getattr(pair, name) for name in names] for pair in _sorted(self.pairs)]
        tickers = {
            name: [each.bid, each.ask, each.last, each.volume_24h, each.vwap_24h]
            for name, each in self.tickers.items()
        }
        country = None if self.in_country is None else sorted(self.in_country)
        told = [pairs, tickers, dict(self.unreadable), country]
        books = {
            name: [each.within_bps, each.bids, each.asks, each.read_at]
            for name, each in self.nearby.items()
        }
        return digest([*told, books] if books else told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A listed pair, what every filter said of it, and where it stands."""

    name: PairName
    steps: tuple[Step, ...]
    standing: Standing

    @property
    def objections(self) -> tuple[Objection, ...]:
        """Why the pair is out; empty where it is in.

        What moves with the market stands against a pair that counts as fitting only beside
        something else. What is not known stands against every pair, at once (UNI-3).
        """
        failed, unknown = self._codes(Verdict.FAILED), self._codes(Verdict.UNKNOWN)
        # without a ticker much is unknown; that nobody quotes the pair says it all
        found = tuple(
            why
            for each in self.steps
            if (why := each.objection) is not None
            and not (failed & SILENT and each.verdict is Verdict.UNKNOWN)
        )
        if self.standing.fits:
            return found if failed - SOFT or unknown else ()
        if unknown or failed & (SOFT | SILENT):
            return found
        told = f"passed={self.standing.contrary}, needed={self.standing.needed}"
        return (*found, Objection("WAITING", told))

    @property
    def lacks_bars(self) -> bool:
        """Whether only daily bars that are not stored stand between the pair and its place.

        A pair that waits for its place keeps the bars that got it so far.
        """
        asks_bars = any(
            each.code in NEEDS_BARS and each.verdict is not Verdict.OFF for each in self.steps
        )
        unknown = self._codes(Verdict.UNKNOWN)
        against = {each.code for each in self.objections}
        return asks_bars and against <= (unknown & NEEDS_BARS) | {"WAITING"} and bool(against)

    def may_enter(self, *, but_for: frozenset[str]) -> bool:
        """Tell whether the filters let the pair in, or let it stay for now, but for some of them.

        Args:
            but_for: codes of the filters that are still to be asked.
        """
        unknown = self._codes(Verdict.UNKNOWN) - but_for
        failed = self._codes(Verdict.FAILED) - but_for
        return not unknown and (not failed or (self.standing.fits and failed <= SOFT))

    def _codes(self, verdict: Verdict) -> frozenset[str]:
        return frozenset(each.code for each in self.steps if each.verdict is verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """One reading of the market, kept for ever: what was seen, asked, and what came of it."""

    universe: Universe
    judged: Mapping[str, Judged]
    """By our name of every listed pair. Empty for one that an older program kept."""
    config_hash: str
    rules_hash: str
    """Names the rules; under others nobody has to wait."""
    source_hash: str
    """Names what the exchange answered."""


def rules_hash(rules: UniverseRules) -> str:
    """Name a set of rules."""
    told = {each.name: getattr(rules, each.name) for each in fields(rules)}
    return digest(
        {name: sorted(of) if isinstance(of, frozenset) else of for name, of in told.items()}
    )


def judge(
    seen: Seen, *, rules: UniverseRules, before: Mapping[str, Standing] | None
) -> dict[str, Judged]:
    """Ask every filter of every pair and keep what each said.

    Args:
        seen: what is known of them.
        rules: what a pair must keep.
        before: where each pair stood after the refresh before, under the same rules; None if there
            was none.
    """
    prices = PriceTable(rules.base_currency, seen.pairs, seen.tickers)
    rates = {each: prices.rate(each) for each in {pair.quote for pair in seen.pairs.values()}}
    judged = {}
    for pair in _sorted(seen.pairs):
        country = None if seen.in_country is None else pair.key in seen.in_country
        found = steps(
            Candidate(
                pair=pair,
                ticker=seen.tickers.get(pair.name),
                rules=rules,
                past=seen.past.get(pair.name),
                is_listed_in_country=country,
                nav=seen.nav,
                rate=rates[pair.quote],
                is_measured=seen.measured is None or pair.name in seen.measured,
                nearby=seen.nearby.get(pair.name),
                kin=seen.kin.get(pair.name),
                realised=seen.realised.get(pair.name, ZERO),
            )
        )
        judged[pair.name] = Judged(
            name=PairName(pair=pair.name, key=pair.key, base=pair.base, quote=pair.quote),
            steps=found,
            standing=_standing(pair.name, found, rules=rules, before=before),
        )
    return judged


def select(
    seen: Seen, judged: Mapping[str, Judged], *, in_use: frozenset[str], at: datetime
) -> Universe:
    """Return the universe of what was judged.

    Args:
        seen: what was judged.
        judged: what the filters said.
        in_use: pairs with a position or an order that may fill.
        at: when the market answered.
    """
    against = {name: each.objections for name, each in judged.items()}
    members = tuple(seen.pairs[name] for name, found in against.items() if not found)
    out = {name: found for name, found in against.items() if found}
    out |= {name: (Objection("UNREADABLE", why),) for name, why in seen.unreadable.items()}
    gone = sorted(in_use - set(seen.pairs))
    out |= {name: (Objection("UNLISTED", f"pair={name}"),) for name in gone}
    leaving = tuple(seen.pairs[name] for name in against if name in out and name in in_use)
    watched = tuple(
        seen.pairs[name] for name, each in judged.items() if name not in in_use and each.lacks_bars
    )
    return Universe(
        version=_version(members, leaving, watched, out),
        at=at,
        members=members,
        leaving=leaving,
        watched=watched,
        notional_24h={each.name: seen.tickers[each.name].notional_24h for each in members},
        reasons=out,
    )


def _sorted(pairs: Mapping[str, Pair]) -> list[Pair]:
    return [pairs[name] for name in sorted(pairs)]


def _standing(
    name: str,
    found: tuple[Step, ...],
    *,
    rules: UniverseRules,
    before: Mapping[str, Standing] | None,
) -> Standing:
    failed = {each.code for each in found if each.verdict is Verdict.FAILED}
    unknown = {each.code for each in found if each.verdict is Verdict.UNKNOWN}
    passes = None if unknown & SOFT else True
    passes = False if failed & SOFT else passes
    return stand(
        None if before is None else before.get(name),
        passes=None if failed & SILENT else passes,
        is_first=before is None,
        refreshes=rules.refreshes,
    )


def _version(
    members: tuple[Pair, ...],
    leaving: tuple[Pair, ...],
    watched: tuple[Pair, ...],
    reasons: Mapping[str, tuple[Objection, ...]],
) -> str:
    """Name the set: who is in with which rules, and by which code the others are out."""
    rows = [
        [each.name, each.tick, each.lot, each.min_qty, each.min_cost, each.status]
        for each in members + leaving
    ]
    out = {name: [each.code for each in found] for name, found in reasons.items()}
    told = [len(members), rows, out]
    if watched:
        told.append([each.name for each in watched])
    return "U" + digest(told)[:16]
