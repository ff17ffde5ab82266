"""Holdings whose asset the exchange gave another name: carried over with their cost (UNI-9)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Final

from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import EXACT, ZERO, Qty
from kraken_pipeline.domain.renames import Alias, Conversion, in_force
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.ports.universe import ConversionStore
from kraken_pipeline.services.risk.world import economic_asset

SMALLEST: Final = Decimal("1e-10")
"""Of an asset whose decimals the exchange does not tell."""
BY: Final = "books"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameDesk:
    """What carrying holdings over needs."""

    books: BookStore
    conversions: ConversionStore
    halts: HaltStore
    base_currency: Asset
    aliases: Sequence[Alias]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holding:
    """A position in a pair of an asset that has another name by now."""

    position: Position
    alias: Alias
    to_pair: Pair


def follow_renames(
    desk: RenameDesk, listing: Listing, totals: Mapping[Asset, Decimal], at: datetime
) -> tuple[Conversion, ...]:
    """Carry over what is held under an old name, once the account shows the new asset instead.

    The table of aliases alone moves nothing: it may be wrong, early, or of an asset that the
    exchange goes on with. The account must have too little of the old asset for what the books say,
    and enough of the new one for what they would say.

    Args:
        desk: what it works with.
        listing: what the exchange lists now.
        totals: what the account has of each economic asset.
        at: when that was read. Exchange time, UTC.

    Returns:
        What was carried over; halts of the old names hold for the new ones too.
    """
    current = in_force(desk.aliases, at)
    positions = [each for each in desk.books.positions() if each.qty]
    if not current or all(each.pair in listing.pairs for each in positions):
        return ()
    found = _holdings(desk, listing, positions, current)
    made: list[Conversion] = []
    for alias in {each.alias.old: each.alias for each in found}.values():
        some = [each for each in found if each.alias == alias]
        wanted = [(each.position, _conversion(each, listing, at)) for each in some]
        if _is_shown(wanted, listing, positions, totals):
            desk.conversions.convert(wanted)
            made += [conversion for _, conversion in wanted]
    _keep_halts(desk, made, at)
    return tuple(made)


def _holdings(
    desk: RenameDesk,
    listing: Listing,
    positions: Iterable[Position],
    current: Mapping[Asset, Alias],
) -> list[_Holding]:
    """Return the positions in pairs that are not listed any more and whose asset has a new name."""
    names = _old_names(listing, current, desk.base_currency)
    return [
        _Holding(position=each, alias=names[each.pair][0], to_pair=names[each.pair][1])
        for each in positions
        if each.pair not in listing.pairs and each.pair in names
    ]


def _old_names(
    listing: Listing, current: Mapping[Asset, Alias], base_currency: Asset
) -> dict[str, tuple[Alias, Pair]]:
    """Return how the pairs of renamed assets were named, each with the pair that goes on for it.

    Where the new asset has no pair of the same quote, the one in base currency does, or the first:
    cost is kept in base currency, and data and exits need a pair.
    """
    quotes = {pair.quote for pair in listing.pairs.values()}
    found: dict[str, tuple[Alias, Pair]] = {}
    for old, alias in current.items():
        by_quote = {
            pair.quote: pair
            for _, pair in sorted(listing.pairs.items(), reverse=True)
            if pair.base == alias.new
        }
        for quote in quotes if by_quote else ():
            usual = by_quote.get(base_currency) or next(reversed(by_quote.values()))
            found[f"{old}{quote}"] = alias, by_quote.get(quote, usual)
    return found


def _conversion(holding: _Holding, listing: Listing, at: datetime) -> Conversion:
    position, alias = holding.position, holding.alias
    step = _smallest(listing, alias.new)
    with localcontext(EXACT):
        qty = position.qty * alias.ratio
    to_qty = Qty((qty / step).to_integral_value(ROUND_DOWN) * step)
    return Conversion(
        conversion_id="C" + digest([position.book, position.pair, holding.to_pair.name, at])[:24],
        book=position.book,
        from_asset=alias.old,
        to_asset=alias.new,
        ratio=alias.ratio,
        effective_at=alias.since,
        from_pair=position.pair,
        to_pair=holding.to_pair.name,
        qty=position.qty,
        to_qty=to_qty,
        cost=position.cost,
        at=at,
    )


def _smallest(listing: Listing, asset: Asset) -> Decimal:
    known = [
        each.decimals
        for key, each in listing.assets.items()
        if each.decimals is not None and economic_asset(listing.symbols, key) == asset
    ]
    return Decimal(1).scaleb(-max(known)) if known else SMALLEST


def _is_shown(
    wanted: Collection[tuple[Position, Conversion]],
    listing: Listing,
    positions: Iterable[Position],
    totals: Mapping[Asset, Decimal],
) -> bool:
    """Tell whether the account has the new asset in place of the old one."""
    [(old, new)] = {(each.from_asset, each.to_asset) for _, each in wanted}
    before = sum((position.qty for position, _ in wanted), ZERO)
    after = sum((each.to_qty for _, each in wanted), ZERO)
    known: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for each in positions:
        if each.pair in listing.pairs:
            known[listing.pairs[each.pair].base] += each.qty
    is_gone = totals.get(old, ZERO) < before
    return is_gone and totals.get(new, ZERO) >= known[new] + after


def _keep_halts(desk: RenameDesk, made: Sequence[Conversion], at: datetime) -> None:
    """Let what a person stopped under the old name stay stopped under the new one."""
    now = {Scope(kind=ScopeKind.PAIR, name=each.from_pair): each.to_pair for each in made}
    now |= {Scope(kind=ScopeKind.ASSET, name=each.from_asset): each.to_asset for each in made}
    for halt in desk.halts.latched() if made else ():
        if halt.scope in now and halt.kind is not HaltKind.RESTRICTED:
            scope = Scope(kind=halt.scope.kind, name=now[halt.scope])
            desk.halts.latch(halt.kind, reason=halt.reason, at=at, by=BY, scope=scope)
