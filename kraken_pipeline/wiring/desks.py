"""From settings and adapters to what each service asks for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.bars.history import HistoryDesk
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.books.adjust import AdjustDesk
from kraken_pipeline.services.books.book import BookDesk, Booked, keep_books
from kraken_pipeline.services.books.past_prices import Closes, certified_closes
from kraken_pipeline.services.books.reconcile import ReconcileDesk, opening_objection
from kraken_pipeline.services.books.sync import LongList
from kraken_pipeline.services.books.vaults import VaultDesk, with_vaults
from kraken_pipeline.services.deciding.decide import DecisionDesk
from kraken_pipeline.services.deciding.quarantine import Ward
from kraken_pipeline.services.market.habits import habits_of
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.services.orders.submit import SubmitDesk
from kraken_pipeline.services.protection.guard import is_guarded
from kraken_pipeline.services.risk.allocate import allocate
from kraken_pipeline.services.risk.assess import RiskDesk, known_snapshot
from kraken_pipeline.services.risk.halt import HaltDesk
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.quarantines import SqlQuarantineStore
from kraken_pipeline.wiring import protecting
from kraken_pipeline.wiring.allocating import allocate_desk
from kraken_pipeline.wiring.barred import barring
from kraken_pipeline.wiring.bounds import unacknowledged
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.configured import asked_strategies
from kraken_pipeline.wiring.evaluation import Bounds
from kraken_pipeline.wiring.lifecycle import parts_of
from kraken_pipeline.wiring.market_sign import board_of
from kraken_pipeline.wiring.modes import destination
from kraken_pipeline.wiring.panicked import panic_is_here
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import kill_switches, kraken_stops, limits, universe_rules
from kraken_pipeline.wiring.strategies import kinds
from kraken_pipeline.wiring.stream_sign import stream_objection, stream_sign
from kraken_pipeline.wiring.styles import strategy_styles, usual_style
from kraken_pipeline.wiring.switch import guard_desk, takes_orders
from kraken_pipeline.wiring.universe import (
    follow,
    followed_bars,
    followed_certificates,
)

EVALUATING = "evaluating"
"""Folder in the data folder where a mark lies while a strategy is asked."""


def history(parts: Parts) -> HistoryDesk:
    """What keeping bars needs."""
    return HistoryDesk(
        market=parts.edge.market,
        bars=parts.stores.bars,
        certificates=parts.stores.certificates,
        progress=parts.progress,
    )


def decisions(parts: Parts) -> DecisionDesk:
    """What deciding needs."""
    return DecisionDesk(
        strategies=asked_strategies(parts.loaded.settings),
        named=kinds().named,
        bars=followed_bars(parts),
        certificates=followed_certificates(parts),
        universes=parts.stores.universes,
        decisions=parts.stores.decisions,
        books=parts.stores.books,
        config_hash=parts.loaded.hash,
        clock=parts.edge.clock,
        evaluate=Bounds(
            parts.loaded.data_dir / EVALUATING,
            seconds=parts.loaded.settings.strategies.evaluation_seconds,
            megabytes=parts.loaded.settings.strategies.evaluation_memory_mb,
        ),
        ward=ward(parts),
    )


def ward(parts: Parts) -> Ward:
    """What quarantine needs."""
    return Ward(
        store=SqlQuarantineStore(parts.stores.database),
        most=parts.loaded.settings.strategies.quarantine_after,
    )


def risk(parts: Parts) -> RiskDesk:
    """What assessing needs."""
    settings = parts.loaded.settings
    return RiskDesk(
        market=parts.edge.market,
        account=parts.edge.account,
        decisions=parts.stores.decisions,
        orders=parts.stores.orders,
        books=parts.stores.books,
        universes=parts.stores.universes,
        limits=limits(settings),
        strategy_caps={
            each: settings.strategy_cap_pct(each) for each in settings.strategies.running()
        },
        qty_caps=settings.risk.max_order_qty,
        style=usual_style(settings),
        strategy_styles=strategy_styles(settings),
        base_currency=Asset(settings.portfolio.base_currency),
        panic_is_latched=panic_is_here(parts),
        unacknowledged=unacknowledged(parts),
        allowed=_allowed(parts),
        barred=barring(parts),
        parts=parts_of(settings),
        kraken_stops=kraken_stops(settings),
        valuation_pairs=settings.portfolio.valuation_pairs,
        config_hash=parts.loaded.hash,
        clock=parts.edge.clock,
        habits=partial(
            habits_of,
            followed_bars(parts),
            rules=universe_rules(settings),
            compares=settings.risk.max_per_cluster_pct is not None,
        ),
        allocate=partial(allocate, allocate_desk(parts)),
        stream=lambda: board_of(parts.loaded.data_dir),
    )


def _allowed(parts: Parts) -> tuple[str, ...] | None:
    """Return the strategies that may trade real money; None where it is none."""
    if parts.edge.rehearses or not destination(parts.loaded).is_kraken:
        return None
    return parts.loaded.settings.execution.live_strategy_allowlist


def submit(parts: Parts, namespace: Namespace, owner: str) -> SubmitDesk:
    """What sending needs.

    Raises:
        RefusedError: a rehearsal would be placed, or a trade only rehearsed.
    """
    if (namespace is Namespace.REHEARSAL) != parts.edge.rehearses:
        raise RefusedError(f"orders of {namespace} do not go where this pipeline sends orders")
    execution = parts.loaded.settings.execution
    return SubmitDesk(
        namespace=namespace,
        orders=parts.stores.orders,
        gateway=parts.edge.gateway,
        market=parts.edge.market,
        account=parts.edge.account,
        equity=lambda: _equity(parts),
        panic_is_latched=partial(panic_is_here, parts),
        is_guarded=_guarded(parts, owner),
        opening_objection=_reconciled(parts, owner),
        owner=owner,
        lease=timedelta(seconds=execution.lease_seconds),
        deadline=timedelta(seconds=execution.submit_deadline_seconds),
        max_plan_age=timedelta(seconds=execution.max_plan_age_seconds),
        min_notional=execution.min_order_notional_usd,
        funds_cooldown=timedelta(seconds=execution.funds_cooldown_seconds),
        max_at_exchange=execution.max_concurrent_orders,
        leaves_room=_room(parts),
        clock=parts.edge.clock,
    )


def _equity(parts: Parts) -> Decimal:
    snapshot = known_snapshot(parts.stores.books)
    return ZERO if snapshot is None else snapshot.equity


def _guarded(parts: Parts, owner: str) -> Callable[[Order], bool]:
    if not takes_orders(parts):
        return lambda order: True
    return partial(is_guarded, guard_desk(parts, lambda: settle(parts), owner=owner))


def _room(parts: Parts) -> Callable[[Order], bool]:
    if not takes_orders(parts):
        return lambda order: True
    return protecting.room_for(parts, settle(parts))


def _reconciled(parts: Parts, owner: str) -> Callable[[], str]:
    """What asks for a look at the exchange, where an order that is sent can rest there."""
    if not takes_orders(parts):
        return lambda: ""
    return lambda: (
        stream_objection(parts.loaded.data_dir, system_now())
        or opening_objection(reconcile(parts, run_id=owner, keep=lambda: keep_books(books(parts))))
    )


def reconcile(parts: Parts, *, run_id: str, keep: Callable[[], Booked]) -> ReconcileDesk:
    """What comparing books and exchange needs.

    Args:
        parts: of the pipeline.
        run_id: of the run or the command that compares.
        keep: keeps the books.
    """
    return ReconcileDesk(
        settling=settle(parts),
        market=parts.edge.market,
        books=parts.stores.books,
        vaults=vaults(parts),
        foreign=parts.stores.foreign,
        passes=parts.stores.passes,
        keep_books=keep,
        unprotected=lambda: protecting.unprotected(parts),
        run_id=run_id,
    )


def settle(parts: Parts) -> SettleDesk:
    """What settling needs."""
    execution = parts.loaded.settings.execution
    return SettleDesk(
        orders=parts.stores.orders,
        halts=parts.stores.halts,
        account=parts.edge.account,
        gateway=parts.edge.gateway,
        unknown_settle=timedelta(seconds=execution.unknown_settle_seconds),
        listing=parts.edge.market.listing,
        kept_balances=parts.stores.books.replayed_balances,
        with_vaults=partial(with_vaults, vaults(parts)),
        kept_until=parts.stores.books.last_entry_at,
        stream_shows_absence=partial(_stream_shows_absence, parts),
        clock=parts.edge.clock,
    )


def _stream_shows_absence(parts: Parts, sent_at: datetime, settled_at: datetime) -> bool:
    """Nobody who listens witnesses against it; one who missed something is no witness for it."""
    sign = stream_sign(parts.loaded.data_dir, system_now())
    if sign is None:
        return True
    return sign.proof is not None and sign.proof.shows_absence(
        sent_at=sent_at, settled_at=settled_at
    )


def adjusting(parts: Parts, *, keep: Callable[[], Booked]) -> AdjustDesk:
    """What adjusting the books by hand needs."""
    return AdjustDesk(
        market=parts.edge.market,
        account=parts.edge.account,
        books=parts.stores.books,
        vaults=vaults(parts),
        adjustments=parts.stores.adjustments,
        keep_books=keep,
    )


def books(parts: Parts) -> BookDesk:
    """What keeping the books needs."""
    portfolio = parts.loaded.settings.portfolio
    return BookDesk(
        market=parts.edge.market,
        account=parts.edge.account,
        vaults=vaults(parts),
        books=parts.stores.books,
        ledger=parts.stores.ledger,
        long_ledger=LongList(
            name="Ledgers",
            pages=parts.edge.account.ledger_page,
            kept=parts.stores.ledger_pages,
            clock=parts.edge.clock,
        ),
        long_trades=LongList(
            name="TradesHistory",
            pages=parts.edge.account.trades_page,
            kept=parts.stores.trade_pages,
            clock=parts.edge.clock,
        ),
        orders=parts.stores.orders,
        base_currency=Asset(portfolio.base_currency),
        retention=timedelta(days=portfolio.snapshot_retention_days),
        valuation_pairs=portfolio.valuation_pairs,
        tracks_manual=portfolio.track_manual_trades,
        clock=parts.edge.clock,
        tolerance=Tolerance(
            amount=portfolio.reconciliation_tolerance,
            share=portfolio.reconciliation_relative_tolerance_pct * PERCENT,
        ),
        closes=closes(parts),
        book_moves=partial(book_moves, accounts(parts)),
        follow=partial(follow, parts),
    )


def vaults(parts: Parts) -> VaultDesk:
    """What looking at Earn's vaults needs."""
    return VaultDesk(
        earning=parts.edge.account,
        looks=parts.stores.vaults,
        books=parts.stores.books,
        ledger=parts.stores.ledger,
        listing=parts.edge.market.listing,
    )


def accounts(parts: Parts) -> AccountDesk:
    """What keeping the account's own books needs."""
    settings = parts.loaded.settings
    return AccountDesk(
        accounts=parts.stores.accounts,
        base_currency=Asset(settings.portfolio.base_currency),
        method=Method(settings.portfolio.cost_basis_method),
        aliases=aliases(settings),
        closes=closes(parts),
    )


def closes(parts: Parts) -> Closes:
    """Return what says how certified bars closed."""
    return certified_closes(lambda: parts.stores.bars, parts.stores.certificates)


def halts(parts: Parts) -> HaltDesk:
    """What latching and clearing need.

    A person's halt has the person's time: it must not wait for an exchange that does not answer.
    """
    return HaltDesk(
        halts=parts.stores.halts,
        switches=kill_switches(parts.loaded.settings),
        has_panic_file=parts.panic_file.exists,
        clear_panic_file=lambda: parts.panic_file.unlink(missing_ok=True),
        clock=system_now,
        # asked only where something cools off
        market_clock=lambda: parts.edge.clock(),  # noqa: PLW0108 - the clock is made when asked for
    )
