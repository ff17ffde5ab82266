import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    KeyMissingError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnreachableError,
)
from kraken_pipeline.domain.keys import USEFUL, Role
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.preflight import Cleared, Grounded
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.kraken.live import KRAKEN, GroundedTrader, LiveTrader
from kraken_pipeline.kraken.orders import Validator
from kraken_pipeline.secrets.vault import Vault
from kraken_pipeline.services.risk.acknowledge import acknowledge
from kraken_pipeline.simulator.auth import Key
from kraken_pipeline.wiring.bounds import bounds_desk, unacknowledged
from kraken_pipeline.wiring.live import REAL, LiveEdge, open_live
from kraken_pipeline.wiring.modes import REAL as REAL_BOOKS
from kraken_pipeline.wiring.modes import claim_data_dir
from kraken_pipeline.wiring.panic import panic_now
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline_tests.builders import order
from kraken_pipeline_tests.live_market import (
    CHECKS,
    EVERY_PERMISSION,
    GATES,
    PASSWORD,
    LiveMarket,
    known,
    live_market,
    stored,
)
from kraken_pipeline_tests.secrets.keyrings import NoKeyring, using

SEPARATE = {role: stored(role) for role in Role}
ONE = dict.fromkeys(Role, stored("whole"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarket]:
    keys = (
        *(known(role, *USEFUL[role]) for role in Role),
        known("whole"),
        known("strange", *USEFUL[Role.TRADER]),
        known("robber", *EVERY_PERMISSION, "withdraw-funds"),
    )
    with using(NoKeyring()), live_market(tmp_path_factory.mktemp("exchange"), *keys) as market:
        yield market


@pytest.fixture
def market(served: LiveMarket, tmp_path: Path) -> LiveMarket:
    """The exchange, with folders of this test and a key for each role."""
    fresh = replace(served, root=tmp_path)
    fresh.keep(SEPARATE)
    return fresh


def test_the_real_exchange_is_kraken_and_nothing_that_is_set_changes_that(
    market: LiveMarket,
) -> None:
    edge = open_live(market.configure(), market.environ)

    assert REAL.url == KRAKEN == "https://api.kraken.com"
    assert edge._origin is REAL
    edge.close()


def test_a_live_pipeline_is_connected_without_a_word_to_anybody(market: LiveMarket) -> None:
    market.configure()
    pipeline = connect(market.environ)

    assert type(pipeline.edge) is LiveEdge
    assert not pipeline.has_no_universe or pipeline.halts() == ()
    pipeline.close()


@pytest.mark.parametrize("config", ["", "execution: {mode: dry_run}\n"])
def test_nothing_live_is_built_on_paper(market: LiveMarket, config: str) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"execution\.mode is not live"),
        market.edge(config),
    ):
        pytest.fail("it was built")


def test_f_rsk_5_a_cap_that_is_raised_in_live_waits_for_a_person_and_a_lowered_one_does_not(
    market: LiveMarket,
) -> None:
    found = []
    for cap in (8, 9, 7, 8):
        market.configure(GATES.replace("trend_core: 10", f"trend_core: {cap}"))
        pipeline = connect(market.environ)
        found.append(unacknowledged(pipeline))
        acknowledge(bounds_desk(pipeline), reason="a test", by="me")
        pipeline.close()

    key = "risk.max_per_strategy_pct.trend_core"
    assert found == [(), (f"{key} was 8 and is 9",), (), (f"{key} was 7 and is 8",)]


def test_a_preflight_that_passes_gives_a_trader_and_is_kept_without_keys(
    market: LiveMarket,
) -> None:
    with market.edge() as edge:
        assert type(edge.gateway) is LiveTrader
        kept = (market.root / "data" / "preflight.json").read_text()

    assert json.loads(kept)["passed"] is True
    assert json.loads(kept)["warnings"] == ["KEY_WORKS_ANYWHERE: reader; trader; guard"]
    assert "canary" not in kept


