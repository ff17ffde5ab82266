"""A year of an account: everything that may happen to it, and its books judged every day.

`python -m benchmarks year [--seed S] [--days D] [--acts A] [--moves FILE] [--ledger FILE]`. The
simulator's own engine and account, a clock that is turned, the real services. Each day the books
must be the exchange's to the last unit in every bucket, what all is worth must be explained with a
residual of 0, and a deposit or withdrawal between two looks must leave the price of a unit where it
was. At the end everything is sold, and what came of it must be the same under every cost method and
in both views. The moves, `year_peers` sets beside what other tools say of them; the ledger,
`ledger_reader` has another tool read.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from decimal import localcontext
from pathlib import Path
from time import perf_counter

from kraken_pipeline.cli.kraken_ledger import COLUMNS, kraken_rows
from kraken_pipeline.cli.sheets import Sheet, write_csv
from kraken_pipeline.domain.accounting.fold import folded
from kraken_pipeline.domain.accounting.identity import Result
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.moves import AccountMove
from kraken_pipeline.domain.money import EXACT
from kraken_pipeline_tests.year.books import KFEE, USD, Year, lived

A_MONTH = 30
SHOWN = 20


def main(arguments: Sequence[str]) -> int:
    """Live through it and print one table; 1 if anything was wrong."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks year")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--acts", type=int, default=30, help="a day")
    asked.add_argument("--moves", type=Path, help="where to write moves and gains as JSON")
    asked.add_argument("--ledger", type=Path, help="where to write the ledger as Kraken exports it")
    told = asked.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        lived(Path(folder), told.seed, acts_a_day=told.acts) as year,
    ):
        print(f"seed {told.seed}\ndays  trades entries  wrong  residual  a day, s")
        for begun in range(0, told.days, A_MONTH):
            began, length = perf_counter(), min(A_MONTH, told.days - begun)
            year.live(length)
            _print_state(year, (perf_counter() - began) / length)
        results = year.end()
        if told.moves:
            told.moves.write_text(json.dumps(_told(year.moves())))
        if told.ledger:
            rows = kraken_rows(year.desk.stores.ledger.explained(None))
            write_csv(Sheet(title="", columns=COLUMNS, rows=rows, nothing=""), told.ledger)
    return _print_end(year, results)


def _print_state(year: Year, seconds: float) -> None:
    account = year.actor.exchange.account
    print(
        f"{year.days:4d} {len(account.trades):7d} {len(account.ledger):7d} {len(year.wrong):6d} "
        f"{year.residual.normalize():9f} {seconds:9.2f}",
        flush=True,
    )


def _told(moves: Sequence[AccountMove]) -> Mapping[str, object]:
    """Return moves and the gains of each departure, for `year_peers`."""
    names = ("asset", "qty", "value", "cost", "tax_fee")
    # what is of no worth has no gain, and other tools take no price of zero
    listed = [
        {"at": each.at.isoformat(), **{name: str(getattr(each, name)) for name in names}}
        for each in moves
        if each.asset not in {USD, KFEE} and each.qty
    ]
    gains = {method.value: _gains(moves, method) for method in Method}
    return {"moves": listed, "gains": gains}


def _gains(moves: Sequence[AccountMove], method: Method) -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for each in folded(moves, method, USD)[1]:
        if each.realised is None:
            raise ValueError(f"{each.asset} of {each.disposed_at} has no known gain; price it")
        with localcontext(EXACT):
            taxed = each.realised - each.acquisition_fee - each.disposal_fee
        told = {"at": each.disposed_at.isoformat(), "trading": str(each.realised)}
        found.setdefault(each.asset, []).append({**told, "tax": str(taxed)})
    return found


def _print_end(year: Year, results: Mapping[Method, Result]) -> int:
    print(f"done {dict(year.actor.done.most_common())}")
    print(f"flows between two looks {year.flows_tried}")
    totals = set()
    for method, each in results.items():
        trading = each.realised + each.income - each.fees
        tax = each.taxed + each.income - each.expensed
        totals |= {trading, tax}
        print(f"  {method.value:<5} trading {trading:f}, tax {tax:f}, residual {each.residual:f}")
    print(f"wrong {len(year.wrong)}; methods and views agree: {len(totals) == 1}")
    for fault in year.wrong[:SHOWN]:
        print(f"  {fault}")
    return bool(year.wrong) or len(totals) != 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
