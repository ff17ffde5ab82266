"""A client whose key may move funds, and a simulator that knows the key."""

from decimal import Decimal

from kraken_pipeline.simulator.auth import EVERY_PERMISSION, Key, secret_of
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import SECRET, Client, Json

HOURS = 3600


def let_move_funds(served: Served) -> None:
    """Give the key of the tests every permission that there is."""
    key = Key(name="SIMULATOR", secret=secret_of(SECRET), permissions=tuple(EVERY_PERMISSION))
    served.service.keys.put(key, served.exchange.clock.now())


def played(client: Client, flow: str, **script: object) -> Json:
    """Play a script and return what it wrote."""
    answer = client.control("flows", flow=flow, **script)
    assert "error" not in answer, answer
    return answer


def rows(client: Client, answer: Json) -> list[tuple[str, str, str, str, str]]:
    """Return type, subtype, asset, amount and fee of the ledger rows of an answer."""
    if not answer["ledger"]:
        return []
    found = client.did("QueryLedgers", id=",".join(answer["ledger"]))
    shown = ("type", "subtype", "asset", "amount", "fee")
    ordered = (found[each] for each in answer["ledger"])
    return [tuple(row[name] for name in shown) for row in ordered]


def unbalanced(exchange: Exchange) -> dict[str, Decimal]:
    """Return by how much balances differ from the sum of their ledger rows: empty if they agree."""
    sums: dict[str, Decimal] = {}
    for entry in exchange.account.ledger.values():
        sums[entry.asset] = sums.get(entry.asset, Decimal(0)) + entry.amount - entry.fee
        if entry.balance != sums[entry.asset]:
            return {entry.asset: entry.balance - sums[entry.asset]}
    kept = exchange.account.balances
    return {
        name: kept[name] - sums.get(name, Decimal(0))
        for name in kept
        if kept[name] != sums.get(name)
    }