def test_one_key_for_every_role_is_cleared_with_a_warning(market: LiveMarket) -> None:
    market.keep(ONE)
    with market.edge() as edge:
        said = edge.preflight()

    assert isinstance(said, Cleared)
    assert [each.code for each in said.warnings] == ["KEY_FOR_SEVERAL_ROLES", "KEY_WORKS_ANYWHERE"]


def test_a_key_that_can_withdraw_sends_nothing_and_can_still_cancel(market: LiveMarket) -> None:
    market.keep({**SEPARATE, Role.TRADER: stored("robber")})
    with market.edge() as edge:
        gateway = edge.gateway
        wanted = order(created_at=edge.clock())
        with pytest.raises(ConfigurationError, match="KEY_CAN_WITHDRAW: trader can withdraw-funds"):
            gateway.add(wanted, deadline=edge.clock() + timedelta(seconds=5))
        assert isinstance(gateway, GroundedTrader)
        assert gateway.cancel_all() == 0

    assert market.served.exchange.account.orders == {}


def test_a_strategy_that_is_not_allowed_grounds_it(market: LiveMarket) -> None:
    config = GATES.replace("live_strategy_allowlist: [trend_core]", "live_strategy_allowlist: []")
    with market.edge(config) as edge:
        said = edge.preflight()

    assert isinstance(said, Grounded)
    assert [each.code for each in said.objections] == ["STRATEGY_NOT_ALLOWED"]


def test_a_clock_that_is_off_grounds_it(market: LiveMarket) -> None:
    config = GATES + "clock: {max_skew_ms: 300}\n"
    with market.edge(config) as edge:
        right = edge._origin.clock
        edge._origin = replace(edge._origin, clock=lambda: right() + timedelta(seconds=2))
        said = edge.preflight()

    assert isinstance(said, Grounded)
    assert [each.code for each in said.objections] == ["CLOCK_SKEW"]


@pytest.mark.parametrize("minutes", [5, -5])
def test_f_clk_1_a_clock_that_jumped_meanwhile_opens_nothing(
    market: LiveMarket, minutes: int
) -> None:
    with market.edge() as edge:
        gateway, right = edge.gateway, edge._origin.clock
        assert isinstance(gateway, LiveTrader)
        edge._origin = replace(edge._origin, clock=lambda: right() + timedelta(minutes=minutes))
        wanted = order(pair="ADAUSD", qty=Decimal(100), limit_price=Decimal("0.1"))
        deadline = edge.clock() + timedelta(seconds=5)
        with pytest.raises((OrderRefusedError, OutcomeUnknownError)):
            gateway.add(wanted, deadline=deadline)
        said = edge.preflight()

    assert isinstance(said, Grounded)
    assert [each.code for each in said.objections] == ["CLOCK_SKEW"]


def test_f_rd_8_a_key_that_sees_only_recent_history_is_grounded(market: LiveMarket) -> None:
    blind = replace(known("reader", *USEFUL[Role.READER]), query_from=market.origin.clock())
    with _known_as(market, blind), market.edge() as edge:
        said = edge.preflight()
        gateway = edge.gateway

    assert isinstance(said, Grounded)
    assert [str(each) for each in said.objections] == ["KEY_HIDES_HISTORY: reader"]
    assert isinstance(gateway, GroundedTrader)


def test_f_sec_3_a_key_that_came_to_withdraw_opens_nothing_from_the_next_look_on(
    market: LiveMarket,
) -> None:
    with market.edge() as edge:
        assert isinstance(edge.gateway, LiveTrader)
    able = known("trader", *USEFUL[Role.TRADER], "withdraw-funds")
    with _known_as(market, able), market.edge() as edge:
        wanted = order(created_at=edge.clock())
        with pytest.raises(ConfigurationError, match="KEY_CAN_WITHDRAW: trader can withdraw-funds"):
            edge.gateway.add(wanted, deadline=edge.clock() + timedelta(seconds=5))

    kept = json.loads((market.root / "data" / "preflight.json").read_text())
    assert kept["passed"] is False


@contextlib.contextmanager
def _known_as(market: LiveMarket, changed: Key) -> Iterator[None]:
    """Let the exchange know one of the keys otherwise for as long as the context lasts."""
    keys, now = market.served.service.keys, market.origin.clock()
    before = keys.get(changed.name)
    assert before is not None
    keys.put(changed, now)
    try:
        yield
    finally:
        keys.put(before, now)


