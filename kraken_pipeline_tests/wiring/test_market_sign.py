"""What other processes make of the market's listener, by what it left."""

from datetime import timedelta
from pathlib import Path

from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.store.quotes import NAME, QuoteFile
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.market_sign import SILENT, board_of, market_sign, told
from kraken_pipeline.wiring.signs import MARKET, Presence, dismiss
from kraken_pipeline_tests.store.test_quotes import board


def test_where_nobody_listens_there_is_no_board_and_no_sign(tmp_path: Path) -> None:
    QuoteFile(tmp_path).write(board())

    assert board_of(tmp_path) is None
    assert market_sign(tmp_path, system_now()) is None


def test_who_listens_shows_how_it_is_and_keeps_the_board(tmp_path: Path) -> None:
    presence = Presence(tmp_path, MARKET)
    presence.show(system_now(), **told(board(pairs=2), is_heard=True, why=""))
    QuoteFile(tmp_path).write(board(pairs=2))
    sign = market_sign(tmp_path, system_now())
    presence.leave()

    assert sign is not None
    assert sign.is_well
    assert sign.said == "heard, spoke 0 s ago; pairs=2, doubted=2, gaps=2"


def test_a_listener_that_was_killed_leaves_a_board_that_nothing_opens_on(tmp_path: Path) -> None:
    presence = Presence(tmp_path, MARKET)
    presence.show(system_now(), **told(None, is_heard=False, why=""))
    presence.drop()
    sign = market_sign(tmp_path, system_now())
    left = board_of(tmp_path)
    dismiss(tmp_path)

    assert sign is not None
    assert not sign.is_well
    assert "lost, spoke 0 s ago: start `kraken-pipeline stream`" in sign.said
    assert left == SILENT
    assert SILENT.doubts("XBTUSD", system_now()) == {
        Doubt.SOCKET_SILENT,
        Doubt.SUBSCRIPTION_SILENT,
    }
    assert board_of(tmp_path) is None


def test_a_board_that_cannot_be_read_is_a_silent_one(tmp_path: Path) -> None:
    presence = Presence(tmp_path, MARKET)
    presence.show(system_now(), **told(None, is_heard=True, why=""))
    (tmp_path / NAME).write_text("{}")
    left = board_of(tmp_path)
    presence.leave()

    assert left == SILENT


def test_a_listener_that_hangs_or_is_not_told_says_so(tmp_path: Path) -> None:
    presence = Presence(tmp_path, MARKET)
    presence.show(system_now(), **told(None, is_heard=False, why="silent for 5.0 s"))
    untold = market_sign(tmp_path, system_now())
    presence.show(system_now() - timedelta(seconds=60), **told(None, is_heard=True, why=""))
    frozen = market_sign(tmp_path, system_now())
    presence.leave()

    assert untold is not None
    assert frozen is not None
    assert untold.said == "not heard, spoke 0 s ago: silent for 5.0 s"
    assert frozen.said.startswith("frozen, spoke 60 s ago: end its process")
