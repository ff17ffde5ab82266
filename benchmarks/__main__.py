"""Run every benchmark, or those that are named: `python -m benchmarks cycle closes`."""

import sys

from benchmarks import (
    accounts,
    backfill,
    backtest,
    built_ins,
    candles,
    candles_large,
    closes,
    cycle,
    decisions,
    history,
    ledger_sync,
    life_and_backtest,
    orders,
    panic,
    simulator,
    stream,
    stream_day,
    sync,
    year,
)

ALL = {
    "cycle": cycle.run,
    "decisions": decisions.run,
    "closes": closes.run,
    "stream": stream.run,
    "simulator": simulator.run,
    "orders": orders.run,
    "panic": panic.run,
    "history": history.run,
    "accounts": accounts.run,
    "ledger_sync": ledger_sync.run,
    "candles": candles.run,
    "backfill": backfill.run,
    "candles-large": candles_large.run,
}

LONG = {
    "backtest": backtest.main,
    "stream_day": stream_day.main,
    "sync": sync.main,
    "year": year.main,
    "built_ins": built_ins.main,
    "life_and_backtest": life_and_backtest.main,
}
"""Too long to be run with the others; what follows the name is for it."""

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in LONG:
        sys.exit(LONG[sys.argv[1]](sys.argv[2:]))
    wanted = sys.argv[1:] or list(ALL)
    unknown = [name for name in wanted if name not in ALL]
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r}; there are {', '.join((*ALL, *LONG))}")
    for name in wanted:
        ALL[name]()
