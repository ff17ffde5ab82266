"""Deciding: each bar once, whatever a strategy says, and nothing that is not sane."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.errors import DataStaleError, InvalidValueError
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import (
    Action,
    Decision,
    Holding,
    Namespace,
    Outcome,
    Seen,
    Target,
    Unit,
)
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import Close, OrderTerms, Trigger, Urgency
from kraken_pipeline.domain.quarantines import fault_of
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.bars.history import HistoryDesk, refresh
from kraken_pipeline.services.deciding.decide import DecisionDesk, decide, decide_close
from kraken_pipeline.services.deciding.quarantine import Ward, release
from kraken_pipeline.services.deciding.replay import replay
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.services.deciding.wishes import horizon
from kraken_pipeline.services.market.universe import refresh_universe
from kraken_pipeline.services.risk.assess import assess
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.quarantines import SqlQuarantineStore
from kraken_pipeline.strategies.base import Aim, Snapshot, Strategy, View, Wish, Wishes
from kraken_pipeline.strategies.dca_overlay import DCA_OVERLAY
from kraken_pipeline.wiring.evaluation import Bounds
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.candles import START
from kraken_pipeline_tests.services.paper import RULES, Paper, stores_at

HOUR = TIMEFRAMES["1h"]


def wish(pair: str = "XBTUSD", **changes: Any) -> Wish:  # noqa: ANN401 - `replace` checks them
    plain = Wish(
        pair=pair, action=Action.ENTER, confidence=0.5, stop_distance=0.02, reason="a test"
    )
    return replace(plain, **changes)


@dataclass
class Scripted:
    """A strategy that says what a test tells it to, and what it was shown."""

    says: Callable[[Snapshot], Wishes] = lambda snapshot: Wishes(wishes=(), no_signals={})
    shown: list[Snapshot] = field(default_factory=list)
    states: list[Mapping[str, str]] = field(default_factory=list)

    def decide(self, snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
        self.shown.append(snapshot)
        self.states.append(state)
        return self.says(snapshot)

    def wishes(self, *wanted: Wish, **more: Any) -> None:  # noqa: ANN401 - fields of Wishes
        said = Wishes(wishes=wanted, no_signals={}) if not more else Wishes(wishes=wanted, **more)
        self.says = lambda snapshot: said

    def raises(self, error: Exception) -> None:
        def fail(snapshot: Snapshot) -> Wishes:
            raise error

        self.says = fail

    view: View = View.STORED
    asks_equity: bool = True

    def configured(self, name: str = "trend") -> Configured:
        strategy = Strategy(
            name="scripted",
            version="1",
            timeframes=("1h", "1d"),
            needs=lambda frame, parameters: {frame: 5},
            parameters=dict,
            decide=self.decide,
            asks_equity=self.asks_equity,
            view=self.view,
        )
        return Configured(
            strategy_id=name, strategy=strategy, timeframes=("1h",), parameters={}, userref=7
        )


@dataclass
class Table:
    """A desk for one scripted strategy, with bars up to the clock."""

    paper: Paper
    bars: ShelvedBars
    certificates: CertificateFiles
    folder: Path
    script: Scripted = field(default_factory=Scripted)
    others: Sequence[Configured] = ()

    def desk(self, **changes: Any) -> DecisionDesk:  # noqa: ANN401 - `replace` checks them
        stores = self.paper.stores
        desk = DecisionDesk(
            strategies=(self.script.configured(), *self.others),
            named=lambda kind: self.script.configured().strategy,
            bars=self.bars,
            certificates=self.certificates,
            universes=stores.universes,
            decisions=stores.decisions,
            books=stores.books,
            config_hash="c",
            clock=self.paper.clock,
        )
        return replace(desk, **changes)

    def refresh(self) -> None:
        desk = HistoryDesk(
            market=self.paper.market,
            bars=self.bars,
            certificates=self.certificates,
            progress=lambda frame, done, due: None,
        )
        listed = self.paper.market.listing().pairs
        refresh(desk, HOUR, list(listed.values()), now=self.paper.clock())

    def forget(self, *pairs: str, hours: int) -> None:
        """Begin the bars anew without the one that opened so many hours before the start."""
        gone = int((START - timedelta(hours=hours)).timestamp())
        listed = self.paper.market.listing().pairs
        kept = ShelvedBars(self.folder / "holes")
        for name, pair in listed.items():
            page = self.paper.market.candles(pair, HOUR, None)
            rows = [at != gone or name not in pairs for at in page.opened_at]
            columns = ("opened_at", "open", "high", "low", "close", "volume", "trades")
            some: dict[str, Any] = {
                each: tuple(compress(getattr(page, each), rows)) for each in columns
            }
            kept.append(HOUR, [replace(page, **some)])
        self.bars, self.certificates = kept, CertificateFiles(self.folder / "holes")

    def decide(self, **changes: Any) -> tuple[Decision, ...]:  # noqa: ANN401 - as above
        late = changes.pop("late", "")
        desk = self.desk(**changes)
        return decide(desk, HOUR, namespace=Namespace.TRADE, run_id="run", late=late)


@pytest.fixture
def table(desk: Paper, tmp_path: Path) -> Table:
    bars = tmp_path / "bars"
    made = Table(desk, ShelvedBars(bars), CertificateFiles(bars), tmp_path)
    made.refresh()
    return made


def test_without_a_universe_nothing_is_decided(table: Table) -> None:
    empty = overriding(table.paper.stores.universes, latest=lambda: None)

    with pytest.raises(InvalidValueError, match="universe"):
        table.decide(universes=empty)


def test_a_wish_becomes_an_intent_with_its_horizon_and_the_exact_close(table: Table) -> None:
    table.script.wishes(wish(confidence=0.123456))

    [decision] = table.decide()

    [intent] = decision.intents
    assert decision.outcome is Outcome.SIGNAL
    assert (intent.pair, intent.side, intent.userref) == ("XBTUSD", Side.BUY, 7)
    assert intent.confidence == Decimal("0.1235")
    assert intent.stop_distance == Decimal("0.02")
    assert intent.decision_price == Decimal(50_000)
    assert intent.closed_at == START
    assert intent.expires_at == START + timedelta(hours=1, minutes=5) == START + horizon(HOUR)
    assert table.paper.stores.decisions.pending(Namespace.TRADE) == (intent,)


def test_stg_4_a_wish_says_how_much_is_to_be_held_and_how_long_it_lives(table: Table) -> None:
    aim = Aim(unit=Unit.WEIGHT, amount=0.025)
    table.script.wishes(wish(action=Action.INCREASE, aim=aim, horizon=timedelta(hours=6)))

    table.decide()

    [intent] = table.paper.stores.decisions.pending(Namespace.TRADE)
    assert (intent.action, intent.side) == (Action.INCREASE, Side.BUY)
    assert intent.target == Target(unit=Unit.WEIGHT, amount=Decimal("0.025"))
    assert intent.expires_at == START + timedelta(hours=6)


def test_a_wish_says_how_it_is_to_be_ordered(table: Table) -> None:
    trigger = Trigger(price=Price(Decimal("50500.5")))
    terms = OrderTerms(order_type="stop-loss-limit", trigger=trigger, urgency=Urgency.URGENT)
    table.script.wishes(wish(terms=terms))

    table.decide()

    [intent] = table.paper.stores.decisions.pending(Namespace.TRADE)
    assert intent.terms == terms


def test_leaving_needs_no_stop(table: Table) -> None:
    table.script.wishes(wish(action=Action.EXIT, stop_distance=math.nan))

    [decision] = table.decide()

    [intent] = decision.intents
    assert intent.side is Side.SELL
    assert intent.stop_distance == 0


def test_stg_2_a_bar_is_decided_once_whatever_runs_again(table: Table) -> None:
    table.script.wishes(wish())
    table.decide()
    table.script.wishes(wish("ETHUSD"))

    assert table.decide() == ()
    assert len(table.script.shown) == 1
    assert len(table.paper.stores.decisions.pending(Namespace.TRADE)) == 1


def test_f_sub_14_of_two_that_decide_at_once_one_is_kept(table: Table) -> None:
    table.script.wishes(wish())
    blind = overriding(table.paper.stores.decisions, is_decided=lambda *asked: False)

    assert len(table.decide(decisions=blind)) == 1
    assert table.decide(decisions=blind) == ()
    assert len(table.paper.stores.decisions.pending(Namespace.TRADE)) == 1


def test_his_3_nothing_is_entered_on_history_that_is_not_certified(table: Table) -> None:
    table.forget("XBTUSD", hours=3)
    table.script.wishes(wish(), wish("ETHUSD"))

    [decision] = table.decide()

    assert [each.pair for each in decision.intents] == ["ETHUSD"]
    assert decision.no_signals["XBTUSD"].startswith(
        "HISTORY_UNCERTIFIED: 1 bars of 1h from 2026-03-01 09:00 are not_fetched"
    )


def test_what_is_held_may_be_left_on_any_history(table: Table) -> None:
    table.forget("XBTUSD", hours=3)
    table.script.wishes(wish(action=Action.EXIT))

    [decision] = table.decide()

    assert [each.side for each in decision.intents] == [Side.SELL]


@pytest.fixture
def silent(table: Table) -> Table:
    """Return a table with an hour of XBTUSD in which, as its trades prove, nothing traded."""
    table.forget("XBTUSD", hours=3)
    at = int((START - timedelta(hours=3)).timestamp())
    proof = Span(
        first=at, until=at + 3600, source=Source.TRADES, origin="", fetched_at=table.paper.clock()
    )
    table.certificates.extend(HOUR, [("XBTUSD", proof, [])])
    table.script.wishes(wish())
    return table


def test_a_bar_in_which_provably_nothing_traded_is_no_hole(silent: Table) -> None:
    [decision] = silent.decide()

    assert decision.outcome is Outcome.SIGNAL


def test_his_4_a_strategy_may_see_the_close_before_where_nothing_traded(silent: Table) -> None:
    """U-HIS-2: filled or not, as the strategy says, and the decision says which."""
    silent.script.view = View.FILLED

    [decision] = silent.decide()

    [shown] = silent.script.shown
    bars, at = shown.bars(), shown.pairs.index("XBTUSD")
    assert (bars.close[2, at], bars.high[2, at]) == (bars.close[1, at],) * 2
    assert bars.volume[2, at] == 0
    assert not np.isnan(bars.close).any()
    assert np.argwhere(shown.is_filled["1h"]).tolist() == [[2, at]]
    assert decision.seen is not None
    hour = int((START - timedelta(hours=3)).timestamp())
    assert (decision.seen.view, decision.seen.filled) == (
        "filled",
        {"1h": {"XBTUSD": [(hour, hour + 3600)]}},
    )


def test_his_4_another_sees_it_absent_and_the_decision_says_so(silent: Table) -> None:
    [decision] = silent.decide()

    [shown] = silent.script.shown
    assert np.isnan(shown.bars().close).sum() == 1
    assert decision.seen is not None
    assert (decision.seen.view, dict(decision.seen.filled)) == ("stored", {})


def test_his_3_where_no_pair_is_certified_the_strategy_is_not_asked(table: Table) -> None:
    table.forget("XBTUSD", "ETHUSD", hours=3)

    [decision] = table.decide()

    assert decision.outcome is Outcome.SKIPPED
    assert decision.reason.startswith("HISTORY_UNCERTIFIED: 1 bars of 1h")
    assert table.script.shown == []


def test_the_next_bar_is_decided_with_the_state_that_was_saved(table: Table) -> None:
    table.script.wishes(no_signals={"XBTUSD": "flat"}, state={"step": "1"})
    table.decide()
    table.paper.turn(hours=1)
    table.refresh()
    table.decide()

    assert table.script.states == [{}, {"step": "1"}]


def test_stg_2_a_step_is_not_taken_twice_though_everything_starts_anew(table: Table) -> None:
    parameters = {"weights": {"XBTUSD": 1}, "interval_minutes": 120}
    overlay = Configured(
        strategy_id="dca",
        strategy=DCA_OVERLAY,
        timeframes=("1h",),
        parameters=DCA_OVERLAY.parameters(parameters),
        userref=None,
    )
    table.paper.book()
    [first] = table.decide(strategies=(overlay,))
    table.paper.turn(hours=1)
    table.refresh()
    with stores_at(table.paper.url) as anew:
        [second] = table.decide(strategies=(overlay,), decisions=anew.decisions)

    assert [each.action for each in first.intents] == [Action.ENTER]
    assert second.intents == ()
    assert second.no_signals["XBTUSD"].startswith("next step ")


def test_stg_5_no_signal_is_kept_with_its_reasons(table: Table) -> None:
    table.script.wishes(no_signals={"XBTUSD": "flat", "ETHUSD": "falling"})

    [decision] = table.decide()

    assert decision.outcome is Outcome.NO_SIGNAL
    assert decision.no_signals == {"XBTUSD": "flat", "ETHUSD": "falling"}


def test_a_bar_that_is_not_there_is_skipped_and_says_so(table: Table) -> None:
    table.paper.turn(hours=1)

    [decision] = table.decide()

    assert decision.outcome is Outcome.SKIPPED
    assert "DATA_STALE_EVENT" in decision.reason
    assert table.script.shown == []


def test_a_tick_that_is_too_late_is_recorded_as_such(table: Table) -> None:
    [decision] = table.decide(late="TOO_LATE: 400 s")

    assert (decision.outcome, decision.reason) == (Outcome.SKIPPED, "TOO_LATE: 400 s")
    assert table.decide() == ()
    assert table.script.shown == []


BAD = [
    wish("NOSUCHUSD"),
    wish("XBTEUR"),  # it has bars but is not in the universe
    *(wish(confidence=each) for each in (math.nan, math.inf, -0.1, 1.1)),
    wish(terms=OrderTerms(flattens=True)),
    wish(
        action=Action.EXIT,
        terms=OrderTerms(close=Close(order_type="limit", limit_price=Price(Decimal(9)))),
    ),
    *(wish(stop_distance=each) for each in (math.nan, math.inf, -0.02, 0.0, 1e-9, 0.9999999, 1.0)),
    *(
        wish(aim=Aim(unit=Unit.NOTIONAL, amount=each))
        for each in (math.nan, math.inf, -5.0, 0.0, 1e-11, 1e16, Decimal("NaN"), Decimal(-1))
    ),
    wish(aim=Aim(unit=Unit.WEIGHT, amount=1.01)),
    wish(action=Action.EXIT, aim=Aim(unit=Unit.QTY, amount=1.0)),
    wish(action=Action.REDUCE),
    *(wish(horizon=timedelta(days=each)) for each in (-1, 0, 32)),
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_f_rsk_7_a_wish_that_makes_no_sense_is_refused_and_the_others_count(
    table: Table, bad: Wish
) -> None:
    table.script.wishes(bad, wish("ETHUSD"))

    [decision] = table.decide()

    assert [each.pair for each in decision.intents] == ["ETHUSD"]
    assert decision.no_signals[bad.pair].startswith("BAD_INTENT: ")


def test_f_rsk_7_of_ten_thousand_wishes_none_counts(table: Table) -> None:
    table.script.wishes(*(wish(f"PAIR{each}") for each in range(9_999)), wish("ETHUSD"))

    [decision] = table.decide()

    assert decision.intents == ()
    assert decision.reason == "STRATEGY_FAULT: 10000 wishes at once, at most 500 may be"


def test_f_rsk_7_of_several_wishes_for_a_pair_none_counts(table: Table) -> None:
    table.script.wishes(*[wish()] * 400, wish("ETHUSD"))

    [decision] = table.decide()

    assert [each.pair for each in decision.intents] == ["ETHUSD"]
    assert "400 times" in decision.no_signals["XBTUSD"]


def test_a_wish_for_a_pair_without_a_bar_is_refused_and_no_fault(table: Table) -> None:
    table.script.wishes(wish(), wish("ETHUSD"))
    closes = table.bars.closes(HOUR, START)
    few = overriding(table.bars, closes=lambda *args: {"ETHUSD": closes["ETHUSD"]})

    [decision] = table.decide(bars=few)

    assert [each.pair for each in decision.intents] == ["ETHUSD"]
    assert decision.no_signals["XBTUSD"] == "DATA_STALE_EVENT: XBTUSD has no bar that closed now"
    assert fault_of(decision) == ""


def test_f_rsk_7_one_that_never_returns_is_kept_out_and_the_others_go_on(table: Table) -> None:
    def forever(shown: Snapshot) -> Wishes:
        while True:
            pass

    table.script.says = forever
    sound = Scripted()
    sound.wishes(wish("ETHUSD"))
    table.others = (sound.configured("sound"),)
    store = SqlQuarantineStore(table.paper.stores.database)
    bounds = Bounds(table.folder / "evaluating", seconds=0.05, megabytes=256)
    more = {"evaluate": bounds, "ward": Ward(store=store, most=3)}

    reasons = []
    for _ in range(4):
        stuck, made = table.decide(**more)
        reasons.append(stuck.reason)
        assert [each.pair for each in made.intents] == ["ETHUSD"]
        table.paper.turn(hours=1)
        table.refresh()

    late = "STRATEGY_FAULT: out of time: it may take 0.05 s"
    assert reasons[:3] == [late] * 3
    assert reasons[3].startswith("QUARANTINED: trend since ")
    assert f"3 faults in a row, the last {late}" in reasons[3]

    release(store, "trend", at=table.paper.clock(), by="me", reason="mended")
    table.script.wishes(wish())

    assert [len(each.intents) for each in table.decide(**more)] == [1, 1]


def test_a_fault_that_is_followed_by_a_sound_close_is_forgiven(table: Table) -> None:
    ward = Ward(store=SqlQuarantineStore(table.paper.stores.database), most=2)
    for sound in (False, True, False):
        table.script.wishes(wish())
        if not sound:
            table.script.raises(RuntimeError("no"))
        table.decide(ward=ward)
        table.paper.turn(hours=1)
        table.refresh()

    assert ward.in_force(Namespace.TRADE) == {}
    table.script.raises(RuntimeError("no"))
    table.decide(ward=ward)
    assert set(ward.in_force(Namespace.TRADE)) == {"trend"}
    assert ward.in_force(Namespace.RESEARCH) == {}


def test_wanting_in_and_out_of_a_pair_at_once_is_neither(table: Table) -> None:
    table.script.wishes(wish(), wish(action=Action.EXIT))

    [decision] = table.decide()

    assert decision.outcome is Outcome.NO_SIGNAL
    assert "2 times" in decision.no_signals["XBTUSD"]


@pytest.mark.parametrize(
    "error", [ValueError("no"), ZeroDivisionError(), KeyError("x"), InvalidValueError("y")]
)
def test_stg_6_a_strategy_that_fails_does_not_stop_the_others(
    table: Table, error: Exception
) -> None:
    table.script.raises(error)
    sound = Scripted()
    sound.wishes(wish())
    table.others = (sound.configured("sound"),)

    failed, made = table.decide()

    assert failed.outcome is Outcome.SKIPPED
    assert failed.reason.startswith(f"STRATEGY_FAULT: {type(error).__name__}")
    assert [each.pair for each in made.intents] == ["XBTUSD"]


def test_a_strategy_may_skip_a_close_as_its_data_is_too_old_and_the_others_count(
    table: Table,
) -> None:
    table.script.raises(DataStaleError("the 1d bars end a week ago"))
    sound = Scripted()
    sound.wishes(wish())
    table.others = (sound.configured("sound"),)

    skipped, made = table.decide()

    assert skipped.outcome is Outcome.SKIPPED
    assert skipped.reason == "DATA_STALE_STRATEGY: the 1d bars end a week ago"
    assert (skipped.intents, skipped.no_signals) == ((), {})
    assert [each.pair for each in made.intents] == ["XBTUSD"]


def test_a_skipped_close_is_not_tried_again_and_turns_no_state_back(table: Table) -> None:
    table.script.wishes(no_signals={}, state={"step": "3"})
    table.decide()
    table.paper.turn(hours=1)
    table.refresh()
    table.script.raises(DataStaleError("no spread"))

    [skipped] = table.decide()

    assert skipped.outcome is Outcome.SKIPPED
    table.script.wishes(wish())
    assert table.decide() == ()
    assert table.desk().decisions.state(Namespace.TRADE, "trend", "1h", version="1") == {
        "step": "3"
    }


def test_a_skip_keeps_what_it_was_decided_on(table: Table) -> None:
    table.script.raises(DataStaleError("no spread"))

    [trade] = table.decide()
    [rehearsal] = decide_close(
        table.desk(), HOUR, START, namespace=Namespace.REHEARSAL, run_id="another"
    )

    assert trade.seen is not None
    assert trade.inputs_hash == rehearsal.inputs_hash
    assert table.script.shown[0].bars().digest() == trade.seen.panels["1h"]


def test_a_state_that_cannot_be_kept_exactly_is_a_fault(table: Table) -> None:
    table.script.wishes(no_signals={}, state={"step": 0.1})

    [decision] = table.decide()

    assert decision.reason.startswith("STRATEGY_FAULT")


def test_a_strategy_sees_its_own_positions_and_no_others(table: Table) -> None:
    for name, pair in (("trend", "XBTUSD"), ("other", "ETHUSD")):
        limit = "50250" if pair == "XBTUSD" else "2512"
        table.paper.planned(pair, "0.01", limit, strategy_id=name)
    table.paper.submit()
    table.paper.settle()
    table.paper.book()

    table.decide()

    [shown] = table.script.shown
    assert shown.held == {"XBTUSD"}
    [position] = [each for each in table.paper.stores.books.positions() if each.pair == "XBTUSD"]
    assert shown.holdings == {"XBTUSD": Holding(qty=position.qty, cost=position.cost)}
    snapshot = table.paper.stores.books.latest_snapshot()
    assert snapshot is not None
    assert shown.equity == snapshot.equity > 0


def test_a_strategy_that_does_not_ask_for_the_equity_does_not_depend_on_it(table: Table) -> None:
    table.paper.book()
    table.script.asks_equity = False

    [decision] = table.decide()

    assert table.script.shown[0].equity is None
    assert decision.seen is not None
    assert decision.seen.equity is None


def test_a_decision_on_a_book_and_an_equity_is_made_again_from_what_it_kept(table: Table) -> None:
    table.paper.planned(strategy_id="trend")
    table.paper.submit()
    table.paper.settle()
    table.paper.book()
    table.script.says = lambda shown: Wishes(
        wishes=(), no_signals={"XBTUSD": f"{shown.equity} {dict(shown.holdings)} {shown.seed}"}
    )
    [decision] = table.decide()
    assert decision.seen is not None
    kept = Seen(**json.loads(canonical(asdict(decision.seen))))
    table.paper.turn(hours=1)
    table.paper.book()

    read = replace(decision, seen=replace(kept, held=frozenset(kept.held)))
    again = replay(table.desk(), read, table.paper.stores.universes.latest())

    assert again.is_equal, again.differences


@pytest.mark.parametrize("part", ["close", "opened_at"])
def test_stg_1_a_strategy_cannot_write_into_what_it_is_shown(table: Table, part: str) -> None:
    def meddle(shown: Snapshot) -> Wishes:
        getattr(shown.bars(), part)[-1] = 1
        return Wishes(wishes=(wish(),), no_signals={})

    table.script.says = meddle

    [decision] = table.decide()

    assert decision.reason.startswith("STRATEGY_FAULT: ValueError: assignment destination is read")


def test_a_pair_that_leaves_is_shown_but_not_for_entering(table: Table) -> None:
    table.paper.planned()
    rules = replace(RULES, exclude=frozenset({"XBTUSD"}))
    refresh_universe(table.paper.universe_desk(rules=rules))

    table.decide()

    [shown] = table.script.shown
    assert shown.pairs == ("ETHUSD", "XBTUSD")
    assert shown.tradable == {"ETHUSD"}


def test_stg_3_nothing_after_the_close_is_shown(table: Table) -> None:
    table.paper.turn(hours=3)
    table.refresh()

    decide_close(table.desk(), HOUR, START, namespace=Namespace.TRADE, run_id="run")

    [shown] = table.script.shown
    assert int(shown.bars().opened_at[-1]) == int(START.timestamp()) - 3600


def test_inv_8_the_same_inputs_have_the_same_identity(table: Table) -> None:
    [first] = table.decide()
    [second] = decide_close(
        table.desk(), HOUR, START, namespace=Namespace.REHEARSAL, run_id="another"
    )
    assert first.inputs_hash == second.inputs_hash

    table.paper.turn(hours=1)
    table.refresh()
    [third] = table.decide()

    assert third.inputs_hash != first.inputs_hash


def researched(table: Table) -> tuple[Decision, ...]:
    """Decide the hours of the day for study, as whoever asks for them by hand does."""
    closes = [START.replace(hour=each) for each in range(1, table.paper.clock().hour + 1)]
    return tuple(
        made
        for each in closes
        for made in decide_close(
            table.desk(), HOUR, each, namespace=Namespace.RESEARCH, run_id="run"
        )
    )


def test_research_decides_a_bar_once_and_can_lead_to_no_order(table: Table) -> None:
    table.script.wishes(wish())
    table.paper.turn(hours=2)
    table.refresh()

    made = researched(table)

    assert len(made) == 14
    assert all(each.namespace is Namespace.RESEARCH for each in made)
    assert researched(table) == ()
    for namespace in Namespace:
        assert table.paper.stores.decisions.pending(namespace) == ()
        assert assess(table.paper.risk_desk(), namespace=namespace, run_id="run") is None


def test_research_is_told_where_no_universe_of_then_is_kept(table: Table) -> None:
    table.script.wishes(wish())
    table.paper.turn(hours=1)
    table.refresh()

    early, *_, late = researched(table)

    assert "SURVIVORSHIP: no universe of then is kept, that of 2026-03-01" in early.reason
    assert "SURVIVORSHIP" not in late.reason


def test_uni_5_research_sees_the_universe_that_was_in_force(table: Table) -> None:
    table.paper.turn(hours=2)
    table.refresh()
    rules = replace(RULES, exclude=frozenset({"XBTUSD"}))
    refresh_universe(table.paper.universe_desk(rules=rules))

    researched(table)

    pairs = [each.tradable for each in table.script.shown]
    assert pairs[-2:] == [{"ETHUSD", "XBTUSD"}, {"ETHUSD"}]


def test_research_holds_nothing_of_today(table: Table) -> None:
    table.paper.planned()
    table.paper.submit()
    table.paper.settle()
    table.paper.book()

    researched(table)

    assert all(each.held == frozenset() for each in table.script.shown)


def test_research_leaves_trading_to_decide_the_bar_itself(table: Table) -> None:
    researched(table)

    assert len(table.decide()) == 1


def test_a_strategy_on_another_timeframe_is_not_asked(table: Table) -> None:
    made = decide(table.desk(), TIMEFRAMES["1d"], namespace=Namespace.TRADE, run_id="run")

    assert made == ()
