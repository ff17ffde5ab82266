"""`keys`: what is printed holds no key, no secret and no password."""

import getpass
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.diagnosis import diagnose
from kraken_pipeline.domain.errors import (
    AuthError,
    ExchangeError,
    InvalidValueError,
    KeyMissingError,
    UnreachableError,
)
from kraken_pipeline.domain.keys import Role
from kraken_pipeline.secrets.environment import key_from
from kraken_pipeline.secrets.passwords import Ask
from kraken_pipeline.secrets.vault import KRAKEN, StoredKey
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.key_desk import EVERY_ROLE, Examined, KeyDesk

FINE, REFUSED, UNCLEAR, UNREACHABLE, KEY_REFUSED = 0, 3, 5, 7, 8
"""Exit codes of `doctor`; the highest of all keys holds."""
WORD: Final = "forget"
"""What a person types to have all keys removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which key, and how to treat it."""

    role: Role | None
    """None for every role."""
    url: str | None
    """Of the simulator whose key it is; None for Kraken's."""
    save_unchecked: bool = False
    keyring: bool = False
    as_json: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that the key is to serve."""
        return EVERY_ROLE if self.role is None else frozenset({self.role})

    @property
    def place(self) -> str:
        """Where it belongs."""
        return self.url or KRAKEN


def set_up(environ: Mapping[str, str], wish: Wish) -> None:
    """Take a key, have the exchange check it, keep it.

    Raises:
        AuthError: the exchange refuses it; nothing was saved.
        UnreachableError: it could not be checked; nothing was saved.
        ConfigurationError: the key file cannot be opened or written.
    """
    desk = KeyDesk(environ, ask=_asker())
    key = _given_key(environ, wish)
    try:
        info = desk.tried(key)
    except AuthError as refusal:
        raise type(refusal)(f"{refusal}. Nothing was saved") from None
    except ExchangeError as failure:
        if not wish.save_unchecked:
            raise _unchecked(failure) from None
        desk.keep(key, wish.roles)
        said = f"not checked, as {wish.place} did not answer; `kraken-pipeline keys doctor` will"
    else:
        desk.keep(replace(key, checked_at=system_now()), wish.roles)
        said = diagnose(wish.roles, info, system_now()).sentence
    if wish.as_json:
        print_json({"saved_in": str(desk.file), "said": said})
    else:
        sys.stdout.write(f"saved in {desk.file}\n{said}\n")
        _say_what_is_kept(desk)
    if wish.keyring:
        desk.keep_password()
        sys.stderr.write("its password is in the keyring of this machine\n")


def _unchecked(failure: ExchangeError) -> ExchangeError:
    kind = UnreachableError if isinstance(failure, UnreachableError) else type(failure)
    return kind(
        f"the key could not be checked, which says nothing about it: {failure}. Nothing was "
        "saved: try again, or keep it as it is with --save-unchecked"
    )


def doctor(environ: Mapping[str, str], *, as_json: bool) -> int:
    """Say of each key in one sentence what it lacks or has too much.

    Returns:
        0 if live would take every key, 3 if it would refuse one, 7 if the exchange did not answer,
        8 if it refuses one.
    """
    desk = KeyDesk(environ, ask=_asker())
    found = list(desk.examined())
    if as_json:
        print_json([_plain(each) for each in found])
    else:
        for each in found:
            sys.stdout.write(f"{_sentence(each)} ({each.source}, {each.place})\n")
        _say_what_is_kept(desk)
    return max(_code(each) for each in found)


def _sentence(examined: Examined) -> str:
    if examined.diagnosis is not None:
        return examined.diagnosis.sentence
    who = " and ".join(sorted(examined.roles))
    return f"the key for {who} could not be examined: {examined.failure}"


def _code(examined: Examined) -> int:
    if examined.diagnosis is not None:
        return REFUSED if examined.diagnosis.faults else FINE
    if isinstance(examined.failure, AuthError):
        return KEY_REFUSED
    return UNREACHABLE if isinstance(examined.failure, UnreachableError) else UNCLEAR


def _plain(examined: Examined) -> dict[str, object]:
    diagnosis = examined.diagnosis
    return {
        "roles": sorted(examined.roles),
        "source": examined.source,
        "place": examined.place,
        "sentence": _sentence(examined),
        "faults": None if diagnosis is None else diagnosis.faults,
        "advice": None if diagnosis is None else diagnosis.advice,
    }


def _say_what_is_kept(desk: KeyDesk) -> None:
    if desk.credentials.from_environment is None and desk.credentials.vault.rotated_at is not None:
        sys.stdout.write(
            f"the keys from before {desk.credentials.vault.rotated_at:%Y-%m-%d %H:%M} UTC are kept "
            "until the books agree once; `kraken-pipeline keys rotate --undo` goes back to them\n"
        )


def rotate(environ: Mapping[str, str], wish: Wish) -> None:
    """Take another key, have it checked, and use it from now on; the old one is kept.

    Raises:
        RefusedError: live would refuse it; the old key stays in use.
        ExchangeError: it could not be checked; the old key stays in use.
    """
    desk = KeyDesk(environ, ask=_asker())
    found = desk.rotate(_given_key(environ, wish), wish.roles)
    if wish.as_json:
        print_json({"in_use": True, "said": found.sentence})
        return
    sys.stdout.write(f"{found.sentence}. It is in use from now on\n")
    _say_what_is_kept(desk)


def undo_rotation(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Go back to the keys from before the last rotation."""
    desk = KeyDesk(environ, ask=_asker())
    before = desk.undo()
    if as_json:
        print_json({"keys_from_before": before})
    else:
        sys.stdout.write(f"back to the keys from before {before:%Y-%m-%d %H:%M} UTC\n")


