"""A view in memory: every cell has a stamp, the higher stamp wins, at equal stamps a removal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from foldline.core import effects as fx
from foldline.core.account import Profile
from foldline.core.audience import Audience
from foldline.core.effects import ReferenceKind
from foldline.core.engagement import Engagement, References
from foldline.core.ids import IntArray
from foldline.core.words import Topic, Word, Words

Key = Any
Value = Any


class Write(NamedTuple):
    """One cell: a table, the row it is kept under, a key in it. A value of None removes it."""

    table: str
    owner: int
    key: Key
    value: Value | None
    stamp: int


class View:
    """The cells of one generation. `last_wins_ties`: what a store does with two values of one
    stamp is its own affair, and must not matter."""

    def __init__(self, last_wins_ties: bool = False) -> None:
        self._cells: dict[tuple[str, int], dict[Key, tuple[int, Value | None]]] = defaultdict(dict)
        self._last_wins_ties = last_wins_ties

    def write(self, write: Write) -> None:
        cells = self._cells[write.table, write.owner]
        stamp, value = cells.get(write.key, (-1, None))
        tie = write.value is None or (self._last_wins_ties and value is not None)
        if write.stamp > stamp or (write.stamp == stamp and tie):
            cells[write.key] = (write.stamp, write.value)

    def cells(self, table: str, owner: int = 0) -> dict[Key, Value]:
        """What stands in a row: key → value."""
        kept = self._cells.get((table, owner), {})
        return {key: value for key, (_, value) in kept.items() if value is not None}

    def ids(self, table: str, owner: int = 0) -> IntArray:
        """The keys of a row, sorted."""
        return np.array(sorted(self.cells(table, owner)), dtype=np.int64)

    def live(self, author_id: int) -> IntArray:
        """An author's tweets that bear no marker, sorted. A marker is a cell of its own: a later
        copy of the post does not lift it."""
        live = self.cells("tweets_of", author_id).keys() - self.cells("deleted_of", author_id)
        return np.array(sorted(live), dtype=np.int64)

    def audience(self, author_id: int) -> Audience:
        """What the view knows of an author's partition."""
        return Audience(
            author_id,
            followers=self.ids("followers", author_id),
            tweets=self.live(author_id),
            deleted=self.ids("deleted_of", author_id),
            celebrity=author_id in self.cells("celebrities"),
            profile=self.cells("accounts").get(author_id),
            words=self._words(author_id),
        )

    def engagement(self, tweet_id: int, author_id: int) -> Engagement:
        """What the view knows of what others did with a tweet."""
        return Engagement(
            tweet_id,
            author_id,
            likes=self.ids("likes", tweet_id),
            retweets=self._references(ReferenceKind.RETWEET, tweet_id),
            replies=self._references(ReferenceKind.REPLY, tweet_id),
        )

    def closed(self, user_id: int) -> bool:
        profile = self.cells("accounts").get(user_id)
        return profile is not None and profile.closed_at is not None

    def timeline(self, user_id: int) -> dict[int, Value]:
        """The entries that no trim dropped: tweet → author."""
        trimmed = self._number("trims", user_id)
        return {t: a for t, a in self.cells("timelines", user_id).items() if t >= trimmed}

    def floor(self, user_id: int) -> int:
        return self._number("floors", user_id)

    def counts(self, user_id: int) -> Value | None:
        """(followers, live tweets), if ever written."""
        return self.cells("counts").get(user_id)

    def _words(self, author_id: int) -> Words:
        words: dict[Topic, tuple[Word, ...]] = defaultdict(tuple)
        for (kind, about, _), word in self.cells("words", author_id).items():
            words[kind, about] += (word,)
        return dict(words)

    def _references(self, kind: ReferenceKind, tweet_id: int) -> References:
        gone = self.ids(f"{kind}_gone", tweet_id)
        return References(np.setdiff1d(self.ids(kind, tweet_id), gone), gone)

    def _number(self, table: str, key: int) -> int:
        found = self.cells(table).get(key, 0)
        assert isinstance(found, int)
        return found


def writes_of(effects: Iterable[fx.Effect]) -> Iterator[Write]:
    """The cells that these effects write."""
    for effect in effects:
        if isinstance(effect, fx.Deliver | fx.Retract):
            yield from _entries(effect)
        elif isinstance(effect, fx.RaiseFloor):
            for user in effect.users.tolist():
                yield Write("floors", 0, user, effect.floor, effect.floor)
        else:
            yield from _cells_of(effect)


