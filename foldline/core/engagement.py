"""What others did with a tweet: likes, retweets, replies. Counts are the sizes of sets.

A retweet or a reply has an id of its own, and its end is final: whatever comes late or twice, a
pair of sets that only grow says what stands. A like comes and goes in the log's order.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Self

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from foldline.core import events as ev
from foldline.core.effects import (
    DropReference,
    Effect,
    PutReference,
    ReferenceKind,
    SetEngagement,
    SetLike,
)
from foldline.core.follow_ups import FollowUp, UndoIfDeleted
from foldline.core.id_sets import has, joined, left
from foldline.core.ids import NO_IDS, IntArray


class References(Struct, frozen=True, eq=False):
    """The retweets of a tweet, or the replies to it: those that stand, and those that are gone."""

    live: IntArray = field(default_factory=lambda: NO_IDS)
    gone: IntArray = field(default_factory=lambda: NO_IDS)

    def with_one(self, tweet_id: int) -> Self:
        if has(self.gone, tweet_id):
            return self
        return replace(self, live=joined(self.live, tweet_id))

    def without(self, tweet_id: int) -> Self:
        return replace(self, live=left(self.live, tweet_id), gone=joined(self.gone, tweet_id))


class Engagement(Struct, frozen=True, eq=False):
    """Of one tweet: who likes it (sorted, unique int64), its retweets and the replies to it."""

    tweet_id: int
    author_id: int
    likes: IntArray = field(default_factory=lambda: NO_IDS)
    retweets: References = field(default_factory=References)
    replies: References = field(default_factory=References)

    @property
    def nbytes(self) -> int:
        """The memory that the arrays hold."""
        pairs = (self.retweets, self.replies)
        return self.likes.nbytes + sum(each.live.nbytes + each.gone.nbytes for each in pairs)

    def counts(self, stamp: int) -> SetEngagement:
        return SetEngagement(
            self.tweet_id,
            likes=self.likes.size,
            retweets=self.retweets.live.size,
            replies=self.replies.live.size,
            stamp=stamp,
        )


Engaged = tuple[Engagement, list[Effect], list[FollowUp]]


def engage(engagement: Engagement, event: ev.OfTweet, stamp: int) -> Engaged:
    """The engagement after `event`, the effects of it, and what follows."""
    return _HANDLERS[type(event)](engagement, event, stamp)


def engage_likes(
    engagement: Engagement, likes: Iterable[tuple[ev.TweetLiked, int]]
) -> tuple[Engagement, list[Effect]]:
    """As `engage` of one like after another, but counted once. `likes`: one at least, each of
    another account, with its stamp."""
    events, stamps = zip(*likes, strict=True)
    users = np.array([event.user_id for event in events], dtype=np.int64)
    after = replace(engagement, likes=np.union1d(engagement.likes, users))
    return after, [*map(_like, events, stamps), after.counts(max(stamps))]


def _liked(engagement: Engagement, event: ev.TweetLiked, stamp: int) -> Engaged:
    after = replace(engagement, likes=joined(engagement.likes, event.user_id))
    undo = ev.TweetUnliked(event.author_id, event.tweet_id, event.user_id)
    return after, [_like(event, stamp), after.counts(stamp)], [UndoIfDeleted(event.user_id, undo)]


def _unliked(engagement: Engagement, event: ev.TweetUnliked, stamp: int) -> Engaged:
    after = replace(engagement, likes=left(engagement.likes, event.user_id))
    like = SetLike(event.tweet_id, event.author_id, event.user_id, False, stamp)
    return after, [like, after.counts(stamp)], []


def _like(event: ev.TweetLiked, stamp: int) -> SetLike:
    return SetLike(event.tweet_id, event.author_id, event.user_id, True, stamp)


def _retweeted(engagement: Engagement, event: ev.TweetRetweeted, stamp: int) -> Engaged:
    after = replace(engagement, retweets=engagement.retweets.with_one(event.retweet_id))
    put = _put(ReferenceKind.RETWEET, event, event.retweet_id, stamp)
    return after, [put, after.counts(stamp)], []


def _unretweeted(engagement: Engagement, event: ev.TweetUnretweeted, stamp: int) -> Engaged:
    after = replace(engagement, retweets=engagement.retweets.without(event.retweet_id))
    drop = DropReference(ReferenceKind.RETWEET, event.tweet_id, event.retweet_id, stamp)
    return after, [drop, after.counts(stamp)], []


def _replied(engagement: Engagement, event: ev.TweetReplied, stamp: int) -> Engaged:
    after = replace(engagement, replies=engagement.replies.with_one(event.reply_id))
    put = _put(ReferenceKind.REPLY, event, event.reply_id, stamp)
    return after, [put, after.counts(stamp)], []


def _unreplied(engagement: Engagement, event: ev.TweetUnreplied, stamp: int) -> Engaged:
    after = replace(engagement, replies=engagement.replies.without(event.reply_id))
    drop = DropReference(ReferenceKind.REPLY, event.tweet_id, event.reply_id, stamp)
    return after, [drop, after.counts(stamp)], []


def _put(
    kind: ReferenceKind, event: ev.TweetRetweeted | ev.TweetReplied, by: int, stamp: int
) -> PutReference:
    return PutReference(kind, event.tweet_id, by, event.user_id, stamp)


_HANDLERS: Final[dict[type[ev.Event], Callable[[Engagement, Any, int], Engaged]]] = {
    ev.TweetLiked: _liked,
    ev.TweetUnliked: _unliked,
    ev.TweetRetweeted: _retweeted,
    ev.TweetUnretweeted: _unretweeted,
    ev.TweetReplied: _replied,
    ev.TweetUnreplied: _unreplied,
}
