"""A year of an account: everything that may happen to it, and its books judged every day.

`python -m benchmarks year [--seed S] [--days D] [--acts A]`. The simulator's own engine and
account, a clock that is turned, the real services. Each day the books must be the exchange's to the
last unit in every bucket, what all is worth must be explained with a residual of 0, and a deposit
or withdrawal between two looks must leave the price of a unit where it was. At the end everything
is sold, and what came of it must be the same under every cost method and in both views.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from kraken_pipeline.domain.accounting.identity import Result
from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline_tests.year.books import Year, lived

A_MONTH = 30
SHOWN = 20


def main(arguments: Sequence[str]) -> int:
    """Live through it and print one table; 1 if anything was wrong."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks year")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--acts", type=int, default=30, help="a day")
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
    return _print_end(year, results)


def _print_state(year: Year, seconds: float) -> None:
    account = year.actor.exchange.account
    print(
        f"{year.days:4d} {len(account.trades):7d} {len(account.ledger):7d} {len(year.wrong):6d} "
        f"{year.residual.normalize():9f} {seconds:9.2f}",
        flush=True,
    )


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
    for each in year.wrong[:SHOWN]:
        print(f"  {each}")
    return bool(year.wrong) or len(totals) != 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