def forget(environ: Mapping[str, str], role: Role | None, *, is_sure: bool, as_json: bool) -> None:
    """Remove the keys of a role, or all of them.

    Raises:
        InvalidValueError: nobody said that they are sure.
    """
    desk = KeyDesk(environ, ask=_asker())
    what = f"the {role}'s key" if role else f"every key, with {desk.file},"
    if not is_sure and (not sys.stdin.isatty() or input(f"Type {WORD}: ") != WORD):
        raise InvalidValueError(f"{what} would be removed and cannot be brought back; give --yes")
    roles = EVERY_ROLE if role is None else frozenset({role})
    were_there = desk.forget(roles)
    if as_json:
        print_json({"forgotten": were_there, "roles": sorted(roles)})
    else:
        sys.stdout.write(f"{what} is gone\n" if were_there else "there was nothing to forget\n")


def where(environ: Mapping[str, str], *, as_json: bool) -> None:
    """Say where each role's key comes from; the key file is opened only if that needs nobody."""
    desk = KeyDesk(environ, ask=None)
    rows = [_row(desk, role) for role in Role]
    if as_json:
        print_json(rows)
    else:
        print_rows("keys", rows, nothing="no keys")


def _row(desk: KeyDesk, role: Role) -> dict[str, object]:
    given = desk.credentials.from_environment
    if given is not None:
        return _found(role, "KRAKEN_API_KEY and KRAKEN_API_SECRET", None)
    if not desk.file.exists():
        return _found(role, f"nothing yet; {desk.file} would hold it", None)
    try:
        stored = desk.credentials.vault.keys.get(role)
    except KeyMissingError:
        return _found(role, f"{desk.file}, which is locked", None)
    return _found(role, str(desk.file) if stored else f"not in {desk.file}", stored)


def _found(role: Role, source: str, stored: StoredKey | None) -> dict[str, object]:
    return {
        "role": role,
        "from": source,
        "of": None if stored is None else stored.place,
        "checked_at": None if stored is None else stored.checked_at,
    }


def _given_key(environ: Mapping[str, str], wish: Wish) -> StoredKey:
    """Return the key from the environment, from a person, or from two lines of input.

    Raises:
        KeyMissingError: none of them gives one.
    """
    given = key_from(environ)
    if given is not None:
        sys.stderr.write("kraken-pipeline: the key comes from the environment\n")
        return replace(given, place=wish.place)
    if sys.stdin.isatty():
        key = input("API key: ").strip()
        secret = getpass.getpass("API secret (it is not shown): ").strip()
    else:
        key, secret = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    if not key or not secret:
        raise KeyMissingError(
            "no key was given: type it, set KRAKEN_API_KEY and KRAKEN_API_SECRET, or give key and "
            "secret as two lines of input. Nothing was saved"
        )
    return StoredKey(key=key, secret=secret, place=wish.place)


def _asker() -> Ask | None:
    """Return what asks for a password: a person at a terminal, or nobody."""
    return getpass.getpass if sys.stdin.isatty() else None
