"""The year's exported ledger, read by a tool that never heard of us: bittytax's reader of Kraken's.

    python -m benchmarks year --days 60 --ledger ledger.csv
    pip install bittytax  # into an environment of its own
    python benchmarks/ledger_reader.py ledger.csv

The reader has to know the file by its first line. Then what it makes of each event (trade, deposit,
withdrawal, reward and so on) has to come and go in the same assets by the same amounts as the
file's rows. It knows not every type that Kraken writes, keeps a bucket of Earn for an asset of its
own, and reads one row of a dust sweep: those events are counted apart, by type.
"""

import csv
import sys
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from bittytax.config import config  # type: ignore[import-not-found]  # another environment's

# it asks for prices over the network otherwise, as soon as it is imported
config.config["data_source_fiat"] = []
from bittytax.conv.datafile import DataFile  # type: ignore[import-not-found]  # noqa: E402 - after it
from bittytax.conv.parsers import kraken  # type: ignore[import-not-found]  # noqa: E402 - as above

UNREAD = frozenset({"conversion", "reward", "earn", "spend", "receive"})
"""Types of Kraken's that it refuses or reads in part, as told above."""
Amounts = dict[str, Decimal]
PARTS = (("buy_quantity", "buy_asset", 1), ("sell_quantity", "sell_asset", -1))
FEE = ("fee_quantity", "fee_asset", -1)


def main(arguments: Sequence[str]) -> int:
    """Print what was read; 1 if anything differs that is not of those types."""
    file = Path(arguments[0])
    DataFile.read_csv(str(file), Namespace(unconfirmed=False, cryptoasset=None))
    [read] = DataFile.data_files_ordered
    theirs, ours, types = _read(read.data_rows), _written(file), _types(file)
    same: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    wrong = []
    for event, told in ours.items():
        kinds = "+".join(sorted(types[event]))
        if _exact(theirs[event]) == _exact(told):
            same[kinds] += 1
        elif types[event] <= UNREAD:
            apart[kinds] += 1
        else:
            wrong.append((event, kinds, _exact(theirs[event]), _exact(told)))
    print(f"known as {read.parser.name!r}; {sum(same.values())} events the same: {dict(same)}")
    print(f"read in part or not at all: {dict(apart)}; otherwise than they are: {wrong}")
    return bool(wrong)


def _exact(amounts: Mapping[str, Decimal]) -> Amounts:
    return {asset: amount for asset, amount in amounts.items() if amount}


def _read(rows: Sequence[Any]) -> Mapping[str, Amounts]:
    found: defaultdict[str, Amounts] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        made = row.t_record
        for quantity, asset, sign in (*PARTS, FEE) if made else ():
            if getattr(made, quantity):
                found[row.row_dict["refid"]][getattr(made, asset)] += sign * getattr(made, quantity)
    return found


def _written(file: Path) -> Mapping[str, Amounts]:
    found: defaultdict[str, Amounts] = defaultdict(lambda: defaultdict(Decimal))
    with file.open(newline="") as opened:
        for row in csv.DictReader(opened):
            asset = kraken._normalise_asset(row["asset"])  # noqa: SLF001 - its own names
            found[row["refid"]][asset] += Decimal(row["amount"]) - Decimal(row["fee"])
    return found


def _types(file: Path) -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    with file.open(newline="") as opened:
        for row in csv.DictReader(opened):
            found[row["refid"]].add(row["type"])
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
