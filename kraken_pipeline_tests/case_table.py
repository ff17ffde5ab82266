"""Which test stands for which fault case: `python -m kraken_pipeline_tests.case_table`.

A test belongs to a case if its name begins with the case's id (`test_f_sub_12_...`) or its
docstring names it. `docs/cases.md` is this table; a test keeps the two equal.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

TESTS: Final = Path(__file__).parent
PAGE: Final = TESTS.parent / "docs" / "cases.md"
IN_NAME: Final = re.compile(r"^test_([fu])_([a-z]+)_(\d+)(b?)(?:_|$)")
IN_WORDS: Final = re.compile(r"\b([FU]-[A-Z]{2,3}-\d+b?)\b")

CASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "U-DUP-1": "an order call times out and is sent again",
        "U-DUP-2": "a user reference taken for an identity",
        "U-DUP-3": "a second try is refused for lack of funds",
        "U-DUP-4": "filled at once, looked for among open orders only",
        "U-DUP-5": "canceled with nothing filled, yet there are fills",
        "U-DUP-6": "the event of a fill comes late or never",
        "U-DUP-7": "the stream knows a fill a minute before REST",
        "U-DUP-8": "a cancel that has no effect",
        "U-DUP-9": "old orders taken for canceled at the start",
        "U-FUN-1": "selling all of it lacks funds",
        "U-FUN-2": "the smallest cost is not known",
        "U-FUN-3": "the smallest qty is high or has changed",
        "U-FUN-4": "dust that is tried to be sold again and again",
        "U-FUN-5": "partly filled, then canceled",
        "U-FUN-6": "more is held than the spot bucket has",
        "U-FUN-7": "the spot bucket is moved to earn",
        "U-FEE-1": "the asset of a fee is guessed",
        "U-FEE-2": "a fee is told that is absurdly high",
        "U-FEE-3": "fees that stand in the code, or none where they used to be",
        "U-FEE-4": "what was bought by the button is in no list of trades",
        "U-FEE-4b": "a trade's cost has more decimals than its ledger",
        "U-FEE-5": "rows of the ledger that are doubled, taken back, missing or not money",
        "U-FEE-6": "a range counts as read although a page failed",
        "U-FEE-7": "a price of zero is booked as a total loss",
        "U-AST-1": "a bucket of an asset is not seen, or counted twice",
        "U-AST-2": "funds in a vault leave the balances",
        "U-NAM-1": "one pair under many names",
        "U-NAM-2": "a name that changes on a date",
        "U-HIS-1": "candles are told only of late, whatever is asked for",
        "U-HIS-2": "candles are missing where nothing traded",
        "U-HIS-3": "our own candles differ from the exchange's",
        "U-HIS-4": "turning pages loses rows or repeats them",
        "U-STR-1": "subscribed, then nothing at all on that connection",
        "U-STR-1b": "one subscription is silent while others go on",
        "U-STR-2": "a connection that died without a word",
        "U-STR-3": "what happened while the stream was away",
        "U-STR-4": "updates of a book are skipped",
        "U-MKT-1": "a pair is delisted while it is held",
        "U-MKT-2": "a pair takes only cancels for a while",
        "U-MKT-3": "a stop whose price is refused",
        "F-SUB-1": "killed at each point of the way",
        "F-SUB-2": "the reply is lost, the order filled",
        "F-SUB-3": "the request never arrived",
        "F-SUB-4": "the request arrives after its deadline",
        "F-SUB-5": "the request arrives just before its deadline",
        "F-SUB-6": "an answer that says nothing, after it was taken",
        "F-SUB-7": "the fill is heard before the reply",
        "F-SUB-8": "taken, then canceled by the engine",
        "F-SUB-9": "refused for its nonce",
        "F-SUB-10": "refused for the rate limit",
        "F-SUB-11": "the reply of another request",
        "F-SUB-12": "two work on one plan",
        "F-SUB-13": "an old holder of the lease wakes up",
        "F-SUB-14": "the run that decided is run again",
        "F-SUB-15": "the disk is full before sending",
        "F-SUB-16": "the disk fails after sending",
        "F-SUB-17": "a batch in part refused, its reply lost",
        "F-SUB-18": "a client id used twice",
        "F-SUB-19": "a fate that stays unknown while the price runs",
        "F-SUB-20": "written off by hand, then it fills",
        "F-CAN-1": "the reply of a cancel is lost",
        "F-CAN-2": "it fills before the cancel takes effect",
        "F-CAN-3": "the order to be canceled is not known any more",
        "F-CAN-4": "a fill is heard after the cancel",
        "F-CAN-5": "the reply of a change is lost, or it asks for too little",
        "F-STP-1": "an entry fills in parts, its stop follows",
        "F-STP-2": "a stop is refused, or its fate unknown",
        "F-STP-3": "a stop fires while the strategy sells",
        "F-STP-4": "a restart with a position and no stop",
        "F-EVT-1": "the same event twice",
        "F-EVT-2": "events out of order",
        "F-EVT-3": "cut off while there were more fills than a snapshot has",
        "F-EVT-4": "an order placed by hand in the gap",
        "F-EVT-5": "acknowledged and silent",
        "F-EVT-6": "a checksum that does not fit",
        "F-EVT-7": "numbers in every notation",
        "F-EVT-8": "words that are not known",
        "F-EVT-9": "more filled than ordered",
        "F-EVT-10": "the exchange's clock goes back",
        "F-EVT-11": "more is heard than can be kept",
        "F-EVT-12": "killed between hearing and writing",
        "F-RD-1": "REST is a minute behind the stream",
        "F-RD-2": "rows arrive while pages are turned",
        "F-RD-3": "a page in the middle fails or is empty",
        "F-RD-4": "more rows of one instant than a page has",
        "F-RD-5": "balances and ledger apart for a while",
        "F-RD-6": "a row of zero is never written",
        "F-RD-7": "an old copy of the open orders",
        "F-RD-8": "a key that sees only recent history",
        "F-MON-1": "deposits, withdrawals and their reversal",
        "F-MON-2": "moved to earn and back while trading",
        "F-MON-3": "fees in another asset, at another tier",
        "F-MON-4": "coins that came without a cost are sold",
        "F-MON-5": "a price missing, zero or absurd",
        "F-MON-6": "a stablecoin below its peg",
        "F-MON-7": "an unknown asset appears",
        "F-MON-8": "an asset is renamed with a ratio",
        "F-MON-9": "two strategies hold the same pair",
        "F-MON-10": "a sale by hand under a strategy's position",
        "F-RSK-1": "many plans at once near a cap",
        "F-RSK-2": "every resting buy fills at once",
        "F-RSK-3": "a withdrawal is no drawdown",
        "F-RSK-4": "an older database after a halt",
        "F-RSK-5": "a cap raised while live",
        "F-RSK-6": "the state of risk can't be read",
        "F-RSK-7": "a strategy that says nonsense",
        "F-EXC-1": "maintenance while orders rest",
        "F-EXC-2": "a pair that takes only some orders",
        "F-EXC-3": "back from downtime with the switch armed",
        "F-EXC-4": "panic while the limit is used up",
        "F-EXC-5": "the trader key is locked out",
        "F-GRD-1": "the sender is killed",
        "F-GRD-2": "the sender is frozen",
        "F-GRD-3": "the guardian is killed",
        "F-GRD-4": "renewals are done, their replies lost",
        "F-GRD-5": "the network is cut for longer than the switch",
        "F-GRD-6": "the switch fires while an order fills",
        "F-PAN-1": "panic with everything else broken",
        "F-PAN-2": "panic while an order is on its way",
        "F-PAN-3": "panic twice",
        "F-CLK-1": "clocks that jump",
        "F-STO-1": "torn and lost writes",
        "F-STO-2": "a newer schema, a migration cut off",
        "F-STO-3": "last night's backup",
        "F-STO-4": "the books of another account",
        "F-CFG-1": "every typing error in every key",
        "F-SEC-1": "a damaged file of secrets",
        "F-SEC-2": "secrets in anything that is written",
        "F-SEC-3": "a key that may suddenly withdraw",
        "F-DAG-1": "parts of Dagster die",
        "F-DAG-2": "a backfill in live",
        "F-DAG-3": "reloaded in the middle of a decision",
    }
)
"""Case to what goes wrong in it."""

NOT_COVERED: Final[Mapping[str, str]] = MappingProxyType({})
"""Case to why no test stands for it."""

PARTLY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "F-MON-3": "a trade whose fee credits pay: the simulator books credits as rows of the "
        "ledger",
        "F-RSK-7": "a loop in compiled code, which only ends with its run",
        "F-DAG-1": "a kill in each asset: a run worker is killed while it trades",
    }
)
"""Case to what of it no test tries."""


@cache
def by_case() -> Mapping[str, list[str]]:
    """Return the tests of each case, as `file::name`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for test in _tests_in(path):
            for case in _cases_of(test):
                found[case].append(f"{path.relative_to(TESTS).as_posix()}::{test.name}")
    return dict(found)


