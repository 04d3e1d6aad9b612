"""What a partition knows of an author: whom a tweet goes to, and what a new follower gets.

An audience is loaded from the views, which after a crash may be *ahead* of progress. So nothing
here is a difference: sets are joined, counts are the sizes of sets.
"""

from typing import Final, Self

from msgspec import Struct, field
from msgspec.structs import replace

from foldline.core.account import Profile
from foldline.core.id_sets import has, joined, left
from foldline.core.ids import NO_IDS, IntArray
from foldline.core.words import NO_WORDS, Topic, Word, Words, with_word

_WORD_BYTES: Final = 300  # about, of the words on one topic


class Audience(Struct, frozen=True, eq=False):
    """An author's followers, live tweets and deleted ones (sorted, unique int64), and whether a
    celebrity. A deletion is final: a late copy of the post does not bring the tweet back.

    `profile` is None until the account was created."""

    author_id: int
    followers: IntArray = field(default_factory=lambda: NO_IDS)
    tweets: IntArray = field(default_factory=lambda: NO_IDS)
    deleted: IntArray = field(default_factory=lambda: NO_IDS)
    celebrity: bool = False
    profile: Profile | None = None
    words: Words = field(default_factory=lambda: NO_WORDS)

    @property
    def nbytes(self) -> int:
        """About the memory that it holds."""
        arrays = (self.followers, self.tweets, self.deleted)
        return sum(array.nbytes for array in arrays) + len(self.words) * _WORD_BYTES

    def newest(self, count: int) -> IntArray:
        """The newest `count` live tweets, newest first."""
        return self.tweets[: -count - 1 : -1]

    @property
    def closed(self) -> bool:
        """Whether the account is deleted."""
        return self.profile is not None and self.profile.closed_at is not None

    def closed_before(self, stamp: int) -> bool:
        """Whether the account was deleted by an event before the one with this stamp."""
        closed_at = None if self.profile is None else self.profile.closed_at
        return closed_at is not None and closed_at < stamp

    def with_follower(self, user_id: int) -> Self:
        return replace(self, followers=joined(self.followers, user_id))

    def without_follower(self, user_id: int) -> Self:
        return replace(self, followers=left(self.followers, user_id))

    def with_tweet(self, tweet_id: int) -> Self:
        if has(self.deleted, tweet_id):
            return self
        return replace(self, tweets=joined(self.tweets, tweet_id))

    def without_tweet(self, tweet_id: int) -> Self:
        deleted = joined(self.deleted, tweet_id)
        return replace(self, tweets=left(self.tweets, tweet_id), deleted=deleted)

    def with_word(self, topic: Topic, word: Word) -> Self:
        return replace(self, words=with_word(self.words, topic, word))
