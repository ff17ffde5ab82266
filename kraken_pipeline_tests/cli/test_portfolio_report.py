import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.cli.portfolio_report import _desk
from kraken_pipeline.cli.report.page import page
from kraken_pipeline.domain.accounting.periods import Days
from kraken_pipeline.services.books.report import Report, report
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.cli.test_portfolio_lists import lived
from kraken_pipeline_tests.paper_market import PaperMarket

SECTION = re.compile(r'<section id="(\w+)">(.*?)</section>', re.DOTALL)
FIGURE = re.compile(r'<data value="([^"]*)">')


def figures(written: str) -> dict[str, list[Decimal]]:
    """Return every figure of each section, with all its digits."""
    return {
        name: [Decimal(each) for each in FIGURE.findall(inner)]
        for name, inner in SECTION.findall(written)
    }


def test_every_figure_of_the_page_is_that_of_the_commands(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    lived(market, pipeline)
    file = tmp_path / "report.html"

    def told(*asked: str) -> list[dict[str, Any]]:
        said = command("portfolio", *asked, "--json", environ=market.environ)
        rows: list[dict[str, Any]] = json.loads(said.out)
        return rows

    said = command("portfolio", "report", "--out", str(file), environ=market.environ)
    found = figures(file.read_text())

    assert said.code == 0
    lists = {
        "curves": (("days",), ("equity", "exposure", "unit_price", "fallen", "flows")),
        "profit": (("pnl",), ("profit", "realised", "unrealised", "fees", "equity", "residual")),
        "positions": (("positions",), ("qty", "price", "value", "unrealised", "fees")),
        "trades": (("trades",), ("price", "qty", "cost", "fee")),
        "fees": (("fees", "--by", "pair"), ("traded", "fee")),
        "flows": (("flows",), ("qty", "value", "fee")),
    }
    for section, (asked, names) in lists.items():
        rows = told(*asked)
        assert rows
        for name in names:
            assert {Decimal(each[name]) for each in rows} <= set(found[section]), (section, name)
    shown = json.loads(command("portfolio", "show", "--json", environ=market.environ).out)
    assert found["now"][0] == Decimal(shown["equity"])
    did = json.loads(command("portfolio", "performance", "--json", environ=market.environ).out)
    assert {Decimal(did[name]) for name in ("gained", "profit", "fees")} <= {*found["performance"]}


def test_the_same_books_give_the_same_bytes_and_nothing_is_fetched(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    lived(market, pipeline)
    files = [tmp_path / "one.html", tmp_path / "two.html"]

    for each in files:
        command("portfolio", "report", "--out", str(each), environ=market.environ)

    one, two = (each.read_bytes() for each in files)
    assert one == two
    assert not re.search(rb"<script|<link|<img|@import|url\(|https?:", one)


def test_a_strategy_that_is_named_like_a_script_is_shown_as_text(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    lived(market, pipeline)
    made = report(_desk(pipeline), Days())
    sly = "<script>alert(1)</script>"

    written = page(_renamed(made, sly))

    assert sly not in written
    assert written.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= len(made.fills) * 2


def _renamed(made: Report, name: str) -> Report:
    return replace(
        made,
        books=tuple(replace(each, book=name) for each in made.books),
        notes=(name,),
        traded=tuple(
            replace(each, fills=tuple(replace(fill, book=name) for fill in each.fills))
            for each in made.traded
        ),
    )


def test_of_empty_books_the_page_says_what_reads_the_account(
    command: Command, fresh: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"

    said = command("portfolio", "report", "--out", str(file), "--json", environ=fresh)

    assert json.loads(said.out)["notes"] == ["the account was not read yet"]
    assert "run-once" in file.read_text()
    assert not any(figures(file.read_text()).values())


def test_days_before_the_books_have_no_trade_and_no_curve_but_what_is_held_now(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    lived(market, pipeline)
    file = tmp_path / "report.html"

    command(
        "portfolio", "report", "--out", str(file), "--until", "1999-01-01", environ=market.environ
    )

    found = figures(file.read_text())
    snapshot = pipeline.stores.books.latest_snapshot()
    assert snapshot is not None
    assert found["now"][0] == snapshot.equity
    assert found["curves"] == found["trades"] == found["performance"] == found["flows"] == []


@pytest.mark.parametrize("name", ["nowhere/report.html", "folder"])
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left_behind(
    command: Command, fresh: dict[str, str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    before = sorted(each.name for each in tmp_path.iterdir())

    said = command("portfolio", "report", "--out", str(tmp_path / name), environ=fresh)

    assert said.code == 2
    assert name in said.err
    left = {each.name for each in tmp_path.iterdir()} - {"config", "data"}
    assert sorted(left) == before
