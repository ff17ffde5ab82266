"""How much of every cap is used, as the rules themselves would find it."""

from dataclasses import replace
from decimal import Decimal

from kraken_pipeline.services.risk.risk_status import CapUse, caps_in_use
from kraken_pipeline_tests.services.paper import WIDE, Paper


def used(desk: Paper, **changes: object) -> dict[tuple[str, str], CapUse]:
    found = caps_in_use(desk.risk_desk(**changes))
    return {(each.code, each.of): each for each in found}


def test_what_is_open_counts_at_its_worst_for_all_that_it_bears_on(desk: Paper) -> None:
    order = desk.planned(qty="0.01")

    caps = used(desk, limits=replace(WIDE, max_pair_notional=Decimal(1_000)))

    worst = order.open_notional * Decimal("1.008")
    for place in (
        ("CAP_GROSS", "all"),
        ("CAP_ASSET", "XBT"),
        ("CAP_PAIR", "XBTUSD"),
        ("CAP_STRATEGY", "trend"),
    ):
        assert caps[place].used == worst
    assert caps["CAP_PAIR", "XBTUSD"].room == 1_000 - worst
    assert caps["RATE_ORDERS", "all"].used == 1
    assert caps["CAP_POSITIONS", "all"].used == 1


def test_an_account_that_holds_nothing_shows_its_caps_too(desk: Paper) -> None:
    caps = used(desk, strategy_caps={"trend": Decimal(7)})

    assert caps["CAP_STRATEGY", "trend"].most == 700
    assert caps["CAP_GROSS", "all"].used == 0
    assert not any(code == "CAP_ORDER" for code, _ in caps)
