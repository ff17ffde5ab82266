"""A client for people and notebooks: the market, one account, and on paper where play orders go."""

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from kraken_pipeline.domain.errors import AuthError, KeyMissingError
from kraken_pipeline.domain.keys import KeyInfo, Role
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.address import LoopbackAddress
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.keys import key_info
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.orders import Recorder, Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, private_line, public_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.settings import Loaded
from kraken_pipeline.wiring.clock import system_microseconds
from kraken_pipeline.wiring.credentials import Credentials, Found
from kraken_pipeline.wiring.exchange import KEY, SECRET, MarketChoice, chosen, running_simulator
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.paper_budget import paper_budget

if TYPE_CHECKING:
    from kraken_pipeline.wiring.live import Origin

BUILT_IN: Final = "the paper account's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Ready to use: its key was checked. Close it, or use it as a context."""

    mode: str
    """`paper`, `dry_run` or `live`."""
    market: PublicMarket
    account: ReadOnlyAccount
    gateway: Gateway | None
    """Where orders go on paper. None in live: orders go through the pipeline and its gates."""
    key: KeyInfo
    """What the exchange says of the key that reads."""
    opened: ExitStack
    """What is closed at the end, a simulator that was started here included."""

    def close(self) -> None:
        """Close the connections, and end a simulator that was started for this client."""
        self.opened.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_client(
    loaded: Loaded, credentials: Credentials, *, origin: "Origin | None" = None
) -> Client:
    """Return a client for the exchange that the mode names, its key checked with a private call.

    Args:
        loaded: the configuration.
        credentials: where keys are.
        origin: in live another exchange than Kraken, for a program that stands one in its place.

    Raises:
        KeyMissingError: there is no key for that exchange.
        WrongPasswordError: the key file does not open.
        AuthError: the exchange refuses the key.
        UnreachableError: the exchange does not answer.
        ConfigurationError: something else is wrong.
    """
    with ExitStack() as opened:
        mode = loaded.settings.execution.mode
        url = _kraken(origin) if mode == "live" else _simulator(loaded, opened)
        found = credentials.of(Role.READER) if mode == "live" else _paper_key(loaded, credentials)
        house = Household(
            folder=loaded.data_dir / NONCES,
            tier=TIERS[loaded.settings.execution.account_tier],
            clock=system_microseconds,
        )
        budget = None if mode == "live" else paper_budget(url, found.credential, house)
        line = private_line(url, found.credential, house, budget=budget)
        opened.callback(line.close)
        market = PublicMarket(public_line(url, house) if mode == "live" else PublicLine(url))
        opened.callback(market.close)
        return Client(
            mode=mode,
            market=market,
            account=ReadOnlyAccount(line, symbols=market.symbols),
            gateway=_gateway(mode, line),
            key=_checked(line, found, url),
            opened=opened.pop_all(),
        )


def _simulator(loaded: Loaded, opened: ExitStack) -> str:
    choice = chosen(loaded, MarketChoice())
    running = running_simulator(loaded.data_dir, choice, given=loaded.simulator_url)
    return LoopbackAddress(opened.enter_context(running)).url


def _kraken(origin: "Origin | None") -> str:
    from kraken_pipeline.wiring.live import REAL  # noqa: PLC0415 - paper never loads it

    return (origin or REAL).url


def _paper_key(loaded: Loaded, credentials: Credentials) -> Found:
    """Return the paper account's key, or the user's own for a simulator that somebody else runs."""
    if loaded.simulator_url is not None:
        if credentials.from_environment is not None:
            return credentials.of(Role.READER)
        # a file that holds keys of Kraken only, or is locked, is no matter on paper
        with contextlib.suppress(KeyMissingError):
            return credentials.of(Role.READER, place=loaded.simulator_url)
    return Found(credential=Credential(key=KEY, secret=SECRET), source=BUILT_IN)


def _gateway(mode: str, line: PrivateLine) -> Gateway | None:
    gateways: Mapping[str, Gateway] = {"paper": Trader(line), "dry_run": Recorder()}
    return gateways.get(mode)


def _checked(line: PrivateLine, found: Found, url: str) -> KeyInfo:
    try:
        return key_info(line)
    except AuthError as refusal:
        if found.source != BUILT_IN:
            raise type(refusal)(f"the key from {found.source}: {refusal}") from None
        raise KeyMissingError(
            f"the simulator at {url} does not know the paper account's key, and you gave none: "
            f"run `kraken-pipeline keys setup --url {url}`, or set KRAKEN_API_KEY and "
            "KRAKEN_API_SECRET"
        ) from None
