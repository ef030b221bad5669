"""Which spare number each bakery without one might get: the one with its name first, then in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from tenants.names import likeness

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

_Key = TypeVar("_Key", bound="Hashable")


@dataclass(frozen=True, slots=True)
class Named(Generic[_Key]):
    """A bakery or a number, as its own key and the name people know it by."""

    key: _Key
    name: str


def propose(bakeries: Sequence[Named[_Key]], numbers: Sequence[Named[int]]) -> dict[_Key, int]:
    """Return a number for each bakery as far as they reach; none twice. The likest names find each other first."""
    pairs = sorted(
        (-score, place, other)
        for place, bakery in enumerate(bakeries)
        for other, number in enumerate(numbers)
        if (score := likeness(bakery.name, number.name))
    )
    chosen: dict[int, int] = {}
    for _score, place, other in pairs:
        if place not in chosen and other not in chosen.values():
            chosen[place] = other
    waiting = [place for place in range(len(bakeries)) if place not in chosen]
    left = [other for other in range(len(numbers)) if other not in chosen.values()]
    chosen.update(zip(waiting, left, strict=False))
    return {bakeries[place].key: numbers[other].key for place, other in sorted(chosen.items())}
