import getpass
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.bootstrap import REMEDIES, CredentialBootstrapError, Reason, bootstrap
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.kraken.orders import Recorder, Trader
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.exchange import KEY, SECRET
from kraken_pipeline_tests.live_market import (
    GATES,
    PASSWORD,
    LiveMarket,
    known,
    live_market,
    secret,
    stored,
)
from kraken_pipeline_tests.secrets.keyrings import NoKeyring, using

ENVIRONMENT = {"KRAKEN_API_KEY": stored("whole").key, "KRAKEN_API_SECRET": secret("whole")}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarket]:
    with using(NoKeyring()), live_market(tmp_path_factory.mktemp("exchange"), known("whole")) as at:
        yield at


@pytest.fixture
def market(served: LiveMarket, tmp_path: Path) -> LiveMarket:
    """The exchange, with folders of this test and no key yet."""
    return replace(served, root=tmp_path)


def on_paper(market: LiveMarket, **variables: str) -> dict[str, str]:
    """Return an environment on paper with the exchange as a simulator that somebody else runs."""
    market.configure("")
    return {**market.environ, "KRAKEN_PIPELINE_SIMULATOR_URL": market.served.url, **variables}


def without_password(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.endswith("SECRET_PW")}


def why_not(market: LiveMarket, environ: dict[str, str], **more: bool) -> CredentialBootstrapError:
    """Return what it says where no key works."""
    with pytest.raises(CredentialBootstrapError) as refused:
        bootstrap(environ=environ, origin=market.origin, **more)
    error = refused.value
    assert error.remedy == REMEDIES[error.reason]
    assert error.message in str(error)
    assert "canary" not in str(error)
    return error


def test_live_reads_the_account_and_cannot_send(market: LiveMarket) -> None:
    market.configure()
    market.keep(dict.fromkeys(Role, stored("whole")))
    client, config = bootstrap(environ=market.environ, origin=market.origin)

    with client:
        assert client.account.balances()["ZUSD"].total == Decimal(10_000)
        assert client.market.system_status() == "online"
        assert (client.gateway, client.mode, config.execution.mode) == (None, "live", "live")
        assert "query-funds" in client.key.permissions


@pytest.mark.parametrize(("mode", "gateway"), [("paper", Trader), ("dry_run", Recorder)])
def test_paper_has_where_play_orders_go_and_takes_a_key_of_ones_own(
    market: LiveMarket, mode: str, gateway: type
) -> None:
    environ = on_paper(market, **ENVIRONMENT)
    market.configure(f"execution: {{mode: {mode}}}\n")
    client, config = bootstrap(environ=environ)

    with client:
        assert client.account.balances()["ZUSD"].total == Decimal(10_000)
        assert (type(client.gateway), config.execution.mode) == (gateway, mode)


def test_paper_needs_no_key_where_the_simulator_has_the_paper_accounts(
    market: LiveMarket, tmp_path: Path
) -> None:
    with simulated(Settings(folder=tmp_path / "own", key=KEY, secret=SECRET)) as own:
        environ = on_paper(market, KRAKEN_PIPELINE_SIMULATOR_URL=own.url)
        market.keep(dict.fromkeys(Role, stored("whole")))
        for each in (environ, without_password(environ)):
            client, _ = bootstrap(environ=each)
            assert client.account.open_orders() == ()
            client.close()


def test_missing_where_there_is_no_key(market: LiveMarket) -> None:
    market.configure()

    said = why_not(market, market.environ)

    assert said.reason is Reason.MISSING
    assert "keys setup" in said.remedy


@pytest.mark.parametrize("there", ENVIRONMENT)
def test_missing_where_half_a_key_is_given_and_nobody_is_asked(
    market: LiveMarket, there: str
) -> None:
    market.configure()
    half = {**market.environ, there: ENVIRONMENT[there]}

    said = why_not(market, half, interactive=True)

    assert said.reason is Reason.MISSING
    assert f"{there} is set, but" in said.message


def test_missing_where_the_file_is_locked_and_nobody_is_there(market: LiveMarket) -> None:
    market.configure()
    market.keep(dict.fromkeys(Role, stored("whole")))

    said = why_not(market, without_password(market.environ))

    assert said.reason is Reason.MISSING
    assert "is locked and no password is given" in said.message


def test_missing_where_a_simulator_has_keys_of_its_own(market: LiveMarket) -> None:
    said = why_not(market, on_paper(market))

    assert said.reason is Reason.MISSING
    assert f"keys setup --url {market.served.url}" in said.message


def test_wrong_password(market: LiveMarket) -> None:
    market.configure()
    market.keep(dict.fromkeys(Role, stored("whole")))

    said = why_not(market, market.environ | {"KRAKEN_PIPELINE_SECRET_PW": "another password"})

    assert said.reason is Reason.WRONG_PASSWORD


def test_invalid_where_the_exchange_refuses_the_key(market: LiveMarket) -> None:
    wrong = {"KRAKEN_API_KEY": stored("nobody").key, "KRAKEN_API_SECRET": secret("nobody")}

    said = why_not(market, on_paper(market, **wrong))

    assert said.reason is Reason.INVALID
    assert "the key from KRAKEN_API_KEY and KRAKEN_API_SECRET" in said.message


def test_invalid_where_what_is_given_can_never_be_a_key(market: LiveMarket) -> None:
    market.configure()
    broken = {**market.environ, **ENVIRONMENT, "KRAKEN_API_SECRET": "canary, not base64"}

    said = why_not(market, broken)

    assert said.reason is Reason.INVALID
    assert "copy it again, whole" in said.message


def test_unreachable_where_nobody_answers(market: LiveMarket) -> None:
    nobody = {"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1"}

    said = why_not(market, on_paper(market, **ENVIRONMENT, **nobody))

    assert said.reason is Reason.UNREACHABLE


def test_a_wrong_configuration_is_no_matter_of_keys(market: LiveMarket) -> None:
    (market.root / "config").mkdir()
    (market.root / "config" / "config.yaml").write_text("execution: {mode: alive}\n")

    with pytest.raises(ConfigurationError, match=r"execution\.mode"):
        bootstrap(environ=market.environ)


def test_a_person_is_asked_for_a_key_only_where_none_is_kept(
    market: LiveMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answers(question: str) -> str:
        asked.append(question)
        return secret("whole") if question.startswith("API secret") else PASSWORD

    monkeypatch.setattr("builtins.input", lambda question: stored("whole").key)
    monkeypatch.setattr(getpass, "getpass", answers)
    market.configure(GATES)
    environ = without_password(market.environ)

    first, _ = bootstrap(interactive=True, environ=environ, origin=market.origin)
    first.close()
    typed = len(asked)
    second, _ = bootstrap(interactive=True, environ=environ, origin=market.origin)
    second.close()

    assert (typed, len(asked)) == (3, 4)  # secret and password twice; then the password alone
