"""Each ledger entry to exactly one cause (PF-2), whatever the order in which entries came."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack
from kraken_pipeline.domain.accounting.kinds import Kind, rule_of
from kraken_pipeline.domain.accounting.legs import explained_legs
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import plain

NO_REFID: Final = frozenset({"", "Unknown"})
"""What stands for a refid where there is none: such entries have nothing to do with each other.
Source: recorded ledgers of 2019."""
NOTHING_LEFT: Final = Decimal("0.01")
"""In base currency: what is worth less may have had an other side that rounds to nothing."""
SWEEP: Final = "dustsweeping"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """The entries of one kind and one refid."""

    event_id: str
    entries: Sequence[LedgerEntry]

    def all_are(self, cause: Cause, why: str, lacks: Lack = Lack.NOTHING) -> Iterable[Explained]:
        for entry in self.entries:
            yield self.one(entry, cause, why, lacks)

    def one(
        self, entry: LedgerEntry, cause: Cause, why: str, lacks: Lack = Lack.NOTHING
    ) -> Explained:
        return Explained(entry=entry, cause=cause, event_id=self.event_id, why=why, lacks=lacks)

    @property
    def is_two_sided(self) -> bool:
        """Whether something was given and something had for it."""
        return any(each.amount < 0 for each in self.entries) and any(
            each.amount > 0 for each in self.entries
        )


def explain(
    entries: Iterable[LedgerEntry], fills: Mapping[str, Fill], lookup: Lookup
) -> tuple[Explained, ...]:
    """Return the one cause of each entry, oldest first.

    What is given must be whole: all that is known with the refids among it and, for the end of a
    move between buckets, all ends of as much. What comes later may complete an event.

    Args:
        entries: in any order.
        fills: the trade's id to the fill.
        lookup: what is known of assets and prices.
    """
    events: defaultdict[Kind, defaultdict[str, list[LedgerEntry]]]
    events = defaultdict(lambda: defaultdict(list))
    for entry in sorted(entries, key=lambda each: (each.at, each.entry_id)):
        events[rule_of(entry).kind][event_of(entry)].append(entry)
    found = list(explained_legs(events.pop(Kind.LEG, {}), lookup))
    for kind, of_kind in events.items():
        for event_id, some in of_kind.items():
            event = _Event(event_id=event_id, entries=some)
            found += (
                _trade(event, fills.get(event_id))
                if kind is Kind.TRADE
                else _EXPLAINERS[kind](event, lookup)
            )
    return tuple(sorted(found, key=lambda each: (each.entry.at, each.entry.entry_id)))


def event_of(entry: LedgerEntry) -> str:
    """Return what an entry's event is called: the refid, or its own id where it has none."""
    return entry.entry_id if entry.refid in NO_REFID else entry.refid


def _trade(event: _Event, fill: Fill | None) -> Iterable[Explained]:
    if fill is None:
        return event.all_are(Cause.FILL, "a trade; its fill is not kept yet", Lack.FILL)
    why = f"{fill.side} {plain(fill.qty)} {fill.pair} for {plain(fill.cost)}"
    if event.is_two_sided:
        return event.all_are(Cause.FILL, why)
    has_base = any((each.amount > 0) is (fill.side is Side.BUY) for each in event.entries)
    missing = f"the {'quote' if has_base else 'base'} side has no row: nothing, or late"
    return event.all_are(Cause.FILL, f"{why}; {missing}")


def _swap(event: _Event, lookup: Lookup) -> Iterable[Explained]:
    if event.is_two_sided:
        given = [each for each in event.entries if each.amount < 0]
        had = [each for each in event.entries if each.amount > 0]
        return event.all_are(Cause.CONVERSION, f"{_sum(given)} became {_sum(had)}")
    if all(_is_next_to_nothing(each, lookup) for each in event.entries):
        return event.all_are(Cause.CONVERSION, "its other side rounds to nothing and has no row")
    said = "the other side of what was given or had has not come"
    return event.all_are(Cause.UNKNOWN, said, Lack.SIDE)


def _correction(event: _Event, lookup: Lookup) -> Iterable[Explained]:
    assets = {lookup.asset_of(each.asset) or each.asset for each in event.entries}
    if event.is_two_sided and len(assets) > 1:
        return _swap(event, lookup)
    return event.all_are(Cause.ADJUSTMENT, rule_of(event.entries[0]).said)


def _flow(event: _Event, lookup: Lookup) -> Iterable[Explained]:
    for entry in event.entries:
        said = rule_of(entry).said
        if (entry.type, entry.amount > 0) in {("deposit", False), ("withdrawal", True)}:
            said = f"a {said} that was taken back"
        yield event.one(entry, Cause.FLOW, said)


def _credit(event: _Event, lookup: Lookup) -> Iterable[Explained]:
    for entry in event.entries:
        if lookup.asset_of(entry.asset) is None:
            why = f"{entry.asset} came or went, and the exchange lists no such asset"
            yield event.one(entry, Cause.UNKNOWN, why)
        else:
            yield event.one(entry, Cause.FLOW, rule_of(entry).said)


def _as_said(cause: Cause) -> Callable[[_Event, Lookup], Iterable[Explained]]:
    def explained(event: _Event, lookup: Lookup) -> Iterable[Explained]:
        for entry in event.entries:
            yield event.one(entry, cause, rule_of(entry).said)

    return explained


_EXPLAINERS: Final[Mapping[Kind, Callable[[_Event, Lookup], Iterable[Explained]]]] = (
    MappingProxyType(
        {
            Kind.SWAP: _swap,
            Kind.CORRECTION: _correction,
            Kind.FLOW: _flow,
            Kind.CREDIT: _credit,
            Kind.REWARD: _as_said(Cause.REWARD),
            Kind.FEE: _as_said(Cause.FEE),
            Kind.REVIEW: _as_said(Cause.UNKNOWN),
        }
    )
)


def _is_next_to_nothing(entry: LedgerEntry, lookup: Lookup) -> bool:
    if entry.subtype == SWEEP:
        return True
    asset = lookup.asset_of(entry.asset)
    worth = None if asset is None else lookup.worth_of(asset, abs(entry.net))
    return worth is not None and worth < NOTHING_LEFT


def _sum(entries: Sequence[LedgerEntry]) -> str:
    return " and ".join(f"{plain(abs(each.amount))} {each.asset}" for each in entries)
