"""Playing a script: an object with `flow`, one of `FLOWS`, and what that flow asks for.

Every odd shape that a ledger of Kraken's is known to have can be made here.

Source: rule PF-3 and safety cases U-FEE-5, U-AST-1 and F-MON; kraken/rest.md §5 for the types.
"""

from collections.abc import Mapping
from typing import Final

from kraken_pipeline.simulator import treasury
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.flows import moves, single, transfers
from kraken_pipeline.simulator.flows.script import Flow, FlowError
from kraken_pipeline.simulator.params import Params

FLOWS: Final[Mapping[str, Flow]] = {
    "deposit": transfers.deposit,
    "deposits_interleaved": transfers.deposits_interleaved,
    "reversal": transfers.reversal,
    "withdrawal": transfers.withdrawal,
    "withdrawal_failed": transfers.withdrawal_failed,
    "withdrawal_returned": transfers.withdrawal_returned,
    "withdraw_key": transfers.withdraw_key,
    "spend_receive": moves.spend_receive,
    "dust_sweep": moves.dust_sweep,
    "staking_leg": moves.staking_leg,
    "bucket_transfer": moves.bucket_transfer,
    "reward": single.reward,
    "conversion": moves.conversion,
    "airdrop": single.airdrop,
    "fee_credits": single.fee_credits,
    "rollover": single.rollover,
    "adjustment": single.adjustment,
    "rows": single.rows,
}


def play(exchange: Exchange, params: Params) -> dict[str, object]:
    """Do what a script says at once, and return the refids and the ids of the rows it wrote.

    Raises:
        FlowError: there is no such flow, or it lacks something.
        RefusedError: a value is no number or of the wrong kind.
    """
    flow = FLOWS.get(params.text("flow"))
    if flow is None:
        raise FlowError(f"there is no flow {params.text('flow')!r}; give one of {', '.join(FLOWS)}")
    exchange.advance()
    drafts, events = flow(exchange, params)
    if not drafts:
        exchange.record(*events)
        return {"refids": [], "ledger": []}
    event = treasury.book(exchange, drafts, *events)
    return {
        "refids": list(dict.fromkeys(row.refid for row in event.rows)),
        "ledger": [row.id for row in event.rows if row.id],
    }
