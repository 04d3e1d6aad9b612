"""The audiences that a worker keeps in memory.

Only the worker that owns a partition changes the audiences in it, so they are coherent without any
invalidation, as long as they are dropped when the partition goes to another worker.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from foldline.core.audience import Audience

_OVERHEAD_BYTES = 400  # of an entry, its arrays' headers included


@dataclass(frozen=True, slots=True)
class Known:
    """An audience; of a celebrity also by which event (its stamp, 0 if that is long ago), and since
    when (monotonic seconds) readers can have seen the flag."""

    audience: Audience
    promoted: int = 0
    flag_since: float | None = None

    @property
    def nbytes(self) -> int:
        return self.audience.nbytes + _OVERHEAD_BYTES


class AudienceCache:
    """The most recently used audiences, bounded in bytes, and besides all those that are held
    because the views do not have them yet."""

    def __init__(self, bytes_max: int) -> None:
        self._known: LRUCache[int, Known] = LRUCache(bytes_max, getsizeof=lambda k: k.nbytes)
        self._held: dict[int, Known] = {}
        self._holds: Counter[int] = Counter()

    def get(self, author_id: int) -> Known | None:
        return self._held.get(author_id) or self._known.get(author_id)

    def put(self, known: Known) -> None:
        author_id = known.audience.author_id
        if author_id in self._held:
            self._held[author_id] = known
        elif known.nbytes > self._known.maxsize:
            self._known.pop(author_id, None)  # too large to keep: loaded anew each time
        else:
            self._known[author_id] = known

    def hold(self, known: Known) -> None:
        """Keep what is known of this author until it is released as often as held."""
        author_id = known.audience.author_id
        self._held[author_id] = known
        self._holds[author_id] += 1

    def release(self, author_id: int) -> None:
        """The views have what one `hold` was for."""
        self._holds[author_id] -= 1
        if not self._holds[author_id]:
            del self._holds[author_id]
            self.put(self._held.pop(author_id))

    def forget(self, which: Callable[[int], bool]) -> None:
        """Drop the audiences of the authors for whom `which` is true; none of them may be held."""
        for author_id in [author for author in self._known if which(author)]:
            del self._known[author_id]
