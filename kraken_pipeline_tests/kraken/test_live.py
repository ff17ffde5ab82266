"""What may reach Kraken and when. These traders talk to a scripted server on this machine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import (
    ConfigurationError,
    RefusedError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.preflight import LASTS, Cleared, preflight
from kraken_pipeline.kraken.live import GroundedTrader, LiveTrader
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.domain.test_keys import NOW
from kraken_pipeline_tests.domain.test_preflight import READY
from kraken_pipeline_tests.kraken.lines import line_to
from kraken_pipeline_tests.kraken.scripted import always, ok, scripted

KEY_ID = READY.key_ids[Role.TRADER]
DEADLINE = NOW + timedelta(days=2)
BUY = order(side=Side.BUY, post_only=False)
SELL = replace(BUY, side=Side.SELL)
OTHER = replace(SELL, cl_ord_id=ClOrdId("5f1d8c1e-7f7b-4a0e-9a5e-2f6f6f1f8a11"))
TOO_LATE = NOW + LASTS

Act = Callable[[Trader], object]
OPENS: dict[str, Act] = {
    "add": lambda trader: trader.add(BUY, deadline=DEADLINE),
    "add_batch": lambda trader: trader.add_batch([OTHER, BUY], deadline=DEADLINE),
    "amend": lambda trader: trader.amend(
        "OUF4EM-FRGI2-MQMWZD", Amendment(limit_price=BUY.limit_price), deadline=DEADLINE
    ),
}
REDUCES: dict[str, Act] = {
    "add": lambda trader: trader.add(SELL, deadline=DEADLINE),
    "add_batch": lambda trader: trader.add_batch([SELL, OTHER], deadline=DEADLINE),
}
CANCELS: dict[str, Act] = {
    "cancel": lambda trader: trader.cancel("OUF4EM-FRGI2-MQMWZD"),
    "cancel_many": lambda trader: trader.cancel_many(["OUF4EM-FRGI2-MQMWZD"]),
    "cancel_all": lambda trader: trader.cancel_all(),
}


def cleared() -> Cleared:
    said = preflight(READY)
    assert isinstance(said, Cleared)
    return said


def live(url: str) -> LiveTrader:
    """Return a trader that was cleared and whose day is over by now."""
    moments = iter([NOW])
    return LiveTrader(
        line_to(url),
        cleared=cleared(),
        key_id=KEY_ID,
        closed_gates=lambda strategy_id, *, opens: "",
        clock=lambda: next(moments, TOO_LATE),
    )


def gated(url: str, *closed_to: str | None) -> LiveTrader:
    """Return a trader that was cleared just now, with gates closed to some."""
    return LiveTrader(
        line_to(url),
        cleared=cleared(),
        key_id=KEY_ID,
        closed_gates=lambda strategy_id, *, opens: "a gate" if strategy_id in closed_to else "",
        clock=lambda: NOW,
    )


def grounded(url: str) -> GroundedTrader:
    return GroundedTrader(line_to(url), objections=(Objection("CLOCK_OFF", "error=unknown"),))


@pytest.mark.parametrize(("key_id", "now"), [("another", NOW), (KEY_ID, TOO_LATE)])
def test_no_live_trader_without_a_proof_of_today_for_its_own_key(
    key_id: str, now: datetime
) -> None:
    with pytest.raises(RefusedError, match="the preflight that passed was another key's"):
        LiveTrader(
            line_to("http://127.0.0.1:1"),
            cleared=cleared(),
            key_id=key_id,
            closed_gates=lambda strategy_id, *, opens: "",
            clock=lambda: now,
        )


@pytest.mark.parametrize("act", OPENS)
def test_nothing_opens_a_day_after_the_preflight(act: str) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        with pytest.raises(ConfigurationError, match="nothing opens until the next one passed"):
            OPENS[act](live(server.url))

        assert server.heard == []


@pytest.mark.parametrize("act", REDUCES)
def test_what_reduces_goes_on_a_day_after_the_preflight(act: str) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        with pytest.raises(UnexpectedReplyError):
            REDUCES[act](live(server.url))

        assert len(server.heard) == 1


@pytest.mark.parametrize("act", [*OPENS.values(), *REDUCES.values()])
def test_what_the_preflight_objects_to_sends_no_order(act: Act) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        with pytest.raises(ConfigurationError, match="CLOCK_OFF: error=unknown"):
            act(grounded(server.url))

        assert server.heard == []


@pytest.mark.parametrize("act", CANCELS)
@pytest.mark.parametrize("made", [live, grounded])
def test_cancels_always_go(made: Callable[[str], Trader], act: str) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        CANCELS[act](made(server.url))

        assert len(server.heard) == 1


def test_every_way_to_send_is_tried_here() -> None:
    methods = {name for name in vars(Trader) if not name.startswith("_")}
    of_tickets = {"place", "place_batch"}  # through them go add and add_batch

    assert methods == {*OPENS, *CANCELS, "request_of"} | of_tickets
    assert of_tickets | {"amend"} <= set(vars(LiveTrader))
    assert of_tickets | {"amend"} <= set(vars(GroundedTrader))


@pytest.mark.parametrize("act", [*OPENS.values(), *REDUCES.values()])
def test_a_gate_that_is_closed_stops_the_next_send_whatever_it_is(act: Act) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        with pytest.raises(ConfigurationError, match="nothing was sent: a gate"):
            act(gated(server.url, None, BUY.strategy_id))

        assert server.heard == []


def test_a_gate_that_is_closed_to_a_strategy_stops_its_orders_alone() -> None:
    others = replace(BUY, strategy_id="other", cl_ord_id=OTHER.cl_ord_id)
    with scripted(always(ok({"count": 1}))) as server:
        trader = gated(server.url, "other")
        for act in (
            lambda: trader.add(others, deadline=DEADLINE),
            lambda: trader.add_batch([BUY, others], deadline=DEADLINE),
        ):
            with pytest.raises(ConfigurationError, match="a gate"):
                act()
        assert server.heard == []
        with pytest.raises(UnexpectedReplyError):
            trader.add(BUY, deadline=DEADLINE)
        assert len(server.heard) == 1


@pytest.mark.parametrize("purpose", [Purpose.PROTECT, Purpose.FLATTEN])
def test_what_ends_a_position_for_safety_is_no_strategy_s(purpose: Purpose) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        with pytest.raises(UnexpectedReplyError):
            gated(server.url, SELL.strategy_id).add(
                replace(SELL, purpose=purpose), deadline=DEADLINE
            )

        assert len(server.heard) == 1


@pytest.mark.parametrize("act", CANCELS)
def test_cancels_go_whatever_gate_is_closed(act: str) -> None:
    with scripted(always(ok({"count": 1}))) as server:
        CANCELS[act](gated(server.url, None, BUY.strategy_id))

        assert len(server.heard) == 1
