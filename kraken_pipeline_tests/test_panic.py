import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kraken_pipeline import panic
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, SECRET
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    closes,
    ok,
    page,
    refuses,
    scripted,
)


class Books:
    """Open orders that an exchange keeps."""

    def __init__(self, *ids: str) -> None:
        self.open = set(ids)
        self.cancels = 0
        self.late: dict[int, str] = {}
        """Orders that appear with a read, by its number."""
        self.reads = 0

    def __call__(self, heard: Heard) -> Reply:
        if heard.path.endswith("/CancelAll"):
            self.cancels += 1
            count = len(self.open)
            self.open.clear()
            return ok({"count": count})
        self.reads += 1
        self.open |= {self.late.pop(self.reads)} if self.reads in self.late else set()
        return ok({"open": {each: {"descr": {"order": "buy 1 XBTUSD"}} for each in self.open}})


@pytest.fixture(autouse=True)
def quick_rounds_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panic, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(panic, "PAUSE_SECONDS", 0.02)
    monkeypatch.setenv("KRAKEN_API_KEY", CREDENTIAL.key)
    monkeypatch.setenv("KRAKEN_API_SECRET", SECRET)


def run(url: str, folder: Path, *more: str) -> int:
    latch = str(folder / "panic.latch")
    told = ["--url", url, "--latch", latch, "--timeout", "3", "--settle", "0", *more]
    return panic.main(told)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    shown = json.loads(capsys.readouterr().out)
    assert isinstance(shown, dict)
    return shown


def test_everything_is_canceled_and_three_reads_find_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = Books("O1", "O2")
    with scripted(books) as server:
        assert run(server.url, tmp_path, "--json") == 0

    assert said(capsys) == {
        "exit_code": 0,
        "latched": True,
        "canceled": 2,
        "remaining": {},
        "clean_reads": 3,
        "troubles": [],
    }
    assert (books.cancels, books.reads) == (1, 3)


def test_the_latch_says_when_who_and_why_and_stands_before_the_first_call(tmp_path: Path) -> None:
    books = Books()

    def answer(heard: Heard) -> Reply:
        latch = json.loads((tmp_path / "panic.latch").read_text())
        assert (latch["by"], latch["reason"]) == ("panic", "prices look wrong")
        assert latch["at"].endswith("+00:00")
        return books(heard)

    with scripted(answer) as server:
        assert run(server.url, tmp_path, "--reason", "prices look wrong") == 0


def test_a_second_panic_is_harmless(tmp_path: Path) -> None:
    with scripted(Books("O1")) as server:
        assert [run(server.url, tmp_path) for _ in range(2)] == [0, 0]


def test_f_pan_3_a_second_panic_leaves_the_latch_of_the_first(tmp_path: Path) -> None:
    with scripted(Books("O1")) as server:
        run(server.url, tmp_path, "--reason", "first")
        latch = (tmp_path / "panic.latch").read_text()
        run(server.url, tmp_path, "--reason", "second")

    assert (tmp_path / "panic.latch").read_text() == latch
    assert json.loads(latch)["reason"] == "first"


def test_an_order_that_appears_late_is_canceled_too(tmp_path: Path) -> None:
    books = Books()
    books.late = {3: "LATE"}
    with scripted(books) as server:
        assert run(server.url, tmp_path) == 0

    assert not books.open
    assert books.cancels == 2
    assert books.reads == 6


def test_reads_before_what_is_on_its_way_has_settled_do_not_count(tmp_path: Path) -> None:
    books, started = Books(), time.monotonic()
    with scripted(books) as server:
        assert run(server.url, tmp_path, "--settle", "0.3") == 0

    assert time.monotonic() - started >= 0.3


def test_orders_that_stay_are_named_and_it_does_not_end_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stubborn(heard: Heard) -> Reply:
        if heard.path.endswith("/CancelAll"):
            return refuses("EService:Unavailable")
        return ok({"open": {"O1": {"descr": {"order": "buy 1 XBTUSD @ limit 5"}}}})

    with scripted(stubborn) as server:
        assert run(server.url, tmp_path, "--timeout", "0.2") == 5

    shown = capsys.readouterr().out
    assert "Still open: O1: buy 1 XBTUSD @ limit 5" in shown
    assert "EService:Unavailable" in shown


@pytest.mark.parametrize("error", ["EAPI:Invalid key", "EGeneral:Temporary lockout"])
def test_a_refused_key_is_left_alone_after_two_refusals(tmp_path: Path, error: str) -> None:
    with scripted(always(refuses(error))) as server:
        assert run(server.url, tmp_path) == 4

        assert sum(each.path.endswith("/CancelAll") for each in server.heard) == 2


