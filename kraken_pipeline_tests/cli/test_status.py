import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.preflight import Grounded
from kraken_pipeline.domain.protection import Protection
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.settings import load
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.preflight import keep
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.domain.test_keys import NOW
from kraken_pipeline_tests.live_market import GATES
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def test_before_anything_ran_the_status_says_so_and_asks_no_exchange(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("status", environ=fresh)

    assert said.code == 0
    assert "equity                none yet" in said.out
    assert "no result yet" in said.out


@pytest.mark.parametrize("arguments", [("status",), ("orders", "list-open")])
def test_json_of_a_fresh_machine_is_json(
    command: Command, fresh: dict[str, str], arguments: tuple[str, ...]
) -> None:
    said = command(*arguments, "--json", environ=fresh)

    assert said.code == 0
    assert json.loads(said.out) or json.loads(said.out) == []


def test_the_status_shows_equity_open_orders_and_halts(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    pipeline.halt(reason="prices look wrong", by="somebody")
    pipeline.panic_file.touch()

    shown = json.loads(command("status", "--json", environ=market.environ).out)

    assert (shown["equity"], shown["open_orders"], shown["panic"]) == ("10000", 1, "latched")
    assert "kraken-pipeline risk status" in shown["caps_note"]
    assert shown["halts"] == ["KILL_MANUAL: prices look wrong"]
    assert shown["books"] == "equal the balances"
    assert "sync_age_seconds" not in shown, "only live reads the books by this machine's clock"


def test_money_is_rounded_for_people_only(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    told = pipeline.keep_books().snapshot
    exact = Decimal("-7.896987604000000000000001234")
    pipeline.stores.books.keep_snapshot(replace(told, realised=exact), ())

    said = command("status", environ=market.environ).out
    shown = json.loads(command("status", "--json", environ=market.environ).out)

    assert f"{'realised':<21} -7.8970\n" in said
    assert f"{'equity':<21} 10000.00\n" in said
    assert shown["realised"] == str(exact)


def test_the_status_says_on_whose_prices_paper_trades(
    command: Command, market: PaperMarket
) -> None:
    shown = json.loads(command("status", "--json", environ=market.environ).out)

    assert shown["market"] == "made up, seed 1"


def test_the_status_is_shown_though_a_strategy_is_wrong(
    command: Command, market: PaperMarket
) -> None:
    market.configure("strategies: {enabled: [momentum]}\n")

    assert command("status", environ=market.environ).code == 0


def test_the_configuration_that_is_shown_can_be_read_back(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("config", "show", environ=fresh)
    folder = Path(fresh["KRAKEN_PIPELINE_CONFIG_DIR"])
    folder.mkdir()
    (folder / "config.yaml").write_text(said.out)

    assert yaml.safe_load(said.out)["execution"]["mode"] == "paper"
    assert load(fresh).hash in command("config", "show", "--effective", environ=fresh).out


def test_effective_values_name_their_layer(command: Command, market: PaperMarket) -> None:
    market.configure("risk: {max_open_positions: 3}\n")

    lines = command("config", "show", "--effective", environ=market.environ).out.splitlines()

    [line] = [each for each in lines if each.startswith("risk.max_open_positions ")]
    assert line.split()[1:] == ["3", "config.yaml:3"]
    assert any(each.endswith("default") for each in lines)


@pytest.mark.parametrize("arguments", [("status",), ("config", "show"), ("run-once",)])
def test_what_the_user_should_know_of_the_configuration_is_said_on_stderr(
    command: Command, market: PaperMarket, arguments: tuple[str, ...]
) -> None:
    market.configure("risk: {max_per_asset_pct: 60}\n")

    said = command(*arguments, environ=market.environ)

    assert "kraken-pipeline: warning: " in said.err
    assert "risk.max_per_asset_pct is 60 % of NAV" in said.err
    assert said.code == 0


def test_a_fresh_machine_is_warned_of_nothing(command: Command, market: PaperMarket) -> None:
    assert command("status", environ=market.environ).err == ""


def test_the_status_of_live_says_where_orders_go_and_how_the_preflight_ended(
    command: Command, fresh: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(GATES)
    environ = {name: each for name, each in fresh.items() if not name.endswith("_URL")}
    before = command("status", environ=environ)
    objection = Objection("KEY_CAN_WITHDRAW", "trader can withdraw-funds")
    keep(tmp_path / "data", Grounded(objections=(objection,), warnings=(), at=NOW))
    after = command("status", environ=environ)

    assert (before.code, after.code) == (0, 0), before.err
    assert "orders go             to Kraken, for real, once a preflight passes" in before.out
    assert "preflight             none yet" in before.out
    assert "refused 2026-11-01 00:00:00; KEY_CAN_WITHDRAW: trader can" in after.out


def test_what_is_held_and_what_has_no_stop_is_named(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    bare = Protection(
        book="trend@1h",
        pair="ADAUSD",
        missing_since=NOW,
        failures=1,
        last_error="refused",
        updated_at=NOW,
    )
    SqlProtectionStore(pipeline.stores.database).note(bare, why="missing")
    bought = {"pair": "SOLUSD", "type": "buy", "ordertype": "market", "volume": "1"}
    pipeline.edge.gateway._line.call("AddOrder", bought, call=Call.WRITE)  # type: ignore[attr-defined]  # of the client
    pipeline.keep_books()

    shown = json.loads(command("status", "--json", environ=market.environ).out)
    doctor = command("doctor", environ=market.environ)

    assert shown["positions"] == ["1 SOLUSD in manual"]
    assert shown["unprotected"] == [f"trend@1h ADAUSD: since={NOW:%F %T}, why=refused"]
    assert shown["last_results"] == []
    assert (doctor.code, "no stop for trend@1h ADAUSD" in doctor.out) == (3, True)
