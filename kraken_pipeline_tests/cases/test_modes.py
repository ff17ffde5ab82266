"""MOD-1: where orders go in each mode that places none, through the whole of the pipeline."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import KeyMissingError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.domain.orders import State
from kraken_pipeline.store.evidence import events_of
from kraken_pipeline.wiring.modes import REAL
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.stores import open_stores
from kraken_pipeline_tests.live_market import CHECKS, LiveMarket, known, live_market, stored
from kraken_pipeline_tests.paper_market import paper_market, resting_buy


@contextlib.contextmanager
def checking(market: LiveMarket) -> Iterator[Pipeline]:
    """Connect a pipeline whose orders Kraken is to check and not to take."""
    with market.edge(CHECKS) as edge:
        loaded = market.configure(CHECKS)
        stores = open_stores(loaded, world=REAL)
        try:
            yield Pipeline(loaded=loaded, stores=stores, edge=edge)
        finally:
            stores.close()


def test_mod_1_an_order_that_is_only_validated_is_checked_by_kraken_and_never_placed(
    tmp_path: Path,
) -> None:
    with live_market(tmp_path, known("trader")) as market:
        market.keep(dict.fromkeys(Role, stored("trader")))
        with checking(market) as pipeline:
            order = resting_buy(pipeline)

            said = str(events_of(pipeline.stores.database, order.local_id))

        assert order.state is State.REHEARSED
        assert "@ limit 0.1" in said
        assert "dry run" not in said
        assert market.served.exchange.account.orders == {}


def test_mod_1_without_a_key_nothing_is_validated_and_what_to_do_is_said(tmp_path: Path) -> None:
    with live_market(tmp_path, known("trader")) as market:
        market.keep({})

        with checking(market) as pipeline, pytest.raises(KeyMissingError, match="keys setup"):
            resting_buy(pipeline)

        assert market.served.exchange.account.orders == {}


def test_mod_1_a_dry_run_writes_down_what_would_be_sent_and_sends_nothing(tmp_path: Path) -> None:
    with paper_market(tmp_path) as market:
        market.configure("execution: {mode: dry_run}\n")
        with market.pipeline() as pipeline:
            order = resting_buy(pipeline)
            said = str(events_of(pipeline.stores.database, order.local_id))

        assert order.state is State.REHEARSED
        assert "dry run: not sent" in said
        assert market.orders == []
