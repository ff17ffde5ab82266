from datetime import timedelta

import pytest

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.protecting import protect_desk
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket


def test_a_sender_holds_the_lease_of_its_namespace_as_long_as_configured(
    market: PaperMarket,
) -> None:
    market.configure("execution: {lease_seconds: 7, submit_deadline_seconds: 3}\n")
    with market.pipeline() as pipeline:
        desk = desks.submit(pipeline, Namespace.TRADE, "a test")

    assert (desk.lease, desk.deadline) == (timedelta(seconds=7), timedelta(seconds=3))
    assert (desk.namespace, desk.owner) == (Namespace.TRADE, "a test")


def test_a_rehearsal_never_goes_where_orders_are_placed(pipeline: Pipeline) -> None:
    with pytest.raises(RefusedError, match="rehearsal"):
        desks.submit(pipeline, Namespace.REHEARSAL, "a test")


def test_the_panic_file_is_looked_for_at_each_order(pipeline: Pipeline) -> None:
    desk = desks.submit(pipeline, Namespace.TRADE, "a test")
    assert not desk.panic_is_latched()

    pipeline.panic_file.touch()

    assert desk.panic_is_latched()
    [told] = pipeline.halts()
    assert (told.kind, "without a word" in told.reason) == (HaltKind.PANIC, True)


def test_what_the_books_say_of_a_panic_elsewhere_keeps_stops_away(pipeline: Pipeline) -> None:
    desk = protect_desk(pipeline, desks.settle(pipeline))
    assert not desk.panic_is_latched()

    pipeline.stores.halts.latch(HaltKind.PANIC, reason="there", at=pipeline.clock(), by="panic")

    assert desk.panic_is_latched()


def test_a_halt_needs_no_exchange(market: PaperMarket) -> None:
    alone = connect(market.environ | {"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1"})

    assert alone.halt(reason="a test", by="somebody")
    assert alone.halts()[0].latched_at > MOMENT
    alone.close()
