"""A simulator for tests, and a client that signs by hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.bench import Bench, benched

Json = Any  # answers have as many shapes as there are methods; each test looks into its own
SECRET = base64.b64encode(b"a secret that is none" * 3).decode()


def api_sign(path: str, body: str, nonce: object, secret: str = SECRET) -> str:
    """Return the signature of a private call."""
    digest = hashlib.sha256(f"{nonce}{body}".encode()).digest()
    mac = hmac.new(base64.b64decode(secret), path.encode() + digest, hashlib.sha512)
    return base64.b64encode(mac.digest()).decode()


@dataclass
class Client:
    """Speaks to a simulator as any program would."""

    url: str
    session: requests.Session
    nonces: Iterator[int] = field(default_factory=lambda: count(1))

    def public(self, method: str, /, **query: object) -> Json:
        """Return the answer to a public call."""
        asked = urlencode(query)
        return self.session.get(f"{self.url}/0/public/{method}?{asked}", timeout=10).json()

    def sent(self, method: str, body: str, nonce: object, kind: str, **headers: str) -> Json:
        """Return the answer to a private call of any body."""
        path = f"/0/private/{method}"
        signed = {"API-Sign": api_sign(path, body, nonce), "Content-Type": kind}
        reply = self.session.post(
            self.url + path,
            data=body.encode(),
            headers={"API-Key": "SIMULATOR"} | signed | headers,
            timeout=10,
        )
        return reply.json()

    def signed(self, **changed: object) -> Json:
        """Return body and headers of an order, to be sent by hand."""
        nonce = next(self.nonces)
        body = urlencode({"nonce": nonce} | LIMIT | changed)
        headers = {
            "API-Key": "SIMULATOR",
            "API-Sign": api_sign("/0/private/AddOrder", body, nonce),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return {"data": body, "headers": headers}

    def call(self, method: str, /, **params: object) -> Json:
        """Return the answer to a private call with a form."""
        nonce = next(self.nonces)
        body = urlencode({"nonce": nonce} | params)
        return self.sent(method, body, nonce, "application/x-www-form-urlencoded")

    def json(self, method: str, /, **params: object) -> Json:
        """Return the answer to a private call with a JSON body, its nonce as text."""
        nonce = next(self.nonces)
        body = json.dumps(params | {"nonce": str(nonce)})
        return self.sent(method, body, nonce, "application/json")

    def did(self, method: str, /, **params: object) -> Json:
        """Return the result of a private call that succeeds."""
        answer = self.call(method, **params)
        assert answer["error"] == []
        return answer["result"]

    def refused(self, method: str, /, **params: object) -> str:
        """Return why a private call is refused."""
        answer = self.call(method, **params)
        assert "result" not in answer
        return str(answer["error"][0])

    def control(self, what: str, **values: object) -> Json:
        """Return the answer to a control call."""
        return self.session.post(f"{self.url}/_sim/{what}", json=values, timeout=10).json()

    def order(self, **changed: object) -> Json:
        """Place a limit buy of 0.01 XBTUSD far below the market, changed as told."""
        return self.call("AddOrder", **(LIMIT | changed))

    def placed(self, **changed: object) -> str:
        """Place an order, see it accepted, and return its id."""
        answer = self.order(**changed)
        assert answer["error"] == []
        return str(answer["result"]["txid"][0])


LIMIT = {
    "pair": "XBTUSD",
    "type": "buy",
    "ordertype": "limit",
    "volume": "0.01",
    "price": "30000",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(folder=tmp_path / "state", secret=SECRET, clock="fixed")


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    with simulated(settings) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with requests.Session() as session:
        yield Client(served.url, session)


@pytest.fixture
def bench(settings: Settings) -> Iterator[Bench]:
    with benched(settings) as made:
        yield made
