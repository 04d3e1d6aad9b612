"""What was assembled from many values, kept for as long as none of them changes.

Nothing here is ever old: before each use the log is asked, by its bus, whether anything that it was
made of changed since. What it is made of is noted while it is assembled, by the caches that are
read for it; whatever is folded meanwhile counts as a change.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from cachetools import LRUCache

from foldline.caching.bus import Bus
from foldline.caching.keys import Kind
from foldline.core.ids import IntArray
from foldline.telemetry import CACHE_READS

_OVERHEAD: Final = 400  # bytes of an entry, beside its value and slots


@dataclass(slots=True)
class MadeOf:
    """What was read since the bus was at `sequence`."""

    sequence: int
    ids: dict[Kind, set[int]] = field(default_factory=dict)

    def add(self, kind: Kind, ids: Iterable[int]) -> None:
        """These were read, whether they were there or not."""
        self.ids.setdefault(kind, set()).update(ids)


_NOTED: Final[ContextVar[MadeOf | None]] = ContextVar("foldline_made_of", default=None)


def noted(kind: Kind, ids: Iterable[int]) -> None:
    """Tell whatever is being assembled that these were read for it."""
    made_of = _NOTED.get()
    if made_of is not None:
        made_of.add(kind, ids)


@dataclass(slots=True, eq=False)
class _Kept:
    value: bytes
    slots: IntArray
    unchanged_at: int


def _size(kept: _Kept) -> int:
    return len(kept.value) + kept.slots.nbytes + _OVERHEAD


class Kept:
    """Values of at most so many bytes, the least used going first."""

    def __init__(self, kind: str, bus: Bus, most_bytes: int) -> None:
        self._bus: Final = bus
        self._held: LRUCache[Sequence[int], _Kept] = LRUCache(most_bytes, getsizeof=_size)
        self._hits, self._misses = (
            CACHE_READS.labels(kind, "memory", outcome) for outcome in ("hit", "miss")
        )

    def get(self, key: tuple[int, ...]) -> bytes | None:
        """The value, if it is what would be assembled now."""
        try:
            found = self._held[key]
        except KeyError:
            found = None
        if found is None or not self._bus.usable or self._changed(found):
            self._misses.inc()
            return None
        self._hits.inc()
        return found.value

    @contextmanager
    def assembling(self) -> Iterator[MadeOf]:
        """What is read in the block is noted."""
        token = _NOTED.set(made_of := MadeOf(self._bus.sequence))
        try:
            yield made_of
        finally:
            _NOTED.reset(token)

    def keep(self, key: tuple[int, ...], value: bytes, made_of: MadeOf) -> None:
        """Keep what was assembled."""
        keys = ((kind, each) for kind, ids in made_of.ids.items() for each in ids)
        kept = _Kept(value, self._bus.versions.slots(keys), made_of.sequence)
        if _size(kept) <= self._held.maxsize:
            self._held[key] = kept

    def _changed(self, found: _Kept) -> bool:
        now = self._bus.sequence
        if found.unchanged_at == now:
            return False
        if self._bus.versions.changed_since(found.unchanged_at, found.slots):
            return True
        found.unchanged_at = now
        return False
