"""A strategy of which everything is shown that it needs before it may touch money."""

from kraken_pipeline.domain.proofs import Proof, Shown
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.proofs import ProofFiles
from kraken_pipeline.wiring.configured import configured, subjects
from kraken_pipeline_tests.builders import NOW


def prove_all(loaded: Loaded, strategy_id: str = "trend_core") -> None:
    """Keep every proof of a strategy as it is configured."""
    store = ProofFiles(loaded.data_dir)
    for subject in subjects(configured(loaded.settings, strategy_id)):
        for proof in Proof:
            store.keep(Shown(proof=proof, of=subject, at=NOW, holds=True, said=(), report={}))
