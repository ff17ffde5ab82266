import json
from pathlib import Path

import pytest

from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def test_on_paper_that_is_fit_every_check_is_a_line_and_nothing_fails(
    command: Command, market: PaperMarket
) -> None:
    said = command("doctor", environ=market.environ)

    lines = said.out.splitlines()
    assert said.code == 0, said.out
    assert not any(each.startswith("fail") for each in lines)
    checks = {each.split()[1] for each in lines if each.startswith(("ok", "warn"))}
    assert {"configuration", "disk", "database", "journal", "exchange", "stream"} <= checks


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("strategies: {enabled: [momentum]}\n", "momentum"),
        (
            "strategies: {configs: {trend_core: "
            "{order: {urgency: passive, time_in_force: FOK}}}}\n",
            "trend_core.order",
        ),
    ],
)
def test_a_wrong_configuration_is_the_only_thing_that_is_looked_at(
    command: Command, market: PaperMarket, wrong: str, named: str
) -> None:
    market.configure(wrong)

    said = command("doctor", "--json", environ=market.environ)

    [found] = json.loads(said.out)["findings"]
    assert (said.code, found["check"], found["exit_code"]) == (2, "configuration", 2)
    assert named in found["said"]
    assert found["remedy"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (
            "region: {default_quote: EURO}\n",
            "universe.filters.quote or region.default_quote: 'EURO'",
        ),
        ("portfolio: {base_currency: EURO}\n", "portfolio.base_currency: 'EURO'"),
    ],
)
def test_a_name_that_the_exchange_does_not_list_fails_before_anything_is_decided(
    command: Command, market: PaperMarket, wrong: str, named: str
) -> None:
    market.configure(wrong)

    said = command("doctor", environ=market.environ)

    assert said.code == 2
    assert f"fail  names           {named}" in said.out


def test_an_exchange_that_does_not_answer_is_stale_and_the_rest_is_still_looked_at(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("doctor", "--json", environ=fresh)

    told = json.loads(said.out)
    levels = {each["check"]: each["level"] for each in told["findings"]}
    assert said.code == 7
    assert told["fit"] is False
    assert (levels["exchange"], levels["journal"], levels["switch"]) == ("fail", "ok", "ok")


def test_a_latched_halt_is_a_safety_rule_and_says_what_to_do(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.halt(reason="prices look wrong", by="somebody")

    said = command("doctor", environ=market.environ)

    assert said.code == 3
    assert "prices look wrong" in said.out
    assert "resume" in said.out


def test_books_that_were_changed_by_hand_are_drift(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    with pipeline.stores.database.writing() as connection:
        mine = execution_orders.c.local_id == order.local_id
        connection.execute(execution_orders.update().where(mine), {"price": order.limit_price * 2})

    assert command("doctor", environ=market.environ).code == 6


def test_a_disk_that_is_almost_full_fails(
    command: Command, market: PaperMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kraken_pipeline.wiring.doctor.LITTLE", 2**80)

    said = command("doctor", environ=market.environ)

    assert said.code == 1
    assert "free some space" in said.out


def test_live_with_a_closed_gate_says_which(
    command: Command, fresh: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(
        "execution: {mode: live, validate_only: false, live_strategy_allowlist: [trend_core]}\n"
        "risk: {max_per_strategy_pct: {trend_core: 10}}\n"
    )

    said = command("doctor", environ=fresh)

    assert said.code == 2
    assert "execution.allow_live_trading is false, needs true" in said.out
