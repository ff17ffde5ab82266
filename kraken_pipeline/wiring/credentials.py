"""From a role to its key: the environment first, then the key file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import KeyMissingError, WrongPasswordError
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.secrets.environment import KEY, SECRET, key_from
from kraken_pipeline.secrets.passwords import Ask, Password, find_password
from kraken_pipeline.secrets.vault import KRAKEN, StoredKey, Vault, VaultFile

ENVIRONMENT: Final = f"{KEY} and {SECRET}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A key, and where it was found."""

    credential: Credential
    source: str


class Credentials:
    """The keys that this machine has. Nothing is read before a key is asked for."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        learn: Callable[[str], None],
        ask: Ask | None = None,
    ) -> None:
        """Say where to look.

        Args:
            folder: of the configuration, in which the key file lies.
            environ: the environment, usually `os.environ`.
            learn: is told every secret from the moment that it is read.
            ask: asks a person for a password; None where nobody is there.
        """
        self.file: Final = VaultFile(folder)
        self._environ = environ
        self._learn = learn
        self._ask = ask

    def of(self, role: Role, *, place: str = KRAKEN) -> Found:
        """Return the key for a role at a place.

        Args:
            role: what it is to be used for.
            place: `kraken`, or the address of a simulator.

        Raises:
            KeyMissingError: there is none, or what keeps it is locked.
            WrongPasswordError: the key file does not open.
            ConfigurationError: the key file cannot be used, or the key is none.
        """
        if self.from_environment is not None:
            return self._found(self.from_environment, ENVIRONMENT)
        stored = self.vault.keys.get(role)
        if stored is None:
            raise KeyMissingError(
                f"{self.file.path} has no key for the {role}; run "
                f"`kraken-pipeline keys setup --role {role}`"
            )
        if stored.place != place:
            raise KeyMissingError(
                f"the {role}'s key in {self.file.path} is one of {stored.place}, not of {place}; "
                "run `kraken-pipeline keys setup`"
            )
        return self._found(stored, str(self.file.path))

    @cached_property
    def from_environment(self) -> StoredKey | None:
        """The key that the environment gives."""
        return key_from(self._environ)

    @cached_property
    def password(self) -> Password:
        """What opens the key file."""
        password = find_password(self.file.path, self._environ, ask=self._ask)
        self._learn(password.text)
        return password

    @cached_property
    def vault(self) -> Vault:
        """The opened key file."""
        if not self.file.exists():
            raise KeyMissingError(
                f"there is no API key: set {ENVIRONMENT}, or run `kraken-pipeline keys setup`"
            )
        try:
            vault = self.file.open(self.password.text)
        except WrongPasswordError as wrong:
            raise WrongPasswordError(f"{wrong} (it came from {self.password.source})") from None
        for each in (*vault.keys.values(), *vault.previous.values()):
            self._learned(each)
        return vault

    def change(self, how: Callable[[Vault], Vault]) -> Vault:
        """Change what the key file holds.

        Raises:
            WrongPasswordError: the file does not open; it is unchanged.
            ConfigurationError: it cannot be used or written; it is unchanged.
        """
        self.vault = self.file.change(self.password.text, how)
        return self.vault

    def finish_rotation(self, *, agreed_at: datetime) -> None:
        """Let go of the keys that a rotation replaced, once the books agree with the new ones.

        Args:
            agreed_at: when the books last agreed.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        if self.from_environment is not None or not self.file.exists():
            return
        rotated_at = self.vault.rotated_at
        if rotated_at is not None and rotated_at < agreed_at:
            self.change(lambda vault: vault.finished() if vault.rotated_at == rotated_at else vault)

    def _found(self, stored: StoredKey, source: str) -> Found:
        self._learned(stored)
        return Found(credential=Credential(key=stored.key, secret=stored.secret), source=source)

    def _learned(self, stored: StoredKey) -> None:
        self._learn(stored.key)
        self._learn(stored.secret)
