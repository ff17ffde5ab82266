import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.values import changed, quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    name: str
    twin: int = 3
    own: list[int] = field(default_factory=list)
    length: int = field(init=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidValueError("a name is needed")
        object.__setattr__(self, "length", len(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    name: str
    twin: int = 3
    own: list[int] = field(default_factory=list)
    length: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))


@given(name=st.text(min_size=1), twin=st.integers())
def test_it_is_made_of_the_same_as_any_other(name: str, twin: int) -> None:
    quick, usual = Quick(name=name, twin=twin), Usual(name=name, twin=twin)

    assert repr(quick) == repr(usual).replace("Usual", "Quick")
    assert quick == Quick(name=name, twin=twin)
    assert replace(quick, twin=1) == changed(quick, twin=1) == Quick(name=name, twin=1)


def test_it_can_not_be_changed_once_it_is_made() -> None:
    made = Quick(name="a")

    assert type(made) is Quick
    with pytest.raises(FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]  # that is what is tried


def test_what_is_made_anew_for_each_is_shared_by_none() -> None:
    first, second = Quick(name="a"), Quick(name="b")

    assert first.own == second.own == []
    assert first.own is not second.own


def test_it_still_refuses_what_it_refused() -> None:
    with pytest.raises(InvalidValueError, match="a name is needed"):
        Quick(name="")
    with pytest.raises(TypeError, match="name"):
        Quick()  # type: ignore[call-arg]  # that is what is tried
    with pytest.raises(TypeError, match="positional"):
        Quick("a")  # type: ignore[call-arg]  # that is what is tried


def test_a_change_leaves_the_first_as_it_was_and_is_looked_at_as_a_new_one_is() -> None:
    first = Quick(name="a")

    second = changed(first, name="bcd")

    assert (first.name, first.length) == ("a", 1)
    assert (second.name, second.length) == ("bcd", 3)
    with pytest.raises(FrozenInstanceError):
        second.name = "b"  # type: ignore[misc]  # that is what is tried
    with pytest.raises(InvalidValueError, match="a name is needed"):
        changed(first, name="")
    with pytest.raises(AttributeError, match="names"):
        changed(first, names="b")  # type: ignore[call-arg]  # that is what is tried


def test_it_goes_to_another_process_and_back() -> None:
    made = Quick(name="a", own=[1])

    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - it was just written here


@pytest.mark.parametrize(
    "made",
    [
        dataclass(slots=True, kw_only=True),
        dataclass(frozen=True, kw_only=True),
        dataclass(frozen=True, slots=True),
    ],
    ids=["not frozen", "not slotted", "positional"],
)
def test_what_is_no_frozen_value_is_refused(made: object) -> None:
    class Other:
        name: str

    with pytest.raises(InvalidValueError, match="Other is no frozen"):
        quickly_made(made(Other))  # type: ignore[operator]  # each is a decorator
