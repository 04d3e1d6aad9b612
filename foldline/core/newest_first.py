"""Timelines from followers and live tweets: newest tweets first, until each user has enough.

So what it costs follows what survives, not what ever was delivered: a follower who has enough is
dropped from all audiences that he is met in, and an author without any left is passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from foldline.core.effects import Deliver, RaiseFloor
from foldline.core.ids import IntArray
from foldline.core.survivors import Source


@dataclass(frozen=True, slots=True)
class Step:
    """A delivery, and how many tweets have been looked at with it."""

    deliver: Deliver
    looked_at: int


class NewestFirst:
    """Fills the timelines of all followers of `sources`, each up to `cap` entries."""

    def __init__(self, sources: Sequence[Source], cap: int) -> None:
        self._sources = sources
        self._cap = cap
        followers = [source.followers for source in sources]
        every = np.concatenate(followers) if followers else np.empty(0, dtype=np.int64)
        self._users, places = np.unique(every, return_inverse=True)
        edges = np.cumsum([0, *(each.size for each in followers)])
        self._hungry = np.split(places.astype(np.int32), edges[1:-1])
        self._counts = np.zeros(self._users.size, dtype=np.int32)
        self._oldest = np.zeros(self._users.size, dtype=np.int64)
        self._more = np.zeros(self._users.size, dtype=np.bool_)

    @property
    def tweets(self) -> int:
        """How many there are to look at."""
        return sum(source.tweets.size for source in self._sources)

    def steps(self) -> Iterator[Step]:
        """All deliveries, the newest tweet first. To be taken to the end before `floors`."""
        tweets, stamps, owners = self._in_order()
        columns = zip(tweets.tolist(), stamps.tolist(), owners.tolist(), strict=True)
        for looked_at, (tweet, stamp, owner) in enumerate(columns, 1):
            hungry = self._hungry[owner]
            if not hungry.size:
                continue
            full = self._counts[hungry] >= self._cap
            if full.any():
                self._more[hungry[full]] = True
                hungry = self._hungry[owner] = hungry[~full]
                if not hungry.size:
                    continue
            self._counts[hungry] += 1
            self._oldest[hungry] = tweet
            one = np.array([tweet], dtype=np.int64)
            author = self._sources[owner].author_id
            yield Step(Deliver(author, one, self._users[hungry], stamp), looked_at)

    def floors(self) -> Iterator[RaiseFloor]:
        """Where the timelines of those end for whom there is more."""
        cut = np.flatnonzero(self._more)
        if not cut.size:
            return
        order = cut[np.argsort(self._oldest[cut], kind="stable")]
        floors, starts = np.unique(self._oldest[order], return_index=True)
        for floor, users in zip(
            floors.tolist(), np.split(self._users[order], starts[1:]), strict=True
        ):
            yield RaiseFloor(users, floor)

    def _in_order(self) -> tuple[IntArray, IntArray, IntArray]:
        if not self._sources:
            nothing = np.empty(0, dtype=np.int64)
            return nothing, nothing, nothing
        tweets = np.concatenate([source.tweets for source in self._sources])
        stamps = np.concatenate([source.stamps for source in self._sources])
        sizes = [source.tweets.size for source in self._sources]
        owners = np.repeat(np.arange(len(self._sources)), sizes)
        order = np.argsort(tweets)[::-1]
        return tweets[order], stamps[order], owners[order]