@pytest.mark.parametrize("reply", [closes, page(b"<html>", status="502 Bad Gateway")])
def test_an_exchange_that_does_not_answer_cannot_be_told_of(tmp_path: Path, reply: Reply) -> None:
    with scripted(always(reply)) as server:
        assert run(server.url, tmp_path, "--timeout", "0.2") == 5


def test_a_lost_answer_is_made_up_for_by_asking_again(tmp_path: Path) -> None:
    books, losses = Books("O1"), [closes, closes]

    def shaky(heard: Heard) -> Reply:
        return losses.pop() if losses else books(heard)

    with scripted(shaky) as server:
        assert run(server.url, tmp_path) == 0
    assert not books.open


def test_a_key_that_may_only_cancel_is_told_by_its_counts(tmp_path: Path) -> None:
    books = Books("O1")

    def cancel_only(heard: Heard) -> Reply:
        allowed = heard.path.endswith("/CancelAll")
        return books(heard) if allowed else refuses("EGeneral:Permission denied")

    with scripted(cancel_only) as server:
        assert run(server.url, tmp_path) == 0
    assert books.cancels == 4


def test_a_latch_that_cannot_be_written_does_not_stop_the_cancel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    books = Books("O1")
    with scripted(books) as server:
        assert run(server.url, tmp_path / "file", "--json") == 0

    shown = said(capsys)
    assert not books.open
    assert shown["latched"] is False
    assert "sending is NOT stopped" in str(shown["troubles"])


def test_a_latch_that_cannot_even_be_looked_for_does_not_stop_the_cancel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = Books("O1")
    with scripted(books) as server:
        assert run(server.url, tmp_path, "--latch", str(tmp_path / ("x" * 300))) == 0

    assert not books.open
    assert "sending is NOT stopped" in capsys.readouterr().out


def test_nothing_is_called_clear_before_what_was_on_its_way_has_settled(tmp_path: Path) -> None:
    with scripted(Books()) as server:
        assert run(server.url, tmp_path, "--timeout", "0.3", "--settle", "60") == 5


def test_a_clock_far_behind_is_overcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    highest, books = 1_793_620_800_000_000_000, Books("O1")

    def strict(heard: Heard) -> Reply:
        fresh = int(heard.form["nonce"]) > highest
        return books(heard) if fresh else refuses("EAPI:Invalid nonce")

    with scripted(strict) as server:
        assert run(server.url, tmp_path) == 0
    assert not books.open


@pytest.mark.parametrize("missing", ["KRAKEN_API_KEY", "KRAKEN_API_SECRET"])
def test_without_a_key_it_latches_and_says_that_it_cannot_tell(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    monkeypatch.delenv(missing)

    assert run("http://127.0.0.1:1", tmp_path) == 5
    assert (tmp_path / "panic.latch").exists()
    assert "KRAKEN_API_KEY" in capsys.readouterr().out


@pytest.mark.parametrize("break_it", [lambda: "no base64", lambda: "", lambda: "Y2FuYXJ5!"])
def test_no_word_of_it_shows_the_secret(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[], str],
) -> None:
    monkeypatch.setenv("KRAKEN_API_SECRET", break_it() or SECRET)
    with scripted(always(refuses("EAPI:Invalid signature"))) as server:
        run(server.url, tmp_path)

    shown = "".join(capsys.readouterr())
    assert (break_it() or SECRET) not in shown
    assert CREDENTIAL.key not in shown


@pytest.mark.slow
def test_a_cold_start_cancels_within_two_seconds_and_loads_nothing_heavy(tmp_path: Path) -> None:
    first: list[float] = []
    books = Books("O1")

    def timed(heard: Heard) -> Reply:
        first.append(time.monotonic())
        return books(heard)

    with scripted(timed) as server:
        command = [sys.executable, "-X", "importtime", "-m", "kraken_pipeline.panic"]
        command += ["--url", server.url, "--latch", str(tmp_path / "latch"), "--settle", "0"]
        started = time.monotonic()
        ended = subprocess.run(
            command, env=os.environ, capture_output=True, text=True, timeout=30, check=False
        )

    assert ended.returncode == 0, ended.stderr[-500:]
    assert first[0] - started < 2
    heavy = ("pandas", "dagster", "sqlalchemy", "pydantic", "numpy", "kraken_pipeline.services")
    assert not [name for name in heavy if name in ended.stderr]
