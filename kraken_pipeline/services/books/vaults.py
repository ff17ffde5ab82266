"""Earn vaults: what Earn/Allocations tells and the balances do not, read seldom and kept."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from functools import partial
from typing import Final, Protocol

from kraken_pipeline.domain.account_reports import Allocation
from kraken_pipeline.domain.accounting.kinds import Kind, rule_of
from kraken_pipeline.domain.accounting.vaults import (
    EARN,
    IN_SPOT,
    Look,
    Told,
    beside,
    completed,
    hidden_in,
    is_vault,
    shared_out,
    vault_of,
)
from kraken_pipeline.domain.errors import (
    AuthError,
    KeySharedError,
    LockedOutError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.reports import Balance, Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.books import BookStore, LedgerStore
from kraken_pipeline.services.ports.exchange import Earning
from kraken_pipeline.services.risk.world import economic_asset

USUAL: Final = timedelta(hours=1)
"""Between two looks where nothing calls for one: each costs a point of the key's counter."""
SETTLES: Final = timedelta(minutes=5)
"""For so long after a move Earn may still tell what was before: it works on moves by and by."""
SOON: Final = timedelta(minutes=1)
"""Between two looks within that time."""
EARNS_BY_ITSELF: Final = ".F"


class VaultStore(Protocol):
    """The last look at the ways to earn."""

    def look(self) -> Look | None:
        """Return it; None before the first."""
        ...

    def hidden(self) -> Mapping[Asset, Decimal]:
        """Return what it told beyond the balances, by asset."""
        ...

    def keep(self, look: Look) -> None:
        """Keep it instead of the one before."""
        ...

    def rewards(self, buckets: Collection[str]) -> Decimal:
        """Return what Earn's rewards in the kept ledger of some buckets add up to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultDesk:
    """What looking at vaults needs."""

    earning: Earning
    looks: VaultStore
    books: BookStore
    ledger: LedgerStore
    listing: Callable[[], Listing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A look that was taken just now and is not booked yet."""

    allocations: Sequence[Allocation]
    locks: Mapping[str, str]
    """Of the ways to earn in which something lies."""
    balances: Mapping[str, Decimal]
    """Read in one instant with it."""
    hidden: Mapping[Asset, Decimal]
    """What of them is in no balance, by asset."""


def with_vaults(desk: VaultDesk, balances: Mapping[str, Balance]) -> Mapping[str, Balance]:
    """Return balances with what they leave out, as far as the last look told it."""
    hidden = desk.looks.hidden()
    return _added(desk, balances, hidden) if hidden else balances


def moved_at(desk: VaultDesk, entries: Iterable[LedgerEntry]) -> datetime | None:
    """Return when Earn was last told to move something whose end may be in a vault.

    Args:
        desk: what looking needs.
        entries: of the ledger, that may not be kept yet.
    """
    known = [each.entry for each in desk.ledger.in_flight()]
    legs = [each for each in (*known, *entries) if rule_of(each).kind is Kind.LEG]
    return max((each.at for each in legs if each.type == EARN), default=None)


def is_due(desk: VaultDesk, moved: datetime | None, now: datetime) -> bool:
    """Tell whether to look: once an hour, and where something has just moved that may be Earn's.

    Args:
        desk: what looking needs.
        moved: when; None where nothing did.
        now: the exchange's time.
    """
    last = desk.looks.look()
    if last is None or now - last.at >= USUAL:
        return True
    if moved is None:
        return False
    return last.at <= moved or (last.at < moved + SETTLES and now - last.at >= SOON)


