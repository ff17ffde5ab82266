"""The chain behind an order: from the bars that were seen to the position that came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.intents import Decision, Intent
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.risk.caps import CAP_RULES
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.kraken.audit import kept_calls
from kraken_pipeline.services.deciding.replay import Shown, panels
from kraken_pipeline.store import evidence
from kraken_pipeline.strategies.base import COLUMNS, Bars
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.strategies import kinds

LAST_BARS = 3
"""How many bars of the pair are shown of each timeframe; the hash is of all."""


def chain(pipeline: Pipeline, order: Order) -> dict[str, Any]:
    """Return everything that was kept of an order, a section each, as plain values."""
    database = pipeline.stores.database
    decision = evidence.decision_of(database, order.intent_id)
    verdict = evidence.verdict_on(database, order.intent_id)
    fills = evidence.fills_of(database, order.kraken_order_id) if order.kraken_order_id else ()
    names = [each for each in (order.cl_ord_id, order.kraken_order_id) if each]
    return {
        "order": asdict(order),
        "plan": plan_plain(verdict),
        "intent": intent_plain(verdict.intent),
        "verdict": verdict_plain(verdict),
        "caps": list(caps_plain(verdict)),
        "decision": decision_plain(decision),
        "bars": bars_plain(pipeline, decision, order.pair),
        "events": evidence.events_of(database, order.local_id),
        "halts": evidence.halts_over(database, order.local_id),
        "notes": evidence.notes_on(database, order.local_id),
        "calls": [asdict(each) for each in kept_calls(pipeline.loaded.data_dir / NONCES, names)],
        "fills": [asdict(each) for each in fills],
        "ledger": evidence.entries_of(database, [each.trade_id for each in fills]),
        "ledger_differs_by": [
            asdict(each)
            for each in pipeline.stores.ledger.residuals([each.trade_id for each in fills]).values()
        ],
        "transfers": evidence.transfers_of_order(database, order.local_id),
        "position_after": asdict(evidence.position_after(database, fills[-1])) if fills else None,
    }


def intent_plain(intent: Intent) -> dict[str, Any]:
    """Return an intent with the side that its action trades on."""
    return {**asdict(intent), "side": intent.side}


def plan_plain(verdict: evidence.Denial) -> dict[str, Any]:
    """Return the plan behind a verdict, with what bore on all of it, and on the pair."""
    notes = dict(verdict.plan_notes)
    if "conflicts" in notes:
        pair = verdict.intent.pair
        notes["conflicts"] = [each for each in notes["conflicts"] if each["pair"] == pair]
    return {"plan_id": verdict.plan_id, "assessed_at": verdict.assessed_at, **notes}


def verdict_plain(verdict: evidence.Denial) -> dict[str, Any]:
    """Return a verdict without the intent that it is on, and without the caps that were asked."""
    told = asdict(verdict)
    del told["intent"], told["plan_id"], told["assessed_at"], told["plan_notes"]
    return {
        **told,
        "figures": {name: of for name, of in verdict.figures.items() if name != "caps"},
        "objections": [{"code": code, "figures": why} for code, why in verdict.objections],
    }


def caps_plain(verdict: evidence.Denial) -> Iterator[dict[str, object]]:
    """Give every cap that was asked with its figures, also those that were kept."""
    measured = verdict.figures.get("caps", {})
    broken = {code for code, _ in verdict.objections}
    for each in CAP_RULES if verdict.intent.side is Side.BUY else ():
        if each.code in measured:
            after, _, most = measured[each.code].partition(" of ")
            yield {
                "code": each.code,
                "bounds": each.says,
                "after": after,
                "most": most,
                "holds": each.code not in broken,
            }


def decision_plain(decision: Decision) -> dict[str, Any]:
    """Return a decision without its intents, and without what it said of other pairs."""
    told = asdict(decision)
    del told["intents"], told["no_signals"]
    if decision.seen is not None:
        told["seen"]["held"] = sorted(decision.seen.held)
    return {**told, "intents": len(decision.intents), "no_signals": len(decision.no_signals)}


def bars_plain(pipeline: Pipeline, decision: Decision, pair: str) -> dict[str, Any]:
    """Return the bars that a decision was shown, by timeframe, with their hash then and now."""
    universe = pipeline.stores.universes.of_version(decision.universe_version)
    if universe is None:
        return {"unknown": f"the universe {decision.universe_version} is not kept any more"}
    try:
        shown = panels(pipeline.stores.bars, decision, universe, kinds().named)
    except PipelineError as failure:
        return {"unknown": str(failure)}
    return {name: _panel(each, pair) for name, each in shown.items()}


def _panel(shown: Shown, pair: str) -> Mapping[str, Any]:
    bars = shown.bars
    return {
        "hash": shown.digest,
        "stored": "matches" if shown.matches else "differs",
        "pairs": len(bars.pairs),
        "bars": len(bars.opened_at),
        "last_of_the_pair": _last_bars(bars, pair),
    }


def _last_bars(bars: Bars, pair: str) -> list[dict[str, Any]]:
    if pair not in bars.pairs:
        return []
    column, count = bars.pairs.index(pair), len(bars.opened_at)
    return [
        {
            "closed_at": EPOCH + timedelta(seconds=int(bars.opened_at[row]) + bars.frame.seconds),
            **{name: f"{bars.column(name)[row, column]:.12g}" for name in COLUMNS},
        }
        for row in range(max(0, count - LAST_BARS), count)
    ]
