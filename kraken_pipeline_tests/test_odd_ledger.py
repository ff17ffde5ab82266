"""The client and the books against every odd way that funds come and go, over HTTP.

Source: rule PF-3 and invariant INV-4: what the ledger adds up to is what the account has, exactly.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from kraken_pipeline.domain.ledger import LedgerEntry, drifts, replay
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.kraken.lines import SECRET

KEY = Credential(key="SIMULATOR", secret=SECRET)
SCRIPTS: tuple[dict[str, object], ...] = (
    {"flow": "deposit", "asset": "USD", "amount": "500", "fee": "1.5", "announced": True},
    {"flow": "deposits_interleaved", "asset": "EUR", "amounts": ["10", "20"]},
    {"flow": "deposit", "asset": "EUR", "amount": "7", "refid": "FTAAAAA-reversed"},
    {"flow": "reversal", "asset": "EUR", "amount": "7", "refid": "FTAAAAA-reversed"},
    {"flow": "withdrawal", "asset": "USD", "amount": "20", "fee": "4"},
    {"flow": "withdrawal_failed", "asset": "USD", "amount": "30", "fee": "4", "refid": "FTBACK"},
    {"flow": "withdrawal_returned", "refid": "FTBACK"},
    {"flow": "spend_receive", "spend": "USD", "amount": "90", "fee": "1", "receive": "ADA",
     "received": "200"},
    {"flow": "spend_receive", "spend": "ADA", "amount": "0.00001", "receive": "USD",
     "received": "0.000006"},
    {"flow": "dust_sweep", "spend": {"ADA": "0.5", "EUR": "0.01"}, "receive": "USD",
     "received": "0.3"},
    {"flow": "staking_leg", "leg": "leave", "asset": "ADA", "amount": "50", "refid": "FTLEGS"},
    {"flow": "staking_leg", "leg": "arrive", "asset": "ADA.S", "amount": "50", "refid": "FTLEGS"},
    {"flow": "bucket_transfer", "source": "ADA", "target": "ADA.F", "amount": "40"},
    {"flow": "bucket_transfer", "source": "ADA.F", "target": "ADA", "amount": "15"},
    {"flow": "reward", "asset": "ADA.S", "amount": "0.3"},
    {"flow": "reward", "asset": "ADA.F", "amount": "0.1", "kind": "earn"},
    {"flow": "conversion", "source": "EUR", "amount": "5", "target": "NEWEUR", "received": "5000"},
    {"flow": "airdrop", "asset": "MOONLAMBO", "amount": "1234.5"},
    {"flow": "fee_credits", "amount": "100"},
    {"flow": "fee_credits", "fee": "12.34", "refid": "TAAAAA-BBBBB-CCCCCC"},
    {"flow": "rollover", "asset": "USD", "fee": "0.0017"},
    {"flow": "adjustment", "asset": "ADA", "amount": "-0.25"},
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(folder=tmp_path_factory.mktemp("odd"), secret=SECRET, clock="fixed")
    with simulated(settings) as running:
        for script in SCRIPTS:
            told = requests.post(f"{running.url}/_sim/flows", json=script, timeout=10)
            assert told.ok, told.text
            turned = {"advance_seconds": 3600}
            requests.post(f"{running.url}/_sim/clock", json=turned, timeout=10)
        yield running


@pytest.fixture(scope="module")
def account(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadOnlyAccount]:
    marks: Path = tmp_path_factory.mktemp("nonces")
    nonces = Nonces(marks, KEY.key_id, clock=lambda: time.time_ns() // 1000)
    market = PublicMarket(PublicLine(served.url))
    line = PrivateLine(served.url, credential=KEY, nonces=nonces)
    yield ReadOnlyAccount(line, symbols=market.symbols)
    line.close()
    market.close()


@pytest.fixture(scope="module")
def ledger(account: ReadOnlyAccount) -> tuple[LedgerEntry, ...]:
    return account.ledger(since=None)


def test_the_ledger_adds_up_to_what_the_account_has(
    account: ReadOnlyAccount, ledger: tuple[LedgerEntry, ...]
) -> None:
    balances = {asset: each.total for asset, each in account.balances().items()}

    assert drifts(replay(ledger), balances) == ()
    assert {"ADA.S", "ADA.F", "KFEE", "MOONLAMBO", "NEWEUR"} <= set(balances)


def test_a_withdrawal_that_came_back_leaves_nothing_behind(ledger: tuple[LedgerEntry, ...]) -> None:
    legs = [entry for entry in ledger if entry.refid == "FTBACK"]

    assert [(entry.amount, entry.fee) for entry in legs] == [
        (Decimal(-30), Decimal(4)),
        (Decimal(30), Decimal(-4)),
    ]
    assert sum(entry.net for entry in legs) == 0
