"""The oracle: what a reader must be shown, computed the naive way.

It knows nothing but the commands that were acknowledged, in the order of their acknowledgements,
with the ids that were answered. It imports nothing of the product, so it can't share its mistakes.

A home timeline is: the tweets of the viewer and of the accounts the viewer follows, without deleted
ones, newest first. A newer id is a newer tweet.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Joined:
    user: int
    username: str


@dataclass(frozen=True)
class Posted:
    author: int
    tweet: int
    text: str


@dataclass(frozen=True)
class Deleted:
    tweet: int


@dataclass(frozen=True)
class Followed:
    follower: int
    followee: int


@dataclass(frozen=True)
class Unfollowed:
    follower: int
    followee: int


Acknowledged = Joined | Posted | Deleted | Followed | Unfollowed


class Oracle:
    """What follows from a list of acknowledged commands."""

    def __init__(self, acknowledged: Iterable[Acknowledged]) -> None:
        self.usernames: dict[int, str] = {}
        self._posts: dict[int, Posted] = {}
        self._following: dict[int, set[int]] = defaultdict(set)
        self._followers: dict[int, set[int]] = defaultdict(set)
        deleted = set()
        for command in acknowledged:
            match command:
                case Joined(user, username):
                    self.usernames[user] = username
                case Posted(_, tweet, _):
                    self._posts[tweet] = command
                case Deleted(tweet):
                    deleted.add(tweet)
                case Followed(follower, followee):
                    self._following[follower].add(followee)
                    self._followers[followee].add(follower)
                case Unfollowed(follower, followee):
                    self._following[follower].discard(followee)
                    self._followers[followee].discard(follower)
        self._live = [
            self._posts[tweet]
            for tweet in sorted(self._posts, reverse=True)
            if tweet not in deleted
        ]

    def timeline(self, viewer: int) -> list[Posted]:
        """The viewer's whole home timeline, newest first."""
        followed = self._following[viewer]
        return [post for post in self._live if post.author == viewer or post.author in followed]

    def tweets_of(self, author: int) -> list[Posted]:
        """The author's live tweets, newest first."""
        return [post for post in self._live if post.author == author]

    def followers(self, user: int) -> list[int]:
        """Who follows `user`, by id."""
        return sorted(self._followers[user])

    def following(self, user: int) -> list[int]:
        """Whom `user` follows, by id."""
        return sorted(self._following[user])
