"""Values with many fields, made as fast as the language can and frozen all the same.

A frozen dataclass refuses every assignment, its own constructor's too, which therefore goes the
long way round for each field. Of an order with its events, reports and verdict that is hundreds of
fields, and was a sixth of a backtest.
"""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kraken_pipeline.domain.errors import InvalidValueError

__all__ = ["changed", "quickly_made"]

T = TypeVar("T")
BECOME: Final = object.__setattr__
_COPIES: Final[dict[type, Callable[[Any, dict[str, Any]], Any]]] = {}
"""How a value of a class is made of another one with changes; of those that are quickly made."""


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen, slotted, keyword-only dataclass a constructor that fills its slots directly.

    While it is being filled, and nobody else has it, the value is of a twin class with the same
    slots that does not refuse assignments. What it is made of, how, and that it can not be changed
    afterwards is as `dataclass` has it; a field that is not given is `__post_init__`'s to fill.

    Raises:
        InvalidValueError: the class is not frozen, not slotted, not keyword-only, or of a base.
    """
    told = fields(cls)  # type: ignore[arg-type]  # a dataclass by contract, asked just below
    names = tuple(each.name for each in told)
    is_fit = cls.__dict__.get("__slots__") == names and cls.__bases__ == (object,)
    params = getattr(cls, "__dataclass_params__", None)
    if not (is_fit and params and params.frozen and all(each.kw_only for each in told)):
        raise InvalidValueError(f"{cls.__name__} is no frozen, slotted, keyword-only value")
    given = tuple(each for each in told if each.init)
    twin = type(cls.__name__, (), {"__slots__": names})
    known: dict[str, Any] = {"_become": BECOME, "_twin": twin, "_own": cls, "_MISSING": MISSING}
    lines = [
        f"def __init__(self, *, {', '.join(_arguments(given, known))}):",
        *_made(given, known),
        '    _become(self, "__class__", _twin)',
        *(f"    self.{each.name} = {each.name}" for each in given),
        '    _become(self, "__class__", _own)',
        *(["    self.__post_init__()"] if hasattr(cls, "__post_init__") else []),
        "def _copied(value, changes):",
        "    made = object.__new__(_twin)",
        *(f"    made.{each.name} = value.{each.name}" for each in given),
        "    for name, each in changes.items():",
        "        setattr(made, name, each)",
        '    _become(made, "__class__", _own)',
        *(["    made.__post_init__()"] if hasattr(cls, "__post_init__") else []),
        "    return made",
    ]
    exec("\n".join(lines), known)  # noqa: S102 - of names of fields alone, as `dataclass` itself does
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = dict(cls.__init__.__annotations__)
    cls.__init__ = made  # type: ignore[method-assign]  # which is what this is for
    _COPIES[cls] = known["_copied"]
    return cls


if TYPE_CHECKING:
    # so that the fields that are changed are looked at as closely as those of `replace` are
    from dataclasses import replace as changed
else:

    def changed(value: T, /, **changes: Any) -> T:  # noqa: ANN401 - as `replace` has it
        """Return a value that is quickly made, with some of its fields changed.

        Raises:
            AttributeError: it has no field of such a name.
        """
        return _COPIES[type(value)](value, changes)


def _arguments(told: tuple[Field[Any], ...], known: dict[str, Any]) -> Iterator[str]:
    for each in told:
        if each.default is not MISSING:
            known[f"_default_{each.name}"] = each.default
            yield f"{each.name}=_default_{each.name}"
        else:
            yield each.name if each.default_factory is MISSING else f"{each.name}=_MISSING"


def _made(told: tuple[Field[Any], ...], known: dict[str, Any]) -> Iterator[str]:
    """Yield what makes the defaults that are made anew for each value."""
    for each in told:
        if each.default_factory is not MISSING:
            known[f"_made_{each.name}"] = each.default_factory
            yield f"    if {each.name} is _MISSING: {each.name} = _made_{each.name}()"
