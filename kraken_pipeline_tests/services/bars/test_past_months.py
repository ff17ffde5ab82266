"""Months that are over, filled from a tape of trades within a number of calls."""

from pathlib import Path

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import TradesPage
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.bars.past_months import Filled, Want, fill, wanted_of
from kraken_pipeline_tests.builders import pair as built
from kraken_pipeline_tests.services.bars.test_rebuild import NOW, START, TAPE, XBTUSD, Keeper, Tape

ETHUSD = built(name="ETHUSD")
FIRST = int((START - EPOCH).total_seconds())
DAY = 86_400
STRETCHES = {"2026-02-01": (FIRST, FIRST + DAY), "2026-03-01": (FIRST + DAY, FIRST + 2 * DAY)}
LACKING = {month: frozenset({"XBTUSD", "ETHUSD"}) for month in STRETCHES}


class Halves(Tape):
    """A tape that tells nothing of one pair."""

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        if pair.name == "ETHUSD":
            raise UnreachableError("gone")
        return super().trades(pair, cursor=cursor, count=count)


def filled(keeper: Keeper, *, max_calls: int) -> Filled:
    wanted = wanted_of(STRETCHES, LACKING, [XBTUSD, ETHUSD])
    return fill(keeper.desk, wanted, now=NOW, max_calls=max_calls)


def left(made: Filled) -> list[tuple[str, str]]:
    return [(each.month, each.pair.name) for each in made.left]


def test_the_newest_month_comes_first_and_in_it_the_pairs_as_they_are_given() -> None:
    found = wanted_of(STRETCHES, {"2026-03-01": frozenset({"XBTUSD"}), **LACKING}, [ETHUSD, XBTUSD])

    assert [(each.month, each.pair.name) for each in found] == [
        ("2026-03-01", "ETHUSD"),
        ("2026-03-01", "XBTUSD"),
        ("2026-02-01", "ETHUSD"),
        ("2026-02-01", "XBTUSD"),
    ]


def test_only_what_is_lacking_is_wanted() -> None:
    found = wanted_of(STRETCHES, {"2026-02-01": frozenset({"ETHUSD"})}, [XBTUSD, ETHUSD])

    assert found == (Want(pair=ETHUSD, month="2026-02-01", within=STRETCHES["2026-02-01"]),)


def test_what_the_calls_do_not_reach_is_left_for_another_run(tmp_path: Path) -> None:
    keeper = Keeper(tape=Tape(TAPE), folder=tmp_path)

    first = filled(keeper, max_calls=9)
    rest = filled(keeper, max_calls=100)

    assert left(first) == [("2026-02-01", "XBTUSD"), ("2026-02-01", "ETHUSD")]
    assert first.added["1h"] == 2 * 24
    assert left(rest) == []
    assert rest.added["1h"] == 2 * 24


def test_a_pair_of_which_the_exchange_tells_nothing_keeps_back_no_other(tmp_path: Path) -> None:
    keeper = Keeper(tape=Halves(TAPE), folder=tmp_path)

    made = filled(keeper, max_calls=100)

    assert made.failures == {"ETHUSD": "gone"}
    assert made.added["1d"] == 2


def test_without_calls_nothing_is_asked(tmp_path: Path) -> None:
    keeper = Keeper(tape=Tape(TAPE), folder=tmp_path)

    made = filled(keeper, max_calls=0)

    assert (made.calls, keeper.tape.calls, len(made.left)) == (0, 0, 4)
