"""What of all effects survives: the log folded into final cells, not into one write after another.

The same fold as of the projector, event by event, of whole accounts from their first event on. But
what it writes is not written: a cell's later effect takes the place of the earlier one, and what
was taken out again leaves nothing behind. Nothing older can come after it, so no tombstone is
needed; final markers (a deleted tweet, a retweet that is gone) are facts, and stay. Deliveries are
not even looked at: timelines follow from followers and live tweets, see `core.newest_first`.

Likes are most of what a log has. Of those of one account on one tweet only the last word counts,
and nothing but the engagement heeds them: so they are kept aside, and folded where they survive.

Of a deleted tweet the row stays, since a repeated deletion must find it, but not the text.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from foldline.core import effects as fx
from foldline.core.audience import Audience
from foldline.core.engagement import Engagement, engage, engage_likes
from foldline.core.events import Event, OfTweet, TweetLiked, TweetUnliked
from foldline.core.fold import fold
from foldline.core.ids import IntArray

_Cells = dict[tuple[str, object], fx.Effect]
_NO_CAP: Final = 0  # a backfill of nothing: deliveries are not looked at


class Source(NamedTuple):
    """Of one author who is pushed: followers and live tweets (sorted int64), and the stamps of the
    posts, which run parallel to the tweets."""

    author_id: int
    followers: IntArray
    tweets: IntArray
    stamps: IntArray


class Survivors:
    """Takes events in their log's order; of an account either all of them or none."""

    def __init__(self) -> None:
        self._audiences: dict[int, Audience] = {}
        self._engagements: dict[int, Engagement] = {}
        self._likes: dict[int, dict[int, tuple[TweetLiked, int]]] = defaultdict(dict)
        self._cells: _Cells = {}

    def take(self, event: Event, stamp: int) -> None:
        """The next event."""
        if isinstance(event, TweetLiked):
            self._likes[event.tweet_id][event.user_id] = event, stamp
        elif isinstance(event, TweetUnliked):
            self._likes[event.tweet_id].pop(event.user_id, None)
        elif isinstance(event, OfTweet):
            engagement, effects, _ = engage(self._engagement(event), event, stamp)
            self._engagements[event.tweet_id] = engagement
            self._put_all(effects)
        else:
            self._take_in(event, stamp)

    def _take_in(self, event: Event, stamp: int) -> None:
        audience = self._audiences.get(event.key) or Audience(event.key)
        folded = fold(audience, event, stamp, cap=_NO_CAP, settled=True)
        self._audiences[event.key] = folded.audience
        self._put_all(folded.effects)

    def size(self) -> int:
        """How many things are kept, each of some 500 bytes. It is counted: not for every event."""
        likes = sum(map(len, self._likes.values()))  # each will have a cell beside
        return len(self._cells) + len(self._audiences) + len(self._engagements) + 2 * likes

    def put(self, effect: fx.Effect) -> None:
        """An effect that no fold has: a dead letter."""
        self._put_all((effect,))

    def effects(self) -> Iterator[fx.Effect]:
        """All that is to be written beside timelines, in any order; no event may come after it."""
        for likes in self._likes.values():
            if likes:
                event, _ = next(iter(likes.values()))
                self._put_all(engage_likes(self._engagement(event), likes.values())[1])
        for effect in self._cells.values():
            if isinstance(effect, fx.PutTweet) and ("deleted", effect.tweet_id) in self._cells:
                yield replace(effect, text="")
            else:
                yield effect

    def sources(self) -> Iterator[Source]:
        """What timelines are made of. Celebrities are merged at read."""
        for audience in self._audiences.values():
            if audience.celebrity or not (audience.followers.size and audience.tweets.size):
                continue
            stamps = [self._posted(tweet) for tweet in audience.tweets.tolist()]
            yield Source(
                audience.author_id,
                audience.followers,
                audience.tweets,
                np.array(stamps, dtype=np.int64),
            )

    def _engagement(self, event: OfTweet) -> Engagement:
        known = self._engagements.get(event.tweet_id)
        return known or Engagement(event.tweet_id, event.author_id)

    def _posted(self, tweet_id: int) -> int:
        put = self._cells["tweet", tweet_id]
        assert isinstance(put, fx.PutTweet), "a live tweet was posted"
        return put.stamp

    def _put_all(self, effects: Any) -> None:
        for effect in effects:
            keep = _CELLS.get(type(effect))
            if keep is not None:
                keep(self._cells, effect)


def _kept(name: str, *fields: str) -> Callable[[_Cells, Any], None]:
    """The effect stays, under these of its fields."""
    get = attrgetter(*fields)  # in C, since it is done for every effect of a log

    def keep(cells: _Cells, effect: Any) -> None:
        cells[name, get(effect)] = effect

    return keep


def _switched(name: str, on: str, *fields: str) -> Callable[[_Cells, Any], None]:
    """The same, as long as the field `on` is neither false, None nor absent."""
    get = attrgetter(*fields)

    def switch(cells: _Cells, effect: Any) -> None:
        key = name, get(effect)
        if getattr(effect, on, None):
            cells[key] = effect
        else:
            cells.pop(key, None)

    return switch


def _without_followers(cells: _Cells, effect: fx.DropFollowers) -> None:
    for follower in effect.followers.tolist():
        cells.pop(("edge", (follower, effect.followee_id)), None)


_EDGE: Final = ("follower_id", "followee_id")
_REFERENCE: Final = ("kind", "tweet_id", "by_tweet_id")
_CELLS: Final[dict[type, Callable[[_Cells, Any], None]]] = {
    fx.PutAccount: _kept("account", "user_id"),
    fx.SetCounts: _kept("counts", "user_id"),
    fx.PutTweet: _kept("tweet", "tweet_id"),
    fx.DeleteTweet: _kept("deleted", "tweet_id"),
    fx.PutEdge: _kept("edge", *_EDGE),
    fx.DropEdge: _switched("edge", "alive", *_EDGE),
    fx.DropFollowers: _without_followers,
    fx.SetBlock: _switched("block", "blocked", "blocker_id", "blocked_id"),
    fx.SetMute: _switched("mute", "muted", "muter_id", "muted_id"),
    fx.PutWord: _kept("word", "author_id", "kind", "about_id", "cause"),
    fx.SetOwnRetweet: _switched("retweet", "retweet_id", "user_id", "tweet_id"),
    fx.SetLike: _kept("like", "tweet_id", "user_id"),
    fx.PutReference: _kept("reference", *_REFERENCE),
    fx.DropReference: _kept("gone", *_REFERENCE),
    fx.SetEngagement: _kept("engagement", "tweet_id"),
    fx.SetCelebrity: _switched("celebrity", "celebrity", "author_id"),
    fx.PutDeadLetter: _kept("letter", "partition", "offset"),
}
