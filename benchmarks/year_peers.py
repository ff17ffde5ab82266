"""The year's gains beside those of two kept tools: rp2 for lots, bittytax for average cost.

    python -m benchmarks year --days 60 --moves moves.json
    uvx --with rp2 --with bittytax python benchmarks/year_peers.py moves.json

In an environment of its own: rp2 sets the precision of every decimal of its process. The tools are
given what came and went at what it was worth; they match lots, or keep the pool, and reckon the
gain of each departure. Two rules explain what differs:

- grain: our shares of a lot are cut to 18 decimals, so that they add up to the lot; theirs are not.
- one order: the dearest lot is the one with the highest cost including its fee, in both views, so
  that both views match the same lots. So rp2 is told fees when it chooses lots; in the trading view
  what it chose is valued without them.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from bittytax.bt_types import TrType  # type: ignore[import-not-found]  # another environment's
from bittytax.tax import TaxCalculator  # type: ignore[import-not-found]  # as above
from bittytax.transactions import Buy, Sell  # type: ignore[import-not-found]  # as above
from prezzemolo.avl_tree import AVLTree  # type: ignore[import-not-found]  # as above
from rp2.accounting_engine import AccountingEngine  # type: ignore[import-not-found]  # as above
from rp2.configuration import (  # type: ignore[import-not-found]  # as above
    MAX_DATE,
    MIN_DATE,
    Configuration,
)
from rp2.in_transaction import InTransaction  # type: ignore[import-not-found]  # as above
from rp2.input_data import InputData  # type: ignore[import-not-found]  # as above
from rp2.out_transaction import OutTransaction  # type: ignore[import-not-found]  # as above
from rp2.plugin.accounting_method import (  # type: ignore[import-not-found]  # as above
    fifo,
    hifo,
    lifo,
)
from rp2.plugin.country.us import US  # type: ignore[import-not-found]  # as above
from rp2.rp2_decimal import RP2Decimal  # type: ignore[import-not-found]  # as above
from rp2.tax_engine import compute_tax  # type: ignore[import-not-found]  # as above
from rp2.transaction_set import TransactionSet  # type: ignore[import-not-found]  # as above

Move = Mapping[str, str]
Gains = Mapping[datetime, Decimal]
GRAIN = Decimal("1e-15")
"""Far above what cutting some shares to 18 decimals can make, far below a unit of any money."""
VIEWS = ("trading", "tax")
LOTS = {"fifo": fifo, "lifo": lifo, "hifo": hifo}
NOTHING = Decimal(0)
EMPTY = """[general]
assets = {assets}
exchanges = K
holders = H
[in_header]
timestamp = 0
asset = 1
exchange = 2
holder = 3
transaction_type = 4
spot_price = 5
crypto_in = 6
[out_header]
timestamp = 0
asset = 1
exchange = 2
holder = 3
transaction_type = 4
spot_price = 5
crypto_out_no_fee = 6
crypto_fee = 7
[intra_header]
timestamp = 0
asset = 1
from_exchange = 2
from_holder = 3
to_exchange = 4
to_holder = 5
spot_price = 6
crypto_sent = 7
crypto_received = 8
"""


def main(arguments: Sequence[str]) -> int:
    """Print one table; 1 if anything differs that no rule explains."""
    told = json.loads(Path(arguments[0]).read_text())
    moves: dict[str, list[Move]] = defaultdict(list)
    for each in told["moves"]:
        moves[each["asset"]].append(each)
    print("view    method asset departures  largest  over the grain")
    unexplained = 0
    for view in VIEWS:
        for method in ("wac", *LOTS):
            for asset, own in sorted(moves.items()):
                theirs = _pooled(own, view) if method == "wac" else _matched(own, method, view)
                ours = _summed(told["gains"][method].get(asset, []), view)
                unexplained += _print(view, method, asset, _differences(ours, theirs))
    return bool(unexplained)


def _print(view: str, method: str, asset: str, found: Sequence[Decimal]) -> int:
    over = sum(each > GRAIN for each in found)
    largest = max(found, default=NOTHING)
    print(f"{view:<8}{method:<7}{asset:<6}{len(found):10d}  {largest:8.1e}{over:10d}")
    return over


def _differences(ours: Gains, theirs: Gains) -> list[Decimal]:
    # a departure that only one of them has differs by all of its gain
    return [abs(ours.get(at, NOTHING) - theirs.get(at, NOTHING)) for at in {*ours, *theirs}]


def _summed(gains: Sequence[Mapping[str, str]], view: str) -> Gains:
    found: dict[datetime, Decimal] = defaultdict(Decimal)
    for each in gains:
        found[datetime.fromisoformat(each["at"])] += Decimal(each[view])
    return found


def _worth(move: Move, view: str) -> Decimal:
    """Return what an arrival cost, or a departure brought."""
    fee = Decimal(move["tax_fee"]) if view == "tax" else NOTHING
    return Decimal(move["cost"]) + fee if _came(move) else Decimal(move["value"]) - fee


def _came(move: Move) -> bool:
    return Decimal(move["qty"]) > NOTHING


def _pooled(moves: Sequence[Move], view: str) -> Gains:
    """Return the gains of bittytax's pool (UK section 104), departure by departure."""
    pool, found = TaxCalculator([], "UK_INDIVIDUAL"), dict[datetime, Decimal]()
    for each in moves:
        kind, at = Buy if _came(each) else Sell, datetime.fromisoformat(each["at"])
        # with a letter more, its names are no currencies: those it keeps no pool of
        name, worth = each["asset"] + "X", _worth(each, view)
        made = kind(TrType.TRADE, abs(Decimal(each["qty"])), name, worth)
        made.timestamp, made.wallet, made.note = at, "K", ""
        cost = pool.holdings[name].cost if name in pool.holdings else NOTHING
        came, went = ([made], []) if _came(each) else ([], [made])
        pool.buys_ordered, pool.sells_ordered = came, went
        with localcontext() as context:
            context.prec = 60
            pool.process_section104(skip_integrity_check=True)
            if went:
                found[at] = found.get(at, NOTHING) + worth - (cost - pool.holdings[name].cost)
    return found


