"""`strategy prove` and `strategy proofs`: what is shown of a strategy before it may touch money."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kraken_pipeline.cli.exits import Exit
from kraken_pipeline.cli.output import print_json, print_rows, text
from kraken_pipeline.domain.proofs import Proof, Shown, Subject, maker_of
from kraken_pipeline.settings import load
from kraken_pipeline.wiring import proving
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.configured import stage_of
from kraken_pipeline.wiring.proving import Asked
from kraken_pipeline.wiring.secrecy import keep_secrets

SHOWN = 12
"""Characters of a hash in a table."""
OTHER_CODE = (
    "shown of other code: the file of {} changed since, and its version is still {}; give what "
    "decides otherwise another version, or show it again: {}"
)

__all__ = ["Asked", "list_proofs", "prove_one"]


def prove_one(
    environ: Mapping[str, str],
    strategy_id: str,
    proofs: tuple[Proof, ...],
    asked: Asked,
    *,
    as_json: bool,
) -> Exit:
    """Show a strategy, keep what came, and print it.

    Returns:
        `DONE` where all of it holds, `DENIED` where something does not.

    Raises:
        ConfigurationError: the strategy is configured wrongly, or a file is torn.
        InvalidValueError: what is asked cannot be done; the message says what to do.
    """
    keep_secrets(environ)
    found = list(proving.prove(load(environ), strategy_id, proofs, asked, now=system_now()))
    rows = [_row(each.proof, each.of, each, known, each.code) for each, known in found]
    if as_json:
        print_json({"strategy": strategy_id, "proofs": rows})
    else:
        _show(strategy_id, rows)
    return Exit.DONE if all(each.holds for each, _ in found) else Exit.DENIED


def list_proofs(
    environ: Mapping[str, str], strategy_id: str, adopted: Path | None, *, as_json: bool
) -> Exit:
    """Print every proof that a strategy needs for real money, and what makes those that lack.

    Args:
        environ: the environment, usually `os.environ`.
        strategy_id: as it is configured.
        adopted: another data folder, whose proofs are taken over first; None for none.
        as_json: for programs.

    Returns:
        `DONE` where nothing lacks, `DENIED` where something does.

    Raises:
        ConfigurationError: the strategy is configured wrongly, or a file is torn.
        InvalidValueError: that folder keeps nothing of the strategy as it is here.
    """
    loaded = load(environ)
    if adopted is not None:
        taken = proving.adopt(loaded, strategy_id, adopted)
        sys.stderr.write(f"{len(taken)} taken over from {adopted}\n")
    code = proving.code_of(loaded, strategy_id)
    rows = [_row(*each, code) for each in proving.kept(loaded, strategy_id)]
    if as_json:
        print_json(
            {
                "strategy": strategy_id,
                "stage": stage_of(loaded.settings, strategy_id),
                "proofs": rows,
            }
        )
    else:
        _show(f"{strategy_id}, at stage {stage_of(loaded.settings, strategy_id)}", rows)
    return Exit.DONE if all(each["holds"] for each in rows) else Exit.DENIED


def _row(
    proof: Proof, of: Subject, shown: Shown | None, known: str, code: str
) -> dict[str, object]:
    holds = shown is not None and shown.holds
    said = [] if shown is None else list(shown.said)
    if shown is not None and shown.is_of_other_code(code):
        said.append(OTHER_CODE.format(of.type, of.version, maker_of(proof, of.strategy_id)))
    return {
        "proof": proof,
        "timeframe": of.timeframe,
        "holds": holds,
        "at": None if shown is None else shown.at,
        "of": of.said,
        "said": said,
        "sha256": known,
        "report": {} if shown is None else shown.report,
        "next": "" if holds else maker_of(proof, of.strategy_id),
    }


def _show(title: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print what stands and what lacks, then what each says."""
    told = list(rows)
    columns = [
        {
            **{name: each[name] for name in ("proof", "timeframe", "at", "of")},
            "holds": "yes" if each["holds"] else "NO",
            "sha256": str(each["sha256"])[:SHOWN],
        }
        for each in told
    ]
    print_rows(title, columns, nothing="it decides on no timeframe")
    for each in told:
        report = each["report"] if isinstance(each["report"], Mapping) else {}
        for name, figure in report.items():
            sys.stdout.write(f"{each['proof']} {each['timeframe']}, {name}: {_figure(figure)}\n")
        said = each["said"] if isinstance(each["said"], list) else []
        sys.stdout.writelines(f"{each['proof']} {each['timeframe']}: {line}\n" for line in said)
    for command in dict.fromkeys(str(each["next"]) for each in told if each["next"]):
        sys.stdout.write(f"lacking: {command}\n")


def _figure(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_figure(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value)) or "none"
    return text(value)
