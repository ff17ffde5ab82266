"""CLI-2: in live what changes something is shown first, and done only if somebody agrees."""

import io
import json
import sys
from pathlib import Path

import pytest

from kraken_pipeline.cli.consent import actor
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.store.evidence import notes_on
from kraken_pipeline.wiring.pipeline import connect
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.live_market import GATES
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket
from kraken_pipeline_tests.store.builders import decision, order, plan, verdict


@pytest.fixture
def live(fresh: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine on which live is configured; Kraken is never asked."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(GATES)
    return {name: each for name, each in fresh.items() if not name.endswith("_URL")}


@pytest.fixture
def waiting(live: dict[str, str]) -> Order:
    """Reserve an order that waits to be sent."""
    pipeline = connect(live)
    try:
        wished = decision("ADAUSD", closed_at=MOMENT, decided_at=MOMENT)
        [intent] = wished.intents
        planned = order(intent, plan="P-live", created_at=MOMENT, updated_at=MOMENT)
        pipeline.stores.decisions.record(wished, {})
        with pipeline.stores.orders.assessing() as assessment:
            assessment.keep(plan(verdict(intent), plan_id=planned.plan_id), [planned])
        return pipeline.stores.orders.order(planned.local_id)
    finally:
        pipeline.close()


def _now(environ: dict[str, str], order: Order) -> tuple[State, list[dict[str, object]]]:
    pipeline = connect(environ)
    try:
        notes = notes_on(pipeline.stores.database, order.local_id)
        return pipeline.stores.orders.order(order.local_id).state, notes
    finally:
        pipeline.close()


def test_without_a_yes_the_effect_is_shown_and_nothing_is_done(
    command: Command, live: dict[str, str], waiting: Order
) -> None:
    said = command("orders", "cancel", "--all", environ=live)

    assert said.code == 3
    assert f"would cancel buy 0.1 {waiting.pair}" in said.err
    assert waiting.local_id in said.err
    assert _now(live, waiting) == (State.PLANNED, [])


def test_a_program_gets_the_effect_as_one_document(
    command: Command, live: dict[str, str], waiting: Order
) -> None:
    said = command("orders", "cancel", "--all", "--json", environ=live)

    told = json.loads(said.out)
    assert (said.code, told["dry_run"]) == (3, True)
    assert waiting.local_id in told["effect"][0]


def test_with_a_yes_it_is_done_and_the_journal_has_who_why_before_and_after(
    command: Command, live: dict[str, str], waiting: Order
) -> None:
    said = command("orders", "cancel", "--all", "--yes", "--reason", "a test", environ=live)

    state, notes = _now(live, waiting)
    assert said.code == 0, said.err
    assert state is State.WITHDRAWN
    assert [each["kind"] for each in notes] == ["operator.cancel_asked", "operator.cancel_done"]
    assert {each["actor"] for each in notes} == {actor()}
    payload = json.loads(json.dumps(notes[-1]["payload"]))
    assert payload["reason"] == "a test"
    assert (payload["before"]["status"], payload["after"]["status"]) == ("planned", "withdrawn")


@pytest.mark.parametrize(("typed", "code"), [("cancel\n", 0), ("yes\n", 3), ("\n", 3)])
def test_a_person_agrees_by_typing_the_word(
    command: Command,
    live: dict[str, str],
    waiting: Order,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
) -> None:
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)

    assert command("orders", "cancel", "--all", environ=live).code == code


def test_books_that_are_named_by_a_file_that_is_not_there_are_refused(
    command: Command, market: PaperMarket, tmp_path: Path
) -> None:
    nowhere = tmp_path / "slip.db"

    said = command("orders", "list-open", "--db", str(nowhere), environ=market.environ)

    assert said.code == 2
    assert str(nowhere) in said.err
    assert not nowhere.exists()


@pytest.mark.parametrize("written", ["{}", "sqlite:///{}"])
def test_other_books_are_read_by_file_or_url(
    command: Command, market: PaperMarket, written: str
) -> None:
    books = written.format(market.data_dir / "portfolio.db")

    said = command("orders", "list-open", "--json", "--db", books, environ=market.environ)

    assert (said.code, said.out) == (0, "[]\n")


def test_a_halt_needs_no_yes_in_live_and_its_clearing_does(
    command: Command, live: dict[str, str]
) -> None:
    halted = command("halt", "--reason", "odd", environ=live)
    denied = command("resume", "--reason", "fine", environ=live)
    cleared = command("resume", "--reason", "fine", "--yes", environ=live)

    assert (halted.code, denied.code, cleared.code) == (0, 3, 0)
    assert "would clear KILL_MANUAL: odd" in denied.err
    assert cleared.out == "cleared 1 halt; there was no panic file\n"
