"""`explain denial`: why something was not bought or sold, by every rule that was asked."""

from collections.abc import Mapping
from typing import Any, Final

from kraken_pipeline.cli.evidence import caps_plain, intent_plain, plan_plain, verdict_plain
from kraken_pipeline.cli.explain import print_sections
from kraken_pipeline.cli.names import pair_named
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.domain.risk.codes import meaning
from kraken_pipeline.store import evidence
from kraken_pipeline.wiring.pipeline import Pipeline, connect

DENIALS: Final = 5
"""How many denials of a pair are shown, newest first."""


def explain_denial(environ: Mapping[str, str], name: str, *, as_json: bool) -> None:
    """Print why an intent, or the newest intents of a pair, were denied and what would help.

    Raises:
        UnknownNameError: neither an intent nor a denied pair is named so.
    """
    pipeline = connect(environ)
    try:
        database = pipeline.stores.database
        found = evidence.denials_of_pair(database, _pair_or_id(pipeline, name), limit=DENIALS) or (
            evidence.verdict_on(database, evidence.intent_named(database, name)),
        )
    except UnknownNameError as unknown:
        raise UnknownNameError(f"nothing of {name!r} was denied: {unknown}") from unknown
    finally:
        pipeline.close()
    told = [_denial(each) for each in found]
    if as_json:
        print_json(told)
        return
    for each in told:
        print_sections("denial", each, as_json=False)


def _denial(denial: evidence.Denial) -> dict[str, Any]:
    return {
        "intent": intent_plain(denial.intent),
        "plan": plan_plain(denial),
        "verdict": verdict_plain(denial),
        "caps": list(caps_plain(denial)),
        "what_would_help": [
            {
                "code": code,
                "figures": figures,
                "meaning": meaning(code),
                "remedy": remedy(code),
            }
            for code, figures in denial.objections
        ],
    }


def _pair_or_id(pipeline: Pipeline, name: str) -> str:
    """Return our name of a pair, or what was typed: it may be the id of an intent."""
    try:
        return pair_named(pipeline, name)
    except UnknownNameError:
        return name
