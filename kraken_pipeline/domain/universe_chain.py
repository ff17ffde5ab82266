"""The filters that a pair goes through (UNI-2).

All are asked, also after one failed, so that none depends on another or on their order. Only what
costs calls or compares pairs with each other is left out for a pair that is out anyway.
"""

from typing import Final

from kraken_pipeline.domain.universe_filters import (
    Candidate,
    Filter,
    Step,
    has_a_fine_tick,
    has_a_narrow_spread,
    has_a_small_least_order,
    has_a_status,
    has_a_ticker,
    has_the_class,
    has_the_quote,
    has_two_free_legs,
    is_liquid,
    is_listed_by_the_user,
    is_listed_in_the_country,
    is_not_excluded,
    trades_at_the_venue,
)
from kraken_pipeline.domain.universe_measures import (
    earns_its_place,
    has_few_alike,
    is_deep,
    is_old_enough,
    moves_as_wanted,
)

FILTERS: Final[tuple[Filter, ...]] = (
    Filter(name="include list", code="NOT_INCLUDED", ask=is_listed_by_the_user),
    Filter(name="exclude list", code="EXCLUDED", ask=is_not_excluded),
    Filter(name="quote", code="QUOTE", ask=has_the_quote),
    Filter(name="status", code="STATUS", ask=has_a_status),
    Filter(name="class", code="CLASS", ask=has_the_class),
    Filter(name="venue", code="VENUE", ask=trades_at_the_venue),
    Filter(name="country", code="COUNTRY", ask=is_listed_in_the_country),
    Filter(name="pegs", code="PEGGED", ask=has_two_free_legs),
    Filter(name="ticker", code="NO_TICKER", ask=has_a_ticker),
    Filter(name="24 h notional", code="LIQUIDITY", ask=is_liquid, is_soft=True),
    Filter(name="spread", code="WIDE_SPREAD", ask=has_a_narrow_spread, is_soft=True),
    Filter(name="tick", code="COARSE_TICK", ask=has_a_fine_tick, is_soft=True),
    Filter(name="least order", code="LEAST_ORDER", ask=has_a_small_least_order, is_soft=True),
    Filter(name="age", code="TOO_YOUNG", ask=is_old_enough, needs_bars=True),
    Filter(
        name="volatility", code="VOLATILITY", ask=moves_as_wanted, is_soft=True, needs_bars=True
    ),
    Filter(name="our results", code="LOSING", ask=earns_its_place),
    Filter(name="depth", code="THIN_BOOK", ask=is_deep, is_soft=True, is_costly=True),
    Filter(
        name="cluster",
        code="CLUSTER",
        ask=has_few_alike,
        is_soft=True,
        is_costly=True,
        needs_bars=True,
    ),
)
SOFT: Final = frozenset(each.code for each in FILTERS if each.is_soft)
COSTLY: Final = frozenset(each.code for each in FILTERS if each.is_costly)
NEEDS_BARS: Final = frozenset(each.code for each in FILTERS if each.needs_bars)


def steps(case: Candidate, filters: tuple[Filter, ...] = FILTERS) -> tuple[Step, ...]:
    """Ask every filter of a pair and keep what each said."""
    return tuple(each.step(case) for each in filters)