def _matched(moves: Sequence[Move], method: str, view: str) -> Gains:
    """Return the gains that rp2 finds, departure by departure."""
    asset = moves[0]["asset"]
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(EMPTY.format(assets=asset))
        file.flush()
        told = Configuration(file.name, US())
    sets = [
        TransactionSet(told, each, asset, MIN_DATE, MAX_DATE) for each in ("IN", "OUT", "INTRA")
    ]
    for row, each in enumerate(moves, 1):
        sets[0 if _came(each) else 1].add_entry(_transaction(told, each, row))
    methods = AVLTree()
    methods.insert_node(MIN_DATE.year, LOTS[method].AccountingMethod())
    made = compute_tax(told, AccountingEngine(methods), InputData(asset, *sets))
    found: dict[datetime, Decimal] = defaultdict(Decimal)
    for each in made.gain_loss_set:
        qty = Decimal(each.crypto_amount)
        went, came = moves[each.taxable_event.row - 1], moves[each.acquired_lot.row - 1]
        with localcontext() as context:
            context.prec = 60
            gain = qty * (_unit(went, view) - _unit(came, view))
            found[datetime.fromisoformat(went["at"])] += gain
    return found


def _unit(move: Move, view: str) -> Decimal:
    return _worth(move, view) / abs(Decimal(move["qty"]))


def _transaction(told: Any, move: Move, row: int) -> Any:  # noqa: ANN401 - of another environment
    qty, worth = RP2Decimal(move["qty"].lstrip("-")), RP2Decimal(str(_worth(move, "tax")))
    names = {"asset": move["asset"], "exchange": "K", "holder": "H"}
    same = {"timestamp": move["at"], "spot_price": worth / qty, "row": row, **names}
    if _came(move):
        paid = {"fiat_in_no_fee": worth, "fiat_in_with_fee": worth}
        return InTransaction(told, transaction_type="BUY", crypto_in=qty, **paid, **same)
    had = {"crypto_fee": RP2Decimal("0"), "fiat_out_no_fee": worth}
    return OutTransaction(told, transaction_type="SELL", crypto_out_no_fee=qty, **had, **same)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
