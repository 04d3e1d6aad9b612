"""What was assembled from many values, kept for as long as none of them changes.

Nothing here is ever old: before each use the log is asked, by its bus, whether anything that it was
made of changed since. A value is noted under the bus's `sequence` of before it was read: whatever
was folded while it was being assembled counts as a change.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from cachetools import LRUCache

from foldline.caching.bus import Bus
from foldline.caching.keys import Kind
from foldline.core.ids import IntArray
from foldline.telemetry import CACHE_READS

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Kept(Generic[T]):
    value: T
    slots: IntArray
    unchanged_at: int


class Kept(Generic[T]):
    """At most so many values, the least used going first."""

    def __init__(self, kind: str, bus: Bus, most: int) -> None:
        self._bus: Final = bus
        self._held: LRUCache[tuple[int, ...], _Kept[T]] = LRUCache(most)
        self._hits, self._misses = (
            CACHE_READS.labels(kind, "memory", outcome) for outcome in ("hit", "miss")
        )

    @property
    def sequence(self) -> int:
        """To be looked at before anything is read."""
        return self._bus.sequence

    def get(self, key: tuple[int, ...]) -> T | None:
        """The value, if it is what would be assembled now."""
        found = self._held.get(key)
        if found is None or not self._bus.usable or self._changed(found):
            self._misses.inc()
            return None
        self._hits.inc()
        return found.value

    def keep(
        self, key: tuple[int, ...], value: T, sequence: int, made_of: dict[Kind, IntArray]
    ) -> None:
        """Keep what was assembled after `sequence`, and of these."""
        slots = [self._bus.versions.slots(kind, ids) for kind, ids in made_of.items()]
        self._held[key] = _Kept(value, np.concatenate(slots), sequence)

    def _changed(self, found: _Kept[T]) -> bool:
        now = self._bus.sequence
        if found.unchanged_at == now:
            return False
        if self._bus.versions.changed_since(found.unchanged_at, found.slots):
            return True
        found.unchanged_at = now
        return False
