"""The audiences that a worker keeps in memory.

Only the worker that owns a partition changes the audiences in it, so they are coherent without any
invalidation, as long as they are dropped when the partition goes to another worker.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from foldline.core.audience import Audience

_OVERHEAD_BYTES = 400  # of an entry, its arrays' headers included


@dataclass(frozen=True, slots=True)
class Known:
    """An audience, and since when (monotonic seconds) readers can have seen its celebrity flag."""

    audience: Audience
    flag_since: float | None = None

    @property
    def nbytes(self) -> int:
        return self.audience.nbytes + _OVERHEAD_BYTES


class AudienceCache:
    """The most recently used audiences, bounded in bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._known: LRUCache[int, Known] = LRUCache(bytes_max, getsizeof=lambda k: k.nbytes)

    def get(self, author_id: int) -> Known | None:
        return self._known.get(author_id)

    def put(self, known: Known) -> None:
        author_id = known.audience.author_id
        if known.nbytes > self._known.maxsize:
            self._known.pop(author_id, None)  # too large to keep: loaded anew each time
        else:
            self._known[author_id] = known

    def forget(self, which: Callable[[int], bool]) -> None:
        """Drop the audiences of the authors for whom `which` is true."""
        for author_id in [author for author in self._known if which(author)]:
            del self._known[author_id]
