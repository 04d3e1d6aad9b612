"""A reader's own memory: plain objects by id, found at the price of a dictionary."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")


class Shelf(Generic[V]):
    """At most so many values, the least used going first, none older than its lifetime."""

    def __init__(self, most: int, lifetime_s: float) -> None:
        self._most = most
        self._lifetime_s = lifetime_s
        self._held: OrderedDict[int, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def take(self, ids: Iterable[int], now: float) -> tuple[dict[int, V], list[int]]:
        """What is held of `ids`, and which of them are not."""
        found: dict[int, V] = {}
        missing: list[int] = []
        get, use = self._held.get, self._held.move_to_end
        for key in ids:
            entry = get(key)
            if entry is None or entry[0] <= now:
                missing.append(key)
            else:
                use(key)
                found[key] = entry[1]
        return found, missing

    def put(self, values: Mapping[int, V], now: float) -> None:
        """Hold `values`."""
        until = now + self._lifetime_s
        for key, value in values.items():
            self._held[key] = (until, value)
            self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, key: int) -> None:
        """Hold nothing under this id."""
        self._held.pop(key, None)

    def clear(self) -> None:
        self._held.clear()
