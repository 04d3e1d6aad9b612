"""A reader's own memory: plain objects by id, found at the price of a dictionary."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """At most so many values, the least used going first, none older than its lifetime."""

    def __init__(self, most: int, lifetime_s: float) -> None:
        self._most = most
        self._lifetime_s = lifetime_s
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K, now: float) -> V | None:
        """What is held under one id."""
        entry = self._held.get(key)
        if entry is None or entry[0] <= now:
            return None
        self._held.move_to_end(key)
        return entry[1]

    def take(self, ids: Iterable[K], now: float) -> tuple[dict[K, V], list[K]]:
        """What is held of `ids`, and which of them are not."""
        found: dict[K, V] = {}
        missing: list[K] = []
        get, use = self._held.get, self._held.move_to_end
        for key in ids:
            entry = get(key)
            if entry is None or entry[0] <= now:
                missing.append(key)
            else:
                use(key)
                found[key] = entry[1]
        return found, missing

    def put(self, values: Mapping[K, V], now: float) -> None:
        """Hold `values`."""
        until = now + self._lifetime_s
        for key, value in values.items():
            self._held[key] = (until, value)
            self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, key: K) -> None:
        """Hold nothing under this id."""
        self._held.pop(key, None)

    def clear(self) -> None:
        self._held.clear()
