"""The figures by which backtests are compared, as a person reads them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.services.research.told import Luck, Told

_INSTANT: Final = timedelta(microseconds=1)


def outcome(told: Told) -> Mapping[str, str]:
    """Return them by name, in the order in which they are shown."""
    ran, done, held = told.ran, told.performance, told.held
    equity = told.days[-1].equity if told.days else ran.cash
    return {
        "strategies": ", ".join(ran.strategies),
        "from": f"{ran.since:%Y-%m-%d}",
        "to": f"{last_day(ran.until):%Y-%m-%d}",
        "equity at the end": f"{equity:.2f} {ran.base_currency}",
        "gained": percent(equity / ran.cash - 1 if ran.cash else None),
        "bought and held": percent(None if held is None else held.gained),
        "deepest fall": percent(None if done is None else done.deepest_fall),
        "deepest fall if held": percent(None if held is None else held.fallen),
        "Sharpe ratio a year": ratio(None if done is None else done.sharpe),
        "round trips": str(told.tally.trades),
        "that won": percent(told.tally.win_rate),
        "profit factor": ratio(told.tally.profit_factor),
        "fees": f"{ZERO if done is None else done.fees:.2f}",
        "mean exposure": percent(told.exposed),
    }


def chances(luck: Luck) -> Mapping[str, str]:
    """Return how likely it is that a run was more than luck, by name."""
    found = {"Sharpe ratio above zero": _chance(luck.chance)}
    if luck.deflated is not None:
        found[f"the same after {luck.deflated.trials} trials"] = _chance(luck.deflated.chance)
    return found


def _chance(chance: float | None) -> str:
    return "none" if chance is None else f"probability {chance * 100:.1f} %"


def last_day(until: datetime) -> date:
    """Return the UTC day that ends at an instant, or in which it lies."""
    return (until - _INSTANT).date()


def percent(share: Decimal | None) -> str:
    """Write a share as percent."""
    return "none" if share is None else f"{share * 100:.2f} %"


def ratio(value: Decimal | None) -> str:
    """Write a ratio."""
    return "none" if value is None else f"{value:.2f}"
