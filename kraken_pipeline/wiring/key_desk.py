"""What a person does with keys: try one, keep it, replace it, look at them, forget them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.diagnosis import Diagnosis, diagnose
from kraken_pipeline.domain.errors import (
    ExchangeError,
    InvalidValueError,
    KeyMissingError,
    RefusedError,
)
from kraken_pipeline.domain.keys import KeyInfo, Role
from kraken_pipeline.kraken.address import LoopbackAddress
from kraken_pipeline.kraken.keys import key_info
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household, budget_of, private_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.secrets import os_keyring
from kraken_pipeline.secrets.passwords import Ask, new_password
from kraken_pipeline.secrets.vault import KRAKEN, StoredKey, Vault
from kraken_pipeline.settings.environment import Surroundings, surroundings
from kraken_pipeline.wiring.clock import system_microseconds, system_now
from kraken_pipeline.wiring.credentials import ENVIRONMENT, Credentials
from kraken_pipeline.wiring.nonces import NONCES
from kraken_pipeline.wiring.secrecy import learn

if TYPE_CHECKING:
    from kraken_pipeline.wiring.live import Origin

EVERY_ROLE: Final = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One key, and what came of asking the exchange about it."""

    roles: frozenset[Role]
    source: str
    place: str
    diagnosis: Diagnosis | None
    """None where the exchange did not tell."""
    failure: ExchangeError | None = None


class KeyDesk:
    """The keys of this machine. It needs folders and no configuration."""

    def __init__(
        self, environ: Mapping[str, str], *, ask: Ask | None, origin: "Origin | None" = None
    ) -> None:
        """Say where to look, and who can be asked for a password.

        Args:
            environ: the environment, usually `os.environ`.
            ask: asks a person; None where nobody is there.
            origin: another exchange than Kraken, for a program that stands one in its place.

        Raises:
            ConfigurationError: a variable is unknown or cannot be used.
        """
        self._environ = environ
        self._ask = ask
        self._origin = origin
        self._around: Final[Surroundings] = surroundings(environ)
        self.credentials: Final = Credentials(
            self._around.config_dir, environ, learn=learn, ask=ask
        )

    @property
    def file(self) -> Path:
        """Where the key file lies, or would."""
        return self.credentials.file.path

    def tried(self, key: StoredKey) -> KeyInfo:
        """Ask the exchange of a key about it: a call that only its owner can make.

        It is asked also where the key was refused before: a person wants to know, and may have
        mended it at the exchange. Where it is locked nothing is sent.

        Raises:
            ConfigurationError: the key can never sign.
            AuthError: the exchange refuses it.
            ExchangeError: it was not told.
        """
        learn(key.key)
        learn(key.secret)
        credential = Credential(key=key.key, secret=key.secret)
        url = self._kraken() if key.place == KRAKEN else LoopbackAddress(key.place).url
        folder = self._around.data_dir / NONCES
        house = Household(folder=folder, tier=TIERS["starter"], clock=system_microseconds)
        budget = budget_of(credential, house)
        budget.resume()
        line = private_line(url, credential, house, budget=budget)
        try:
            return key_info(line)
        finally:
            line.close()

    def keep(self, key: StoredKey, roles: frozenset[Role]) -> None:
        """Put a key into the file, for these roles.

        A key that worked and would be lost by that is kept as by a rotation: the exchange shows a
        secret only once.

        Raises:
            ConfigurationError: the file cannot be opened or written; it is unchanged.
        """
        if not self.credentials.file.exists():
            self.credentials.password = new_password(self.file, self._environ, ask=self._ask)
            learn(self.credentials.password.text)
        now = system_now()
        self.credentials.change(
            lambda vault: (
                vault.rotated(roles, key, at=now)
                if vault.loses_by(roles, key)
                else vault.with_key(roles, key)
            )
        )

    def rotate(self, key: StoredKey, roles: frozenset[Role]) -> Diagnosis:
        """Put a key into the file in place of another one, which is kept for going back (SEC-7).

        Raises:
            RefusedError: live would refuse the new key; the file is unchanged.
            AuthError: the exchange refuses it; the file is unchanged.
            ExchangeError: it was not told; the file is unchanged.
            InvalidValueError: there is nothing to replace.
        """
        if not any(role in self.credentials.vault.keys for role in roles):
            raise InvalidValueError(
                f"{self.file} has no key for {' or '.join(sorted(roles))} that could be replaced; "
                "use `kraken-pipeline keys setup`"
            )
        found = diagnose(roles, self.tried(key), system_now())
        if found.faults:
            raise RefusedError(f"{found.sentence}. The old key stays in use")
        now = system_now()
        checked = replace(key, checked_at=now)
        self.credentials.change(lambda vault: vault.rotated(roles, checked, at=now))
        return found

    def undo(self) -> datetime:
        """Go back to the keys from before the last rotation, and return when that was.

        Raises:
            InvalidValueError: there was none, or it is finished.
        """
        rotated_at = self.credentials.vault.rotated_at
        if rotated_at is None:
            raise InvalidValueError("there is no rotation to go back from")
        self.credentials.change(Vault.rolled_back)
        return rotated_at

    def examined(self) -> Iterator[Examined]:
        """Ask about each key, once however many roles it serves.

        Raises:
            KeyMissingError: there is no key at all, or what keeps them is locked.
        """
        for source, key, roles in self._distinct():
            try:
                found = diagnose(roles, self.tried(key), system_now())
            except ExchangeError as failure:
                yield Examined(
                    roles=roles, source=source, place=key.place, diagnosis=None, failure=failure
                )
            else:
                yield Examined(roles=roles, source=source, place=key.place, diagnosis=found)

    def forget(self, roles: frozenset[Role]) -> bool:
        """Remove the keys of these roles, of all of them with the file; False if none were there.

        Raises:
            ConfigurationError: the file cannot be opened or removed.
        """
        if roles == EVERY_ROLE:
            os_keyring.forget(self.file)
            return self.credentials.file.remove()
        known = any(role in self.credentials.vault.keys for role in roles)
        self.credentials.change(lambda vault: vault.without(roles))
        return known

    def keep_password(self) -> None:
        """Keep the password of the file in the keyring of this machine.

        Raises:
            ConfigurationError: there is no keyring.
        """
        os_keyring.keep(self.file, self.credentials.password.text)

    def _distinct(self) -> Iterator[tuple[str, StoredKey, frozenset[Role]]]:
        given = self.credentials.from_environment
        if given is not None:
            yield ENVIRONMENT, given, EVERY_ROLE
            return
        keys = self.credentials.vault.keys
        if not keys:
            raise KeyMissingError(f"{self.file} holds no key; run `kraken-pipeline keys setup`")
        for key in {keys[role].key: keys[role] for role in Role if role in keys}.values():
            roles = frozenset(role for role, each in keys.items() if each.key == key.key)
            yield str(self.file), key, roles

    def _kraken(self) -> str:
        from kraken_pipeline.wiring.live import REAL  # noqa: PLC0415 - only where it is meant

        return (self._origin or REAL).url
