from datetime import UTC, datetime, timedelta

import pytest

from kraken_pipeline.domain.keys import (
    NEEDS,
    USEFUL,
    KeyInfo,
    Role,
    dangerous_permissions,
    expires_soon,
    hides_history,
    missing_permissions,
    needless_permissions,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def info(
    *permissions: str, valid_until: datetime | None = None, query_from: datetime | None = None
) -> KeyInfo:
    return KeyInfo(
        name="mine",
        permissions=frozenset(permissions),
        nonce=1,
        nonce_window=0,
        valid_until=valid_until,
        query_from=query_from,
        query_to=None,
        ip_allowlist=(),
    )


@pytest.mark.parametrize("role", Role)
def test_a_key_with_all_that_its_role_has_a_use_for_lacks_nothing(role: Role) -> None:
    whole = info(*USEFUL[role])

    assert missing_permissions(role, whole) == ()
    assert needless_permissions(frozenset({role}), whole) == ()


def _named(value: Role | frozenset[str]) -> str:
    """Return the same name in every process: the order within a set is another in each."""
    return str(value) if isinstance(value, Role) else " or ".join(sorted(value))


@pytest.mark.parametrize(
    ("role", "lost"), [(role, lost) for role in Role for lost in NEEDS[role]], ids=_named
)
def test_each_permission_that_a_role_needs_is_missed(role: Role, lost: frozenset[str]) -> None:
    lacking = info(*(USEFUL[role] - lost))

    assert missing_permissions(role, lacking) == (" or ".join(sorted(lost)),)


def test_a_guard_may_cancel_with_either_permission_but_should_not_be_able_to_buy() -> None:
    buyer = info("modify-trades")

    assert missing_permissions(Role.GUARD, buyer) == ()
    assert needless_permissions(frozenset({Role.GUARD}), buyer) == ("modify-trades",)


def test_one_key_for_all_roles_has_nothing_needless_of_any() -> None:
    whole = info(*frozenset().union(*USEFUL.values()))

    assert needless_permissions(frozenset(Role), whole) == ()


def test_what_can_take_money_away_is_dangerous_and_what_moves_it_in_is_needless() -> None:
    rich = info("withdraw-funds", "add-withdraw-address", "add-funds", "earn-funds", "query-funds")

    assert dangerous_permissions(rich) == ("add-withdraw-address", "withdraw-funds")
    assert needless_permissions(frozenset({Role.READER}), rich) == ("add-funds", "earn-funds")


@pytest.mark.parametrize(
    ("ends", "soon"), [(None, False), (timedelta(days=7), False), (timedelta(days=6), True)]
)
def test_a_key_that_ends_within_a_week_ends_soon(ends: timedelta | None, *, soon: bool) -> None:
    until = None if ends is None else NOW + ends

    assert expires_soon(info(valid_until=until), NOW) is soon


def test_a_key_with_a_query_window_hides_history() -> None:
    assert hides_history(info(query_from=NOW))
    assert not hides_history(info())
