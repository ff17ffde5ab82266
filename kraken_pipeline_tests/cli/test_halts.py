import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


@pytest.mark.parametrize("name", ["halt", "resume"])
@pytest.mark.parametrize("reason", [(), ("--reason", "  ")])
def test_halt_and_resume_need_a_reason(
    command: Command, fresh: dict[str, str], name: str, reason: tuple[str, ...]
) -> None:
    said = command(name, *reason, environ=fresh)

    assert said.code == 2
    assert "reason" in said.err


def test_halt_latches_once_and_resume_clears_it_without_an_exchange(
    command: Command, fresh: dict[str, str]
) -> None:
    first, second = (command("halt", "--reason", "why", environ=fresh) for _ in range(2))
    cleared = command("resume", "--reason", "done", environ=fresh)

    assert (first.out, second.out) == ("halted: nothing opens any more\n", "was halted already\n")
    assert cleared.out == "cleared 1 halts; there was no panic file\n"
    assert (first.code, second.code, cleared.code) == (0, 0, 0)


@pytest.mark.slow
def test_panic_cancels_latches_and_stays_until_resume(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)

    said = command("panic", environ=market.environ)

    assert said.code == 0
    assert "Canceled: 1" in said.out
    assert "open in our books: 0" in said.out
    assert market.open_orders == []
    assert pipeline.panic_file.exists()
    resumed = command("resume", "--reason", "looked at", environ=market.environ)
    assert resumed.out == "cleared 0 halts; the panic file is gone\n"
    assert not pipeline.panic_file.exists()


def test_panic_cancels_whatever_is_wrong_with_the_configuration(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    market.configure("riskk: {}\n")

    said = command("panic", environ=market.environ)

    assert market.open_orders == []
    assert pipeline.panic_file.exists()
    assert (said.code, "riskk" in said.out) == (0, True)


def test_panic_cancels_whatever_is_wrong_with_the_books(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    broken = market.environ | {"KRAKEN_PIPELINE_DB_URL": "sqlite:////dev/null/books.db"}

    said = command("panic", environ=broken)

    assert market.open_orders == []
    assert (said.code, "could not be brought up to date" in said.out) == (0, True)


def test_the_reason_of_a_resume_is_kept_also_where_only_the_file_lay_there(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.panic_file.touch()

    command("resume", "--reason", "looked at it", environ=market.environ)

    assert not pipeline.panic_file.exists()
    assert market.rows("SELECT COUNT(*) FROM journal WHERE payload LIKE '%looked at it%'") == [(1,)]
