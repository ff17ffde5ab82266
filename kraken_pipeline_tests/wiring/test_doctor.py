"""The doctor in live, with an exchange that stands in Kraken's place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kraken_pipeline.domain.keys import USEFUL, Role
from kraken_pipeline.wiring.doctor import Level, examine
from kraken_pipeline.wiring.modes import REAL
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.stores import open_stores
from kraken_pipeline_tests.live_market import LiveMarket, known, live_market, stored
from kraken_pipeline_tests.secrets.keyrings import NoKeyring, using


@contextmanager
def _exchange(root: Path, *more: str) -> Iterator[LiveMarket]:
    keys = (known(role, *USEFUL[role], *more) for role in Role)
    with using(NoKeyring()), live_market(root, *keys) as market:
        market.keep({role: stored(role) for role in Role})
        yield market


def _found(market: LiveMarket) -> dict[str, tuple[Level, str]]:
    loaded = market.configure()
    with market.edge() as edge:

        def opened(environ: Mapping[str, str]) -> Pipeline:
            return Pipeline(loaded=loaded, stores=open_stores(loaded, world=REAL), edge=edge)

        return {
            each.check: (each.level, each.said)
            for each in examine(market.environ, opened=opened)
            if each.level is not Level.WARN
        }


def test_with_keys_as_they_should_be_live_is_fit(
    tmp_path: Path,
) -> None:
    with _exchange(tmp_path) as market:
        found = _found(market)

    assert {name for name, (level, _) in found.items() if level is Level.FAIL} == set()
    assert found["preflight"][1].startswith("keys, permissions, clock")


def test_a_key_that_can_withdraw_fails_and_is_named(tmp_path: Path) -> None:
    with _exchange(tmp_path, "withdraw-funds") as market:
        level, said = _found(market)["preflight"]

    assert level is Level.FAIL
    assert said.startswith("KEY_CAN_WITHDRAW")