def test_a_second_instance_with_the_same_key_is_grounded(market: LiveMarket) -> None:
    other = replace(market.elsewhere())
    with market.edge() as edge:
        assert isinstance(edge.preflight(), Cleared)
        other.configure()
        other.keep(SEPARATE)
        late = open_live(other.configure(), other.environ, origin=market.origin)
        (other.root / "data").mkdir()
        said = late.preflight()
        late.close()

    assert isinstance(said, Grounded)
    assert [each.code for each in said.objections] == ["KEY_SHARED"]


def test_validate_only_has_krakens_check_and_can_place_nothing(market: LiveMarket) -> None:
    with market.edge(CHECKS) as edge:
        assert type(edge.gateway) is Validator


def test_the_readers_key_reads_and_the_market_is_open_to_all(market: LiveMarket) -> None:
    with market.edge() as edge:
        assert edge.account.balances()["ZUSD"].total == 10_000
        assert edge.market.system_status() == "online"
        assert edge.account.open_orders() == ()


def test_a_role_without_a_key_is_an_objection_and_no_key_at_all_an_error(
    market: LiveMarket,
) -> None:
    market.keep({Role.READER: stored("reader"), Role.TRADER: stored("trader")})
    with market.edge() as edge:
        said = edge.preflight()
    assert isinstance(said, Grounded)
    assert [each.code for each in said.objections] == ["KEY_MISSING"]

    market.keep({})
    with market.edge() as edge, pytest.raises(KeyMissingError):
        _ = edge.gateway


def test_a_key_that_the_exchange_refuses_is_named_by_its_role(market: LiveMarket) -> None:
    market.keep({**SEPARATE, Role.GUARD: stored("nobody")})
    with (
        market.edge() as edge,
        pytest.raises(AuthError, match="the key for the guard: ") as refused,
    ):
        edge.preflight()

    assert "canary" not in str(refused.value)


def test_an_exchange_that_does_not_answer_clears_nobody(market: LiveMarket) -> None:
    with market.edge() as edge:
        edge._origin = replace(edge._origin, url="http://127.0.0.1:1")
        with pytest.raises(UnreachableError):
            edge.preflight()


def test_a_rotation_is_finished_when_the_books_agree_after_it(market: LiveMarket) -> None:
    with market.edge() as edge:
        file = edge._credentials.file
        now = edge.clock()
        file.change(PASSWORD, lambda vault: vault.rotated(frozenset(Role), stored("whole"), at=now))
        edge.books_agreed(now - timedelta(minutes=1))
        assert set(file.open(PASSWORD).previous) == set(Role)

        edge.books_agreed(now + timedelta(minutes=1))

        assert file.open(PASSWORD) == Vault(keys=ONE)


def test_an_order_of_a_cleared_trader_rests_until_panic_cancels_it_with_the_guards_key(
    market: LiveMarket,
) -> None:
    with market.edge() as edge:
        claim_data_dir(market.root / "data", REAL_BOOKS)
        wanted = order(
            pair="ADAUSD",
            side=Side.BUY,
            qty=Decimal(100),
            limit_price=Decimal("0.1"),
            post_only=False,
        )
        placed = edge.gateway.add(wanted, deadline=edge.clock() + timedelta(seconds=5))
        assert isinstance(placed, Placed)
        assert list(market.served.exchange.account.open) == [placed.kraken_order_id]

    outcome = panic_now(market.environ, origin=market.origin)

    assert outcome.exit_code == 0, outcome.said
    assert market.served.exchange.account.open == {}
    assert "canary" not in outcome.said


def test_panic_cancels_also_where_its_file_cannot_be_made(market: LiveMarket) -> None:
    unusable = market.configure().config_dir / "config.yaml"
    folders = {"KRAKEN_PIPELINE_DATA_DIR": str(unusable / "data")}

    outcome = panic_now(market.environ | folders, url=market.origin.url)

    assert outcome.exit_code == 0, outcome.said
    assert "sending is NOT stopped" in outcome.said


