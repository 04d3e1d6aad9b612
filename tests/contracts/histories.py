"""Random effects on a few ids, and what a store must show of them: the stamps' order, applied."""

import random
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, Self

from foldline.core import effects as fx
from foldline.core.span import Span
from foldline.views.port import Account, Tweet, Views
from tests.contracts.ids import array, several

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """Ids that no other world has. Each tweet has one author."""

    rng: random.Random
    users: list[int]
    authors: dict[int, int]

    @classmethod
    def new(cls, rng: random.Random) -> Self:
        users = several(4)
        return cls(rng, users, {tweet: rng.choice(users[:2]) for tweet in several(6)})

    def history(self, length: int) -> list[fx.Effect]:
        """Effects in the order of the log: each under a higher stamp than the one before."""
        return [self._effect(stamp) for stamp in range(1, length + 1)]

    def _effect(self, stamp: int) -> fx.Effect:
        rng = self.rng
        tweet, user, other = rng.choice([*self.authors]), *rng.sample(self.users, 2)
        author = self.authors[tweet]
        own = [t for t in self.authors if self.authors[t] == author]
        tweets = array(*sorted(rng.sample(own, rng.randint(1, len(own)))))
        users = array(*sorted(rng.sample(self.users, rng.randint(1, 4))))
        some: list[fx.Effect] = [
            fx.PutAccount(user, f"u{user}", f"n{stamp}", f"b{stamp}", stamp, stamp),
            fx.SetCounts(user, stamp, 2 * stamp, stamp),
            fx.PutTweet(tweet, author, f"t{tweet}", 7, None, stamp),
            fx.DeleteTweet(tweet, author, stamp),
            fx.PutEdge(user, other, stamp),
            fx.DropEdge(user, other, stamp),
            fx.Deliver(author, tweets, users, stamp),
            fx.Retract(author, tweets, users, stamp),
            fx.RaiseFloor(users, min(self.authors) + rng.randint(0, 2)),
            fx.SetCelebrity(user, rng.random() < 0.5, stamp),
        ]
        weights = [5, 5, 8, 1, 9, 8, 9, 8, 2, 9]
        return rng.choices(some, weights)[0]


def expected(world: World, history: Sequence[fx.Effect]) -> State:
    """What the views show when each effect is applied once, in the order of the stamps: of each
    cell what the last effect on it left."""
    profiles = {e.user_id: e for e in history if isinstance(e, fx.PutAccount)}
    counts = {e.user_id: e for e in history if isinstance(e, fx.SetCounts)}
    posts = {e.tweet_id: e for e in history if isinstance(e, fx.PutTweet)}
    deleted = {e.tweet_id for e in history if isinstance(e, fx.DeleteTweet)}
    edges = {
        (e.follower_id, e.followee_id): isinstance(e, fx.PutEdge)
        for e in history
        if isinstance(e, fx.PutEdge | fx.DropEdge)
    }
    flags = {e.author_id: e.celebrity for e in history if isinstance(e, fx.SetCelebrity)}
    return {
        "accounts": {user: _account(put, counts.get(user)) for user, put in profiles.items()},
        "tweets": {
            key: Tweet(key, put.author_id, put.text, put.created_at, None, key in deleted)
            for key, put in posts.items()
        },
        "live": {user: _ids(world, user, posts.keys() - deleted)[::-1] for user in world.users},
        "deleted": {user: _ids(world, user, deleted) for user in world.users},
        "timelines": {user: _timeline(user, history) for user in world.users},
        "edges": {edge for edge, alive in edges.items() if alive},
        "floors": {user: _floor(user, history) for user in world.users},
        "celebrities": {author for author, celebrity in flags.items() if celebrity},
    }


def _ids(world: World, author: int, tweets: Set[int]) -> list[int]:
    return sorted(tweet for tweet in tweets if world.authors[tweet] == author)


def _timeline(user: int, history: Sequence[fx.Effect]) -> list[tuple[int, int]]:
    last = {
        tweet: effect
        for effect in history
        if isinstance(effect, fx.Deliver | fx.Retract) and user in effect.recipients
        for tweet in effect.tweets.tolist()
    }
    alive = ((tweet, e.author_id) for tweet, e in last.items() if isinstance(e, fx.Deliver))
    return sorted(alive, reverse=True)


def _floor(user: int, history: Sequence[fx.Effect]) -> int:
    raised = (e for e in history if isinstance(e, fx.RaiseFloor))
    return max((effect.floor for effect in raised if user in effect.users), default=0)


def _account(put: fx.PutAccount, counts: fx.SetCounts | None) -> Account:
    numbers = (counts.followers, counts.tweets) if counts else (0, 0)
    return Account(put.user_id, put.username, put.display_name, put.bio, put.created_at, *numbers)


async def observed(views: Views, world: World) -> State:
    """The same, as the store shows it."""
    users, everything = world.users, Span(100)
    loaded = await views.load(users)
    following = {(user, f) for user in users for f in (await views.following(user)).tolist()}
    followers = {(f, u) for u in users for f in (await views.followers(u, 0, 9)).tolist()}
    assert following == followers
    assert followers == {(f, u) for u in users for f in loaded[u].followers.tolist()}
    live = {u: ids.tolist() for u, ids in (await views.tweets_of(users, everything)).items()}
    assert live == {user: loaded[user].tweets.tolist()[::-1] for user in users}
    celebrities = set((await views.celebrities()).tolist()) & set(users)
    assert celebrities == {user for user in users if loaded[user].celebrity}
    timelines = {}
    for user in users:
        rows = await views.timeline(user, everything)
        timelines[user] = list(zip(rows.tweets.tolist(), rows.authors.tolist(), strict=True))
    return {
        "accounts": await views.accounts(users),
        "tweets": await views.tweets([*world.authors]),
        "live": live,
        "deleted": {user: loaded[user].deleted.tolist() for user in users},
        "timelines": timelines,
        "edges": following,
        "floors": {user: await views.floor(user) for user in users},
        "celebrities": celebrities,
    }
