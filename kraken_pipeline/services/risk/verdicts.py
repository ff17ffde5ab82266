"""What is kept of an answer: the verdict with the figures that it stands on."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.forms import Form
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import Written
from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.money import NOTHING, ZERO
from kraken_pipeline.domain.plans import Verdict
from kraken_pipeline.domain.risk import Case, Measure

_FIGURES: Final = Form(
    "equity",
    "cash",
    "bid",
    "ask",
    "quote_source",
    "quote_age_seconds",
    "notional_24h",
    "fee_share",
    "quote_rate",
    "min_qty",
    "owned_qty",
    "exposure_pair",
    "exposure_asset",
    "exposure_strategy",
    "exposure_gross",
    "stop_risk",
    "positions",
    "stop_distance",
    "confidence",
    "allotted",
    "caps",
)


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
    exposure, intent = case.exposure, case.intent
    figures = _FIGURES.text(
        {
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
            "exposure_pair": exposure.pair,
            "exposure_asset": exposure.asset,
            "exposure_strategy": exposure.strategy,
            "exposure_gross": exposure.gross,
            "stop_risk": exposure.stop_risk,
            "positions": exposure.positions,
            "stop_distance": intent.stop_distance,
            "confidence": intent.confidence,
            "allotted": case.allotted,
            "caps": _caps(measures),
        }
    )
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
        figures=figures,
    )


def _caps(measures: Iterable[Measure]) -> Written:
    """Write how a case stands to its caps, as `canonical` would: of names and digits alone."""
    said = [f'"{cap.code}":"{_said(after, most)}"' for cap, after, most in measures]
    said.sort()
    return Written("{" + ",".join(said) + "}")


def _said(after: Decimal, most: Decimal) -> str:
    """Write how much of a cap would be used, with no exponent."""
    said = f"{after!s} of {most!s}"
    # to write without one takes three times as long, and next to no amount has one
    return f"{after:f} of {most:f}" if "E" in said else said