def look(desk: VaultDesk, balances: Mapping[str, Balance], at: datetime) -> Fresh | None:
    """Ask what is allocated; None where that was refused, which is noted, or did not come.

    What a key may not read stops nothing else: what the last look told stays.

    Raises:
        AuthError: the key is locked, or somebody else uses it.
    """
    try:
        told = desk.earning.allocations()
        locks = desk.earning.earn_locks() if any(each.qty for each in told) else {}
    except (LockedOutError, KeySharedError):
        raise
    except (AuthError, UnexpectedReplyError) as refusal:
        desk.looks.keep(Look(at=at, refused=str(refusal), hidden=desk.looks.hidden()))
        return None
    except UnreachableError:
        return None  # the next pass asks again
    totals = {bucket: each.total for bucket, each in balances.items()}
    asset_of = partial(economic_asset, desk.listing().symbols)
    hidden = hidden_in(told, locks, totals, asset_of)
    return Fresh(allocations=told, locks=locks, balances=totals, hidden=hidden)


def is_news(desk: VaultDesk, fresh: Fresh) -> bool:
    """Tell whether a look tells anything else than the last one."""
    return dict(fresh.hidden) != dict(desk.looks.hidden())


def book_vaults(
    desk: VaultDesk,
    fresh: Fresh,
    at: datetime,
    book: Callable[[Sequence[LedgerEntry]], object],
) -> None:
    """Complete the moves that a look tells to be done, and keep the look.

    Killed between the two, the next look finds the entries and has nothing to add.

    Args:
        desk: what looking needs.
        fresh: taken in one instant with the kept ledger.
        at: when.
        book: takes entries of ours.
    """
    asset_of = partial(economic_asset, desk.listing().symbols)
    replayed = desk.books.replayed_balances()
    known = {asset_of(bucket) for bucket in replayed if is_vault(bucket)}
    made: list[LedgerEntry] = []
    for asset in sorted({*fresh.hidden, *known}):
        made += completed(_told(desk, fresh, asset, replayed, asset_of), at)
    if made:
        book(made)
    desk.looks.keep(Look(at=at, refused="", hidden=fresh.hidden))


def _told(
    desk: VaultDesk,
    fresh: Fresh,
    asset: Asset,
    replayed: Mapping[str, Decimal],
    asset_of: Callable[[str], Asset],
) -> Told:
    qty = fresh.hidden.get(asset, ZERO)
    _, left = shared_out(asset, qty, fresh.balances, replayed, asset_of)
    told = Told(
        asset=asset,
        qty=left,
        kept=replayed.get(vault_of(asset), ZERO),
        is_known=vault_of(asset) in replayed,
        unbooked_rewards=ZERO,
        legs=tuple(
            each
            for each in desk.ledger.in_flight()
            if each.entry.type == EARN and asset_of(each.entry.asset) == asset
        ),
    )
    if told.unexplained <= 0:
        return told
    return replace(told, unbooked_rewards=_unbooked(desk, fresh, asset, replayed, asset_of))


def _unbooked(
    desk: VaultDesk,
    fresh: Fresh,
    asset: Asset,
    replayed: Mapping[str, Decimal],
    asset_of: Callable[[str], Asset],
) -> Decimal:
    """Return what Earn says that an asset earned beyond the rewards that the ledger has of it.

    What earned by itself counts on both sides or, where Earn leaves that out, on none.
    """
    told = [each for each in fresh.allocations if asset_of(each.asset) == asset]
    has_spot = any(fresh.locks.get(each.strategy_id) == IN_SPOT for each in told)
    buckets = [
        bucket
        for bucket in replayed
        if asset_of(bucket) == asset and (has_spot or not bucket.endswith(EARNS_BY_ITSELF))
    ]
    with localcontext(EXACT):
        return sum((each.rewarded for each in told), ZERO) - desk.looks.rewards(buckets)


def _added(
    desk: VaultDesk, balances: Mapping[str, Balance], hidden: Mapping[Asset, Decimal]
) -> Mapping[str, Balance]:
    totals = {bucket: each.total for bucket, each in balances.items()}
    asset_of = partial(economic_asset, desk.listing().symbols)
    more = beside(totals, desk.books.replayed_balances(), hidden, asset_of)
    nothing = Balance(total=ZERO, held=ZERO)
    found = dict(balances)
    with localcontext(EXACT):
        for bucket, qty in more.items():
            had = found.get(bucket, nothing)
            found[bucket] = replace(had, total=had.total + qty)
    return found
