"""`doctor`: every check before trading, a line each."""

import sys
from collections.abc import Mapping
from typing import Final

from kraken_pipeline.cli.exits import Exit, code_of
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.wiring.doctor import Finding, examine

WIDTH: Final = 15


def run(environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Print what every check finds, each failure with its remedy.

    Returns:
        The exit code of the first failure; `DONE` where there is none.
    """
    found = []
    for each in examine(environ):
        found.append(each)
        if not as_json:
            sys.stdout.write(_line(each))
    codes = [code_of(each.failure) for each in found if each.failure is not None]
    if as_json:
        print_json({"fit": not codes, "findings": [_plain(each) for each in found]})
    return codes[0] if codes else Exit.DONE


def _line(finding: Finding) -> str:
    remedy = f"\n{'':<5} {'':<{WIDTH}} {finding.remedy}" if finding.remedy else ""
    return f"{finding.level.value:<5} {finding.check:<{WIDTH}} {finding.said}{remedy}\n"


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "said": finding.said,
        "remedy": finding.remedy or None,
        "exit_code": None if finding.failure is None else int(code_of(finding.failure)),
    }
