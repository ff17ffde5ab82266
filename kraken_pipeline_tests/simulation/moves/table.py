"""Everything that can happen, and how often."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline_tests.simulation.life import Life
from kraken_pipeline_tests.simulation.moves import people, settling, theirs, trading, troubles

Move = Callable[[Life], None]
CHANCES: Final[Mapping[Move, int]] = MappingProxyType(
    {
        trading.decide_and_trade: 30,
        trading.trade: 25,
        trading.assess_only: 5,
        trading.settle_only: 10,
        trading.keep_books: 6,
        trading.tend: 15,
        trading.wait: 3,
        troubles.strike: 22,
        troubles.strike_the_stream: 6,
        troubles.kill_the_listener: 2,
        troubles.lag: 4,
        troubles.hide_an_order: 2,
        troubles.lag_all_reads: 3,
        troubles.cut_the_network: 3,
        troubles.restart_exchange: 3,
        troubles.replace_process: 3,
        troubles.step_clock: 2,
        troubles.exhaust_limits: 2,
        troubles.lock_the_key_out: 1,
        theirs.close_the_exchange: 2,
        theirs.trade_by_hand: 5,
        theirs.cancel_ours_on_the_site: 2,
        theirs.move_funds: 2,
        people.cancel_ours: 3,
        people.change_ours: 4,
        people.halt: 2,
        people.panic: 1,
        settling.flatten: 3,
        settling.find_by_hand: 2,
        settling.write_off_too_soon: 2,
    }
)
"""How often what happens, of their sum."""
MOVES: Final = tuple(CHANCES)
WEIGHTS: Final = tuple(CHANCES.values())
