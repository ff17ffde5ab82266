"""What strategies are left of what they want, from the settings and the stores."""

from kraken_pipeline.services.risk.allocate import AllocateDesk
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.wiring.lifecycle import parts_of
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import allocation_rules, measured
from kraken_pipeline.wiring.universe import followed_bars


def allocate_desk(parts: Parts) -> AllocateDesk:
    """What allocating needs."""
    settings = parts.loaded.settings
    return AllocateDesk(
        rules=allocation_rules(settings, parts_of(settings)),
        measured=measured(settings),
        trips=SqlLockEvidence(parts.stores.database),
        positions=parts.stores.books.positions,
        bars=lambda: followed_bars(parts),
    )
