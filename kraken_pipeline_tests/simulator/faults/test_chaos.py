"""Every fault of REST by chance: whatever strikes, a definite answer is true."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from kraken_pipeline.simulator.faults.kinds import TRAITS, Kind, Point
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import Client, Json

SLOW = {Kind.LATE_REQUEST, Kind.LATE_REPLY, Kind.RESTART, Kind.CLOCK_SKEW}
RATES = {
    kind.value: 0.06
    for kind, traits in TRAITS.items()
    if {Point.REQUEST, Point.REPLY} & set(traits.points) and kind not in SLOW
}
DEFINITE = ("EAPI:Rate limit exceeded", "EService: Throttled", "EOrder:", "EQuery:")
"""Not among them: a wrong nonce, which may be the answer to a second copy."""


def heard(client: Client, name: str) -> str:
    """Place an order and return what its caller knows: placed, refused, or open."""
    try:
        answer = client.order(cl_ord_id=name)
    except requests.RequestException:
        return "open"
    if not answer["error"]:
        return "placed"
    return "refused" if answer["error"][0].startswith(DEFINITE) else "open"


def session(client: Client, told: list[Json]) -> tuple[list[str], Json]:
    for each in told:
        assert "error" not in client.control("faults", **each)
    outcomes = [heard(client, f"order-{number}") for number in range(50)]
    log = client.session.get(f"{client.url}/_sim/faults", timeout=5).json()["log"]
    client.session.delete(f"{client.url}/_sim/faults", timeout=5)
    return outcomes, log


@pytest.mark.parametrize("seed", range(3))
def test_a_definite_answer_is_true_and_the_log_does_the_same_again(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    by_chance = [{"seed": seed, "rates": RATES, "methods": ["AddOrder"]}]
    seen: list[tuple[list[str], Json]] = []
    for run in range(2):
        own = replace(settings, folder=tmp_path / str(run))
        with simulated(own) as served, requests.Session() as line:
            client = Client(served.url, line)
            told = by_chance if run == 0 else [{"rules": [entry["rule"] for entry in seen[0][1]]}]
            outcomes, log = session(client, told)
            placed = {order.cl_ord_id for order in served.exchange.account.open.values()}
        seen.append((outcomes, log))

        for number, outcome in enumerate(outcomes):
            if outcome != "open":
                assert (f"order-{number}" in placed) == (outcome == "placed")
    first, again = seen

    assert set(first[0]) == {"placed", "refused", "open"}
    assert first == again
