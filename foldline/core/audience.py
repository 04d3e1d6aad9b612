"""What a partition knows of an author: whom a tweet goes to, and what a new follower gets.

An audience is loaded from the views, which after a crash may be *ahead* of progress. So nothing
here is a difference: sets are joined, counts are the sizes of sets.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from foldline.core.ids import NO_IDS, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """An author's followers, live tweets and deleted ones (sorted, unique int64), and whether a
    celebrity. A deletion is final: a late copy of the post does not bring the tweet back."""

    author_id: int
    followers: IntArray = field(default_factory=lambda: NO_IDS)
    tweets: IntArray = field(default_factory=lambda: NO_IDS)
    deleted: IntArray = field(default_factory=lambda: NO_IDS)
    celebrity: bool = False

    @property
    def nbytes(self) -> int:
        """The memory that the arrays hold."""
        return self.followers.nbytes + self.tweets.nbytes + self.deleted.nbytes

    def newest(self, count: int) -> IntArray:
        """The newest `count` live tweets, newest first."""
        return self.tweets[: -count - 1 : -1]

    def with_follower(self, user_id: int) -> Self:
        return replace(self, followers=_joined(self.followers, user_id))

    def without_follower(self, user_id: int) -> Self:
        return replace(self, followers=_left(self.followers, user_id))

    def with_tweet(self, tweet_id: int) -> Self:
        if _has(self.deleted, tweet_id):
            return self
        return replace(self, tweets=_joined(self.tweets, tweet_id))

    def without_tweet(self, tweet_id: int) -> Self:
        deleted = _joined(self.deleted, tweet_id)
        return replace(self, tweets=_left(self.tweets, tweet_id), deleted=deleted)


def _has(ids: IntArray, value: int) -> bool:
    at = int(ids.searchsorted(value))
    return at < ids.size and bool(ids[at] == value)


def _joined(ids: IntArray, value: int) -> IntArray:
    at = int(ids.searchsorted(value))
    if at < ids.size and ids[at] == value:
        return ids
    grown = np.empty(ids.size + 1, dtype=np.int64)  # several times faster than np.insert
    grown[:at], grown[at], grown[at + 1 :] = ids[:at], value, ids[at:]
    return grown


def _left(ids: IntArray, value: int) -> IntArray:
    return ids[ids != value] if _has(ids, value) else ids
