"""What is kept of an answer: the verdict with the figures that it stands on."""

from collections.abc import Iterable

from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.money import NOTHING, ZERO
from kraken_pipeline.domain.plans import Verdict
from kraken_pipeline.domain.risk import Case, Measure


def unheard(intent: Intent, objection: Objection) -> Verdict:
    """Deny what can not even be put to the rules."""
    return Verdict(
        intent_id=intent.intent_id,
        pair=intent.pair,
        side=intent.side,
        approved=False,
        objections=(objection,),
        clamped_by=(),
        qty=NOTHING,
        limit_price=None,
        notional=ZERO,
        figures="{}",
    )


def verdict_of(
    case: Case,
    found: tuple[Objection, ...],
    clamped_by: tuple[str, ...],
    measures: Iterable[Measure],
) -> Verdict:
    """Return the answer to a case: approved where nothing was found against it."""
    quote = case.quote
    ticker = None if quote is None else quote.ticker
    age = None if quote is None else f"{(case.now - quote.received_at).total_seconds():.1f}"
    figures = {
        "equity": case.equity,
        "cash": case.cash,
        "bid": None if ticker is None else ticker.bid,
        "ask": None if ticker is None else ticker.ask,
        "quote_source": None if quote is None else quote.source,
        "quote_age_seconds": age,
        "notional_24h": case.notional_24h,
        "fee_share": case.fee_share,
        "quote_rate": case.quote_rate,
        "min_qty": case.min_qty,
        "owned_qty": case.owned_qty,
        "exposure_pair": case.exposure.pair,
        "exposure_asset": case.exposure.asset,
        "exposure_strategy": case.exposure.strategy,
        "exposure_gross": case.exposure.gross,
        "stop_risk": case.exposure.stop_risk,
        "positions": case.exposure.positions,
        "stop_distance": case.intent.stop_distance,
        "confidence": case.intent.confidence,
        "allotted": case.allotted,
        "caps": {each.cap.code: f"{each.after:f} of {each.most:f}" for each in measures},
    }
    return Verdict(
        intent_id=case.intent.intent_id,
        pair=case.pair.name,
        side=case.intent.side,
        approved=not found,
        objections=found,
        clamped_by=clamped_by,
        qty=case.qty,
        limit_price=case.limit_price,
        notional=case.notional,
        figures=canonical(figures),
    )