def _entries(effect: fx.Deliver | fx.Retract) -> Iterator[Write]:
    value = effect.author_id if isinstance(effect, fx.Deliver) else None
    for tweet in effect.tweets.tolist():
        for user in effect.recipients.tolist():
            yield Write("timelines", user, tweet, value, effect.stamp)


def _cells_of(effect: fx.Effect) -> Iterator[Write]:
    if isinstance(effect, fx.PutAccount):
        yield Write("accounts", 0, effect.user_id, _profile(effect), effect.stamp)
    elif isinstance(effect, fx.SetCounts):
        numbers = (effect.followers, effect.tweets)
        yield Write("counts", 0, effect.user_id, numbers, effect.stamp)
    elif isinstance(effect, fx.SetCelebrity):
        author = effect.author_id
        flag = author if effect.celebrity else None
        yield Write("celebrities", 0, author, flag, effect.stamp)
    elif isinstance(effect, fx.TrimBelow):
        yield Write("trims", 0, effect.user_id, effect.floor, effect.floor)
    else:
        found = [*_of_tweets(effect), *_of_graph(effect), *_of_engagement(effect)]
        assert found or isinstance(effect, fx.DropFollowers), f"the fold has no business: {effect}"
        yield from found


def _profile(put: fx.PutAccount) -> Profile:
    named = put.username, put.display_name, put.bio
    return Profile(*named, put.verified, put.suspended, put.closed_at)


def _of_tweets(effect: fx.Effect) -> Iterator[Write]:
    match effect:
        case fx.PutTweet(tweet_id=tweet, author_id=author, text=text, stamp=stamp):
            yield Write("tweets", 0, tweet, text, stamp)
            yield Write("tweets_of", author, tweet, author, stamp)
        case fx.DeleteTweet(tweet_id=tweet, author_id=author, stamp=stamp):
            yield Write("deleted", 0, tweet, author, stamp)
            yield Write("deleted_of", author, tweet, tweet, stamp)
        case fx.SetOwnRetweet(user_id=user, tweet_id=tweet, retweet_id=by, stamp=stamp):
            yield Write("own_retweets", user, tweet, by, stamp)


def _of_graph(effect: fx.Effect) -> Iterator[Write]:
    match effect:
        case fx.PutEdge(follower_id=follower, followee_id=followee, stamp=stamp):
            yield Write("followers", followee, follower, stamp, stamp)
            yield Write("following", follower, followee, stamp, stamp)
        case fx.DropEdge(follower_id=follower, followee_id=followee, stamp=stamp):
            yield Write("followers", followee, follower, None, stamp)
            yield Write("following", follower, followee, None, stamp)
        case fx.DropFollowers(followee_id=followee, followers=followers, stamp=stamp):
            for follower in followers.tolist():
                yield Write("following", follower, followee, None, stamp)
        case fx.SetBlock(blocker_id=blocker, blocked_id=blocked, blocked=stands, stamp=stamp):
            yield Write("blockers", blocked, blocker, blocker if stands else None, stamp)
        case fx.PutWord(author_id=author, kind=kind, about_id=about, cause=cause, stamp=stamp):
            word = Word(cause, stamp, effect.value)
            yield Write("words", author, (kind, about, cause), word, stamp)


def _of_engagement(effect: fx.Effect) -> Iterator[Write]:
    match effect:
        case fx.SetLike(tweet_id=tweet, user_id=user, author_id=author, liked=liked, stamp=stamp):
            yield Write("likes", tweet, user, user if liked else None, stamp)
            yield Write("likes_of", user, tweet, author if liked else None, stamp)
        case fx.PutReference(kind=kind, tweet_id=tweet, by_tweet_id=by, stamp=stamp):
            yield Write(kind, tweet, by, effect.by_user_id, stamp)
        case fx.DropReference(kind=kind, tweet_id=tweet, by_tweet_id=by, stamp=stamp):
            yield Write(f"{kind}_gone", tweet, by, by, stamp)
        case fx.SetEngagement(tweet_id=tweet, stamp=stamp):
            numbers = (effect.likes, effect.retweets, effect.replies)
            yield Write("engagement", 0, tweet, numbers, stamp)
