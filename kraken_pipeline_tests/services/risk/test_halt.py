"""Halts: latched once by what is breached, cleared by a person with a reason."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from kraken_pipeline.domain.errors import InvalidValueError, RefusedError, StorageError
from kraken_pipeline.domain.halts import HaltKind, Scope, ScopeKind
from kraken_pipeline.domain.nav import Snapshot, Valuation
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.risk.halt import HaltDesk, KillSwitches, halt, latch_breaches, resume
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.schema.shared import journal
from kraken_pipeline_tests.builders import NOW, snapshot
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper

COOL_OFF = timedelta(minutes=30)
PAIR = Scope(kind=ScopeKind.PAIR, name="XBTUSD")


def _halts(
    desk: Paper,
    *,
    on_drift: bool = True,
    had_file: bool = False,
    seen_after: timedelta = COOL_OFF,
    clear: Callable[[], None] = lambda: None,
    halts: HaltStore | None = None,
) -> HaltDesk:
    return HaltDesk(
        halts=halts or desk.stores.halts,
        switches=KillSwitches(
            max_drawdown_pct=Decimal(5),
            max_daily_loss_pct=Decimal(3),
            cool_off=COOL_OFF,
            on_drift=on_drift,
        ),
        has_panic_file=lambda: had_file,
        clear_panic_file=clear,
        clock=desk.clock,
        market_clock=lambda: NOW + seen_after,
    )


def _latched(
    halts: HaltDesk, breached: Snapshot, *, seconds: float = 120, is_grave: bool = True
) -> tuple[HaltKind, ...]:
    """Latch what a snapshot breaches whose drift was first seen so many seconds ago."""
    since = breached.at - timedelta(seconds=seconds)
    return latch_breaches(
        halts,
        breached,
        drifting_since=since if breached.drift else None,
        has_grave_drift=is_grave,
    )


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"drawdown": Decimal("0.0501")}, HaltKind.DRAWDOWN),
        ({"drawdown_of_day": Decimal("0.0301")}, HaltKind.LOSS),
        ({"drift": {"ZUSD": "ledger says 1, balance is 2"}}, HaltKind.DRIFT),
    ],
)
def test_a_breach_latches_once(desk: Paper, changes: dict[str, object], kind: HaltKind) -> None:
    breached = snapshot(**changes)

    assert _latched(_halts(desk), breached) == (kind,)
    assert _latched(_halts(desk), breached) == ()
    [latched] = desk.stores.halts.latched()
    assert (latched.kind, latched.latched_at) == (kind, breached.at)


def test_what_is_within_bounds_latches_nothing(desk: Paper) -> None:
    assert _latched(_halts(desk), snapshot(drawdown=Decimal("0.05"))) == ()


def test_drift_latches_only_where_it_is_to(desk: Paper) -> None:
    drifting = snapshot(drift={"ZUSD": "ledger says 1, balance is 2"})

    assert _latched(_halts(desk, on_drift=False), drifting) == ()


def test_drift_of_little_worth_latches_nothing(desk: Paper) -> None:
    drifting = snapshot(drift={"ZUSD": "ledger says 1, balance is 1.0001"})

    assert _latched(_halts(desk), drifting, is_grave=False) == ()


def test_f_rd_5_no_drift_latches_while_one_read_may_be_behind_the_other(desk: Paper) -> None:
    drifting = snapshot(drift={"ZUSD": "ledger says 1, balance is 2"})

    assert _latched(_halts(desk), drifting, seconds=0) == ()
    assert _latched(_halts(desk), drifting, seconds=119) == ()
    assert _latched(_halts(desk), drifting, seconds=120) == (HaltKind.DRIFT,)


def test_f_rd_1_a_fall_that_a_late_read_may_show_kills_nothing_before_it_lasts(desk: Paper) -> None:
    shown = snapshot(drawdown=Decimal(1), drift={"ZUSD": "ledger says 20000, balance is 0"})

    assert _latched(_halts(desk), shown, seconds=119) == ()
    assert HaltKind.DRAWDOWN in _latched(_halts(desk), shown)


def test_both_latch_together_and_are_cleared_together(desk: Paper) -> None:
    breached = snapshot(drawdown=Decimal("0.2"), drift={"XXBT": "ledger says 1, balance is 2"})

    assert set(_latched(_halts(desk), breached)) == {HaltKind.DRAWDOWN, HaltKind.DRIFT}
    assert resume(_halts(desk, had_file=True), reason="seen", by="me") == (2, True)
    assert desk.stores.halts.latched() == ()


def test_f_mon_5_nothing_is_killed_on_a_number_that_is_not_known(desk: Paper) -> None:
    unpriced = Valuation(asset=Asset("XBT"), qty=Decimal(1), price=None, source="none")
    blind = replace(snapshot(drawdown=Decimal("0.9")), valuations=(unpriced,))

    assert _latched(_halts(desk), blind) == ()


@pytest.mark.parametrize("reason", ["", "   "])
def test_neither_halting_nor_resuming_goes_without_a_reason(desk: Paper, reason: str) -> None:
    with pytest.raises(InvalidValueError, match="reason"):
        halt(_halts(desk), reason=reason, by="me")
    with pytest.raises(InvalidValueError, match="reason"):
        resume(_halts(desk), reason=reason, by="me")


def test_an_operator_halts_once_and_says_why(desk: Paper) -> None:
    assert halt(_halts(desk), reason=" storm ", by="me")
    assert not halt(_halts(desk), reason="again", by="me")
    [latched] = desk.stores.halts.latched()
    assert (latched.kind, latched.reason, latched.latched_by) == (HaltKind.OPERATOR, "storm", "me")


def test_a_breach_that_lasts_latches_again_after_it_was_cleared(desk: Paper) -> None:
    breached = snapshot(drawdown=Decimal("0.2"))
    _latched(_halts(desk), breached)
    resume(_halts(desk), reason="seen", by="me")

    assert _latched(_halts(desk), breached) == (HaltKind.DRAWDOWN,)


@pytest.mark.parametrize("fell", ["drawdown", "drawdown_of_day"])
def test_rsk_8_nobody_clears_a_loss_in_the_heat_of_it(desk: Paper, fell: str) -> None:
    _latched(_halts(desk), snapshot(**{fell: Decimal("0.2")}))
    halt(_halts(desk), reason="me too", by="me")
    hot = _halts(desk, had_file=True, seen_after=COOL_OFF - timedelta(seconds=1))

    with pytest.raises(RefusedError, match="may be cleared from 2026-11-02 12:30:30"):
        resume(hot, reason="it comes back, surely", by="me")

    assert len(desk.stores.halts.latched()) == 2
    assert resume(_halts(desk), reason="looked at", by="me")[0] == 2


def test_what_has_a_scope_of_its_own_is_cleared_beside_a_loss(desk: Paper) -> None:
    _latched(_halts(desk), snapshot(drawdown=Decimal("0.2")))
    halt(_halts(desk), reason="a look", by="me", scope=PAIR)
    hot = _halts(desk, seen_after=timedelta())

    assert resume(hot, reason="looked at", by="me", scope=PAIR) == (1, False)


def test_rsk_11_each_turn_of_trading_is_an_event(desk: Paper) -> None:
    halts = desk.stores.halts
    halts.latch(HaltKind.GUARD, reason="lost", at=NOW, by="a")
    halts.latch(HaltKind.OPERATOR, reason="a look", at=NOW, by="b")
    halts.latch(HaltKind.DRIFT, reason="ZUSD", at=NOW, by="b")
    halts.clear(reason="looked", at=NOW, by="c", kinds=frozenset({HaltKind.DRIFT}))
    halts.clear(reason="looked", at=NOW, by="c", kinds=frozenset({HaltKind.OPERATOR}))
    halts.clear(reason="set", at=NOW, by="d")

    told = select(journal.c.kind, journal.c.actor).where(journal.c.subject == "trading")
    with desk.stores.database.reading() as connection:
        turns = [tuple(each) for each in connection.execute(told.order_by(journal.c.seq))]
    assert turns == [
        ("trading.reducing", "a"),
        ("trading.halted", "b"),
        ("trading.reducing", "c"),
        ("trading.active", "d"),
    ]
    assert verify(desk.stores.database).faults == ()


def test_resuming_with_nothing_latched_clears_nothing(desk: Paper) -> None:
    assert resume(_halts(desk), reason="to be sure", by="me") == (0, False)


def test_a_scoped_halt_denies_its_own_pair_and_no_other(desk: Paper) -> None:
    halt(_halts(desk), reason="odd book", by="me", scope=PAIR)
    desk.wants("XBTUSD", "ETHUSD")

    verdicts = desk.assess()

    assert [each.code for each in verdicts["XBTUSD"].objections] == ["KILL_MANUAL"]
    assert verdicts["ETHUSD"].approved


def test_a_scoped_halt_after_the_approval_stops_the_send_of_its_own_pair(desk: Paper) -> None:
    stopped, sent = desk.planned("XBTUSD"), desk.planned("ETHUSD", "0.1", "3100")
    halt(_halts(desk), reason="odd book", by="me", scope=PAIR)

    desk.submit()

    assert desk.now_of(stopped).state is State.WITHDRAWN
    assert desk.now_of(stopped).last_error == "KILL_MANUAL pair:XBTUSD: odd book"
    assert desk.now_of(sent).state is State.FILLED or desk.now_of(sent).kraken_order_id


@pytest.mark.parametrize("fails", ["latch", "clear"])
def test_a_panic_file_outlives_a_reason_that_could_not_be_kept(desk: Paper, fails: str) -> None:
    def full(*_: object, **__: object) -> object:
        raise StorageError("no space left")

    taken: list[str] = []
    halts = _halts(
        desk,
        had_file=True,
        clear=lambda: taken.append("the file"),
        halts=overriding(desk.stores.halts, **{fails: full}),
    )

    with pytest.raises(StorageError):
        resume(halts, reason="seen", by="me")

    assert taken == []
    assert resume(replace(halts, halts=desk.stores.halts), reason="seen", by="me")[1]
    assert taken == ["the file"]


def test_resuming_one_scope_leaves_the_rest_and_the_panic_file(desk: Paper) -> None:
    taken: list[str] = []
    halts = _halts(desk, had_file=True, clear=lambda: taken.append("the file"))
    halt(halts, reason="a", by="me", scope=PAIR)
    halt(halts, reason="b", by="me")

    assert resume(halts, reason="looked", by="me", scope=PAIR) == (1, False)
    assert [each.reason for each in desk.stores.halts.latched()] == ["b"]
    assert taken == []
