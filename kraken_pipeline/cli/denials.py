"""`explain denial`: why something was not bought or sold, by every rule that was asked."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kraken_pipeline.cli.evidence import intent_plain, plan_plain, verdict_plain
from kraken_pipeline.cli.explain import print_sections
from kraken_pipeline.cli.names import pair_named
from kraken_pipeline.cli.output import print_json
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.domain.risk.caps import CAP_RULES
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
    verdict = verdict_plain(denial)
    # each stands in a row of its own below
    verdict["figures"] = {name: of for name, of in denial.figures.items() if name != "caps"}
    return {
        "intent": intent_plain(denial.intent),
        "plan": plan_plain(denial),
        "verdict": verdict,
        "caps": list(_caps(denial)),
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


def _caps(denial: evidence.Denial) -> Iterator[dict[str, object]]:
    """Give every cap that was asked with its figures, also those that were kept."""
    measured = denial.figures.get("caps", {})
    broken = {code for code, _ in denial.objections}
    for each in CAP_RULES if denial.intent.side is Side.BUY else ():
        if each.code in measured:
            after, _, most = measured[each.code].partition(" of ")
            yield {
                "code": each.code,
                "bounds": each.says,
                "after": after,
                "most": most,
                "holds": each.code not in broken,
            }


def _pair_or_id(pipeline: Pipeline, name: str) -> str:
    """Return our name of a pair, or what was typed: it may be the id of an intent."""
    try:
        return pair_named(pipeline, name)
    except UnknownNameError:
        return name
