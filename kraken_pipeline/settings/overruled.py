"""Settings that another one overrules towards safety, or that change nothing: only warned of.

Such as a cap above the cap on everything: the tighter one holds, and the user should know which.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from kraken_pipeline.settings.finding import ALIKE, MANUAL, Check, Finding, Written, find
from kraken_pipeline.settings.nearest import nearest
from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.unread import NOT_READ


def caps_are_below_the_cap_on_everything(settings: Settings, written: Written) -> Iterator[Finding]:
    """A cap above `max_gross_exposure_pct` never bites; that one does."""
    risk = settings.risk
    caps = {"risk.max_per_asset_pct": risk.max_per_asset_pct} | {
        f"risk.max_per_strategy_pct.{name}": cap for name, cap in risk.max_per_strategy_pct.items()
    }
    for key, cap in caps.items():
        if cap > risk.max_gross_exposure_pct:
            yield find(
                f"{key} is {cap} % of NAV, but risk.max_gross_exposure_pct allows only "
                f"{risk.max_gross_exposure_pct} % in all, and holds.",
                key,
                "risk.max_gross_exposure_pct",
            )


def paper_has_a_cap_for_every_strategy(settings: Settings, written: Written) -> Iterator[Finding]:
    """Without a cap of its own a strategy is held to the risk of one trade (CFG-6)."""
    if settings.execution.mode == "live":
        return
    for name in settings.strategies.running():
        if name not in settings.risk.max_per_strategy_pct:
            yield find(
                f"risk.max_per_strategy_pct has no entry for {name}: it may hold "
                f"risk.max_risk_per_trade_pct, {settings.risk.max_risk_per_trade_pct} % of NAV. "
                "Live would refuse to start.",
                "strategies.enabled",
            )


def what_is_enabled_runs(settings: Settings, written: Written) -> Iterator[Finding]:
    """A strategy runs if the list names it and its own section does not switch it off."""
    strategies = settings.strategies
    for name in strategies.enabled:
        if name not in strategies.running():
            yield find(
                f"strategies.enabled names {name}, but strategies.configs.{name}.enabled is "
                "false: it does not run.",
                f"strategies.configs.{name}.enabled",
            )


def what_is_configured_is_enabled(settings: Settings, written: Written) -> Iterator[Finding]:
    """A section of a strategy that no list names changes nothing: it may be a slip of the pen."""
    strategies = settings.strategies
    for name in strategies.configs:
        if name not in strategies.enabled:
            near = " or ".join(nearest(name, strategies.enabled, at_least=ALIKE))
            hint = f"The nearest one that is enabled is {near}." if near else "It does not run."
            yield find(
                f"strategies.configs has {name}, which strategies.enabled does not name. {hint}",
                f"strategies.configs.{name}",
            )


def a_mirror_is_of_krakens_market(settings: Settings, written: Written) -> Iterator[Finding]:
    """Who names another exchange to mirror wants it mirrored."""
    paper = settings.paper
    if paper.mirror_url is not None and paper.market != "kraken":
        yield find(
            f"paper.mirror_url is not used: paper.market is {paper.market}. Set it to kraken.",
            "paper.mirror_url",
        )


def there_is_one_database(settings: Settings, written: Written) -> Iterator[Finding]:
    """A database address makes the database file idle."""
    portfolio = settings.portfolio
    if portfolio.db_url is not None and portfolio.db_path is not None:
        yield find(
            f"portfolio.db_path, {portfolio.db_path}, is not used: portfolio.db_url is set.",
            "portfolio.db_path",
        )


def what_is_set_is_read(settings: Settings, written: Written) -> Iterator[Finding]:
    """A setting that differs from its default and changes nothing misleads."""
    usual = Settings()
    for key in NOT_READ:
        path = tuple(key.split("."))
        is_written = any(each[: len(path)] == path for each in written)
        if is_written and attrgetter(key)(settings) != attrgetter(key)(usual):
            yield find(f"{key} is set, but nothing in this version acts on it.", key)
    if MANUAL in settings.risk.max_per_strategy_pct:
        key = f"risk.max_per_strategy_pct.{MANUAL}"
        yield find(f"{key} is set, but nothing in this version acts on it.", key)


WARNINGS: Final[tuple[Check, ...]] = (
    caps_are_below_the_cap_on_everything,
    paper_has_a_cap_for_every_strategy,
    what_is_enabled_runs,
    what_is_configured_is_enabled,
    a_mirror_is_of_krakens_market,
    there_is_one_database,
    what_is_set_is_read,
)
