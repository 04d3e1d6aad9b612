"""What a worker keeps in memory of its partitions: audiences, and the engagement of tweets.

Only the worker that owns a partition changes them, so they are coherent without any invalidation,
as long as they are dropped when the partition goes to another worker.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from cachetools import LRUCache

from foldline.core.audience import Audience
from foldline.core.engagement import Engagement

_OVERHEAD_BYTES: Final = 400  # of an entry, its arrays' headers included


class Folding(Protocol):
    """A state that events are folded into."""

    @property
    def key(self) -> int:
        """What it is kept by."""

    @property
    def author_id(self) -> int:
        """Whose partition it belongs to."""

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""


@dataclass(frozen=True, slots=True)
class Known:
    """An audience; of a celebrity also by which event (its stamp, 0 if that is long ago), and since
    when (monotonic seconds) readers can have seen the flag."""

    audience: Audience
    promoted: int = 0
    flag_since: float | None = None

    @property
    def key(self) -> int:
        return self.audience.author_id

    @property
    def author_id(self) -> int:
        return self.audience.author_id

    @property
    def nbytes(self) -> int:
        return self.audience.nbytes + _OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Engaged:
    """The engagement of a tweet."""

    engagement: Engagement

    @property
    def key(self) -> int:
        return self.engagement.tweet_id

    @property
    def author_id(self) -> int:
        return self.engagement.author_id

    @property
    def nbytes(self) -> int:
        return self.engagement.nbytes + _OVERHEAD_BYTES


State = TypeVar("State", bound=Folding)


class FoldingCache(Generic[State]):
    """The most recently used states, bounded in bytes, and besides all those that are held because
    the views do not have them yet."""

    def __init__(self, bytes_max: int) -> None:
        self._known: LRUCache[int, State] = LRUCache(bytes_max, getsizeof=lambda s: s.nbytes)
        self._held: dict[int, State] = {}
        self._holds: Counter[int] = Counter()

    def get(self, key: int) -> State | None:
        return self._held.get(key) or self._known.get(key)

    def put(self, state: State) -> None:
        if state.key in self._held:
            self._held[state.key] = state
        elif state.nbytes > self._known.maxsize:
            self._known.pop(state.key, None)  # too large to keep: loaded anew each time
        else:
            self._known[state.key] = state

    def hold(self, state: State) -> None:
        """Keep this state until it is released as often as held."""
        self._held[state.key] = state
        self._holds[state.key] += 1

    def release(self, key: int) -> None:
        """The views have what one `hold` was for."""
        self._holds[key] -= 1
        if not self._holds[key]:
            del self._holds[key]
            self.put(self._held.pop(key))

    def forget(self, which: Callable[[int], bool]) -> None:
        """Drop the states of the authors for whom `which` is true; none of them may be held."""
        for key in [key for key, state in self._known.items() if which(state.author_id)]:
            del self._known[key]
