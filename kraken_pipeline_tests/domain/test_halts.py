"""What a halt stops."""

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import ACTIONS, EVERYTHING, HaltKind, Scope, ScopeKind

SCOPES = (
    EVERYTHING,
    Scope(kind=ScopeKind.ASSET, name="XBT"),
    Scope(kind=ScopeKind.PAIR, name="XBTUSD"),
    Scope(kind=ScopeKind.STRATEGY, name="trend_core"),
)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_a_scope_comes_back_from_its_text(scope: Scope) -> None:
    assert Scope.of(str(scope)) == scope


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_a_halt_stops_what_is_under_its_scope(scope: Scope) -> None:
    assert scope.covers(pair="XBTUSD", asset="XBT", strategy="trend_core")


@pytest.mark.parametrize("scope", SCOPES[1:], ids=str)
def test_a_scoped_halt_lets_everything_else_pass(scope: Scope) -> None:
    assert not scope.covers(pair="ETHUSD", asset="ETH", strategy="other")


def test_an_order_whose_asset_is_not_told_is_under_every_halt_of_an_asset() -> None:
    assert SCOPES[1].covers(pair="ETHUSD", asset=None, strategy="other")


@pytest.mark.parametrize("text", ["coin:XBT", "pair", "pair:", ":XBT", "XBTUSD"])
def test_what_names_no_scope_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        Scope.of(text)


def test_every_kind_says_what_a_person_is_to_do() -> None:
    assert set(ACTIONS) == set(HaltKind)
