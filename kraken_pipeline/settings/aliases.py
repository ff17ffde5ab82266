"""The table of renamed assets: what comes with the program, and what the configuration adds."""

from functools import cache
from importlib.resources import files

from kraken_pipeline.domain.renames import Alias, alias_from
from kraken_pipeline.settings.sections import Settings


@cache
def shipped() -> tuple[Alias, ...]:
    """Return the aliases that come with the program."""
    text = files("kraken_pipeline.settings").joinpath("aliases.txt").read_text(encoding="ascii")
    lines = [each for each in text.splitlines() if each and not each.startswith("#")]
    return tuple(alias_from(each) for each in lines)


def aliases(settings: Settings) -> tuple[Alias, ...]:
    """Return every alias; one that the configuration gives an old name stands above ours."""
    given = tuple(alias_from(each) for each in settings.universe.aliases)
    names = {each.old for each in given}
    return (*(each for each in shipped() if each.old not in names), *given)
