"""What was shown of strategies: a folder each, with a file for each proof of each subject."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.proofs import Proof, Shown, Subject
from kraken_pipeline.store.sealed import seal, unsealed

FOLDER: Final = "proofs"


class ProofFiles:
    """Proofs under one folder."""

    def __init__(self, root: Path) -> None:
        """Take the data folder; it need not be there yet."""
        self._root = root / FOLDER

    def path(self, proof: Proof, of: Subject) -> Path:
        """Return where a proof is, or would be."""
        named = digest([of.type, of.version, of.parameters])[:12]
        return self._root / of.strategy_id / f"{proof}-{of.timeframe}-{named}.json"

    def keep(self, shown: Shown) -> str:
        """Write what was shown over what was shown of the same before, and return its hash."""
        return seal(self.path(shown.proof, shown.of), shown)

    def of(self, strategy_id: str) -> list[tuple[Shown, str]]:
        """Return all that was shown of a strategy, each with its hash, oldest first.

        Raises:
            ConfigurationError: a file is torn, was changed by hand, or is not ours.
        """
        remedy = "remove it, and prove that again"
        found = []
        for path in (self._root / strategy_id).glob("*.json"):
            # whoever follows the remedy may do so while we look
            with suppress(FileNotFoundError):
                found.append(unsealed(path, Shown, remedy=remedy))
        return sorted(found, key=lambda each: each[0].at)
