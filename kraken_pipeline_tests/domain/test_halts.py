"""Halts: their codes stand in journals and in denials and never change."""

from kraken_pipeline.domain.halts import HaltKind


def test_the_codes_of_halts_are_the_ones_in_the_journal() -> None:
    assert {each.name: each.value for each in HaltKind} == {
        "OPERATOR": "KILL_MANUAL",
        "DRAWDOWN": "KILL_DRAWDOWN",
        "DRIFT": "KILL_DRIFT",
        "CONTRADICTION": "HALTED",
        "GUARD": "GUARD_LOST",
    }
