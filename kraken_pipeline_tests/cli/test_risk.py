"""`risk status`: what trading may do and what is left of each cap; `risk codes`: what they mean."""

import json

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.risk.codes import MEANINGS
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def test_each_cap_is_shown_with_what_is_used_and_left(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    told = json.loads(command("risk", "status", "--json", environ=market.environ).out)
    said = command("risk", "status", environ=market.environ).out

    caps = {(each["code"], each["of"]): each for each in told["caps"]}
    gross = caps["CAP_GROSS", "all"]
    assert gross["most"] == "1000.00"
    assert float(gross["used"]) >= float(order.open_notional)
    assert float(gross["room"]) == 1000 - float(gross["used"])
    assert caps["CAP_ASSET", order.base]["used"] == gross["used"]
    assert caps["RATE_ORDERS_DAY", "all"]["used"] == "1"
    assert caps.keys() >= {("CAP_STRATEGY", "trend_core"), ("CAP_LOSS", "all"), ("CASH", "all")}
    assert told["state"] == "active"
    assert "trading is active" in said
    assert gross["room"] in said


def test_what_is_latched_is_shown_with_when_it_may_be_cleared(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    at = system_now()
    pipeline.stores.halts.latch(HaltKind.LOSS, reason="loss_of_day=0.07", at=at, by="portfolio")

    told = json.loads(command("risk", "status", "--json", environ=market.environ).out)

    assert told["state"] == "halted"
    [halt] = told["halts"]
    assert halt["what"] == "KILL_LOSS: loss_of_day=0.07"
    assert halt["clears_from"] > halt["since"]


def test_without_an_exchange_the_latches_are_shown_and_no_cap(
    command: Command, fresh: dict[str, str]
) -> None:
    assert command("halt", "--reason", "a storm", environ=fresh).code == 0

    said = command("risk", "status", environ=fresh)

    assert said.code == 0
    assert "trading is halted" in said.out
    assert "no cap can be told" in said.out


def test_every_code_is_listed(command: Command, fresh: dict[str, str]) -> None:
    told = json.loads(command("risk", "codes", "--json", environ=fresh).out)

    assert [each["code"] for each in told] == list(MEANINGS)
    assert all(each["meaning"] and each["remedy"] for each in told)