def page() -> str:
    """Return the table as the page of the documentation."""
    found = by_case()
    lines = [
        "# Fault cases and their tests",
        "",
        "Each row is a fault that must be survived, and the tests that stand for it; paths begin",
        "at `kraken_pipeline_tests/`. Made by "
        "`python -m kraken_pipeline_tests.case_table --write`.",
        "",
        "| case | what goes wrong | tests |",
        "|---|---|---|",
    ]
    for case, words in CASES.items():
        cell = [f"`{each}`" for each in found.get(case, [])]
        cell += [f"not tried: {PARTLY[case]}"] if case in PARTLY else []
        shown = "<br>".join(cell) or f"none: {NOT_COVERED.get(case, '?')}"
        lines.append(f"| {case} | {words} | {shown} |")
    return "\n".join(lines) + "\n"


def _tests_in(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _cases_of(test: ast.FunctionDef) -> list[str]:
    named = IN_NAME.match(test.name)
    ids = set(IN_WORDS.findall(ast.get_docstring(test) or ""))
    if named:
        letter, family, number, part = named.groups()
        ids.add(f"{letter.upper()}-{family.upper()}-{number}{part}")
    return sorted(ids & CASES.keys())


if __name__ == "__main__":
    import sys

    if "--write" in sys.argv[1:]:
        PAGE.write_text(page())
    else:
        print(page())  # noqa: T201 - what it is run for
