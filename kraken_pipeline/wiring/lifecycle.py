"""What the stage of each strategy lets it do, from the settings and what is kept of it (STG-7)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.lifecycle import PARTS, barred
from kraken_pipeline.domain.proofs import NEEDED, lacking
from kraken_pipeline.settings import Settings
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline.wiring.configured import configured, stage_of, subjects


def parts_of(settings: Settings) -> Mapping[str, Decimal]:
    """Return what of its caps and its allocation each running strategy may use, if not all."""
    stages = {each: stage_of(settings, each) for each in settings.strategies.running()}
    return {each: PARTS[stage] for each, stage in stages.items() if stage in PARTS}


def barring_of(settings: Settings, folder: Path, *, spends: bool) -> Callable[[str], str]:
    """Return what says why a strategy may open nothing at its stage.

    Args:
        settings: the configuration.
        folder: where proofs are kept, the data folder.
        spends: whether orders cost real money.
    """
    known: dict[str, str] = {}

    def says(strategy_id: str) -> str:
        if strategy_id not in known:
            lacks = lacks_of(settings, folder, strategy_id) if spends else ()
            known[strategy_id] = barred(stage_of(settings, strategy_id), spends=spends, lacks=lacks)
        return known[strategy_id]

    return says


def lacks_of(settings: Settings, folder: Path, strategy_id: str) -> tuple[str, ...]:
    """Return what a strategy lacks for real money at its stage; what can't be read is lacking."""
    stage = stage_of(settings, strategy_id)
    if stage not in NEEDED:
        return ()
    try:
        wanted = subjects(configured(settings, strategy_id))
        shown = [each for each, _ in ProofFiles(folder).of(strategy_id)]
    except ConfigurationError as fault:
        # what it holds is sold all the same, so that nothing may be raised here
        return (str(fault),)
    return lacking(stage, wanted, shown)
