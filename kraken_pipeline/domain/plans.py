"""What an assessment leaves: verdicts of every intent, and a plan of the approved ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from kraken_pipeline.domain.conflicts import Conflict
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import IntentId, PlanId
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What risk said of an intent, with the figures it said it on."""

    intent_id: IntentId
    pair: str
    side: Side
    approved: bool
    objections: tuple[Objection, ...]
    clamped_by: tuple[str, ...]
    qty: Qty
    """What would have been, or is to be, ordered, in base."""
    limit_price: Price | None
    """None where no price lies within the bound."""
    notional: Decimal
    """At the limit, in base currency."""
    figures: str
    """Equity, exposures, quote and the rest of the case, as canonical JSON."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was approved together. Its orders go out together or age out."""

    plan_id: PlanId
    namespace: Namespace
    assessed_at: datetime
    config_hash: str
    run_id: str
    verdicts: tuple[Verdict, ...]
    allocation: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Strategies of which an allocation took something away, to why."""
    conflicts: tuple[Conflict, ...] = ()
    """Pairs of which more than one book wanted something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """How far a plan came."""

    plan_id: PlanId
    started_at: datetime
    completed_at: datetime | None
    status: str
    """`assessed`, `submitted`, `settled` or `failed`."""
    summary: str
    """One line of counts, for a person."""