def test_panic_over_live_books_without_a_key_says_that_nothing_was_canceled(
    market: LiveMarket,
) -> None:
    claim_data_dir(market.configure().config_dir, REAL_BOOKS)
    folders = {"KRAKEN_PIPELINE_DATA_DIR": str(market.root / "config")}
    environ = {
        name: each for name, each in market.environ.items() if not name.endswith("SECRET_PW")
    }

    outcome = panic_now(environ | folders, origin=market.origin)

    assert outcome.exit_code == 5
    assert outcome.said.startswith("Latched: ")
    assert "nothing was canceled: " in outcome.said
    assert "is locked and no password is given" in outcome.said


def test_a_key_that_somebody_elses_hand_used_grounds_it_until_looked_at(
    market: LiveMarket,
) -> None:
    market.keep({**SEPARATE, Role.TRADER: stored("strange")})
    with market.edge() as edge:
        assert isinstance(edge.preflight(), Cleared)
        nanoseconds = int(market.origin.clock().timestamp() * 1_000_000_000)
        market.served.exchange.journal.nonces.spend(stored("strange").key, nanoseconds, 0)
        said = edge.preflight()
        again = edge.preflight()

    assert isinstance(said, Grounded)
    assert [str(each) for each in said.objections] == [
        "KEY_SHARED: another program used the key for the trader"
    ]
    assert isinstance(again, Cleared)


def test_the_dead_man_s_switch_is_set_with_the_guard_s_own_key(market: LiveMarket) -> None:
    market.keep({Role.GUARD: SEPARATE[Role.GUARD]})
    with market.edge() as edge:
        told = edge.timer.cancel_all_after(60)
        off = edge.timer.cancel_all_after(0)

    assert told.fires_at == told.told_at + timedelta(seconds=60)
    assert off.fires_at is None


def test_without_a_key_for_the_guard_there_is_no_switch(market: LiveMarket) -> None:
    market.keep({Role.TRADER: SEPARATE[Role.TRADER]})
    with market.edge() as edge, pytest.raises(KeyMissingError, match="guard"):
        edge.timer.cancel_all_after(60)


def test_the_reader_opens_the_account_s_own_stream(market: LiveMarket) -> None:
    with market.edge() as edge:
        way = edge.private_way
        token = way.fetch_token()

    assert token
    assert way.url.startswith("ws://127.0.0.1:")
    assert REAL.stream_url == "wss://ws-auth.kraken.com/v2"


CLOSED = [
    ("mode: live", "mode: paper", "execution.mode is paper, needs live"),
    ("validate_only: false", "validate_only: true", "execution.validate_only is true"),
    ("allow_live_trading: true", "allow_live_trading: false", "allow_live_trading is false"),
    ("[trend_core]}", "[]}", "live_strategy_allowlist does not name trend_core"),
    ("stage: live", "stage: paper", "trend_core.stage: stage=paper, money=real"),
    ("mode: live", "mode: alive", "the configuration can't be read any more"),
]


def test_a_gate_that_is_closed_on_the_disk_stops_the_next_order_of_a_run_that_is_under_way(
    market: LiveMarket,
) -> None:
    resting, another = (
        order(pair="ADAUSD", qty=Decimal(100), limit_price=Decimal("0.1"), cl_ord_id=str(uuid4()))
        for _ in range(2)
    )
    with market.edge() as edge:
        gateway, deadline = edge.gateway, edge.clock() + timedelta(seconds=30)
        placed = gateway.add(resting, deadline=deadline)
        assert isinstance(placed, Placed)
        file = market.root / "config" / "config.yaml"
        opened = file.read_text()

        for was, now, why in CLOSED:
            file.write_text(opened.replace(was, now))
            with pytest.raises(ConfigurationError, match=re.escape(why)):
                gateway.add(another, deadline=deadline)

        gateway.cancel(placed.kraken_order_id)
        assert market.served.exchange.account.open == {}
        file.write_text(opened)
        again = gateway.add(another, deadline=deadline)
        assert isinstance(again, Placed)
        gateway.cancel(again.kraken_order_id)
