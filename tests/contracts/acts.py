"""Random acts of a few accounts on each other and on tweets, and what a store must show of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from foldline.core import effects as fx
from foldline.core.account import Profile
from foldline.core.effects import ReferenceKind
from foldline.core.span import Span
from foldline.core.words import WordKind
from foldline.views.port import Views
from tests.contracts.ids import several

State = dict[str, Any]
AUTHOR = 7


@dataclass(frozen=True, slots=True)
class Acts:
    """Ids that no other world has."""

    rng: random.Random
    users: list[int]
    tweets: list[int]

    @classmethod
    def new(cls, rng: random.Random) -> Self:
        return cls(rng, several(3), several(3))

    def history(self, length: int) -> list[fx.Effect]:
        """Effects in the order of the log. A word is said once, and a profile closed last."""
        return [self._effect(stamp) for stamp in range(1, length + 1)]

    def _effect(self, stamp: int) -> fx.Effect:
        rng = self.rng
        one, other = rng.sample(self.users, 2)
        tweet, by = rng.sample(self.tweets, 2)
        stands = rng.random() < 0.5
        kind = rng.choice(list(ReferenceKind))
        some: list[fx.Effect] = [
            self._account(one, stamp),
            fx.SetBlock(one, other, stands, stamp),
            fx.SetMute(one, other, stands, stamp),
            fx.PutWord(one, rng.choice(list(WordKind)), other, stamp // 2 * 2, stamp, stamp),
            fx.SetOwnRetweet(one, tweet, by if stands else None, stamp),
            fx.SetLike(tweet, AUTHOR, one, stands, stamp),
            fx.PutReference(kind, tweet, by, self.users[by % 3], stamp),
            fx.DropReference(kind, tweet, by, stamp),
            fx.SetEngagement(tweet, stamp, 2 * stamp, 3 * stamp, stamp),
        ]
        weights = [4, 6, 6, 0, 6, 8, 6, 1, 4]
        return rng.choices(some, weights)[0]

    def _account(self, user: int, stamp: int) -> fx.PutAccount:
        flags = {"verified": stamp % 2 == 0, "suspended": stamp % 3 == 0}
        return fx.PutAccount(user, f"u{user}", f"n{stamp}", "", 7, stamp, **flags)


def expected(world: Acts, history: Sequence[fx.Effect]) -> State:
    """Of each cell what the last effect on it left."""
    accounts = {e.user_id: e for e in history if isinstance(e, fx.PutAccount)}
    blocks = {(e.blocker_id, e.blocked_id): e for e in history if isinstance(e, fx.SetBlock)}
    mutes = {(e.muter_id, e.muted_id): e for e in history if isinstance(e, fx.SetMute)}
    own = {(e.user_id, e.tweet_id): e for e in history if isinstance(e, fx.SetOwnRetweet)}
    likes = {(e.tweet_id, e.user_id): e for e in history if isinstance(e, fx.SetLike)}
    counts = {e.tweet_id: e for e in history if isinstance(e, fx.SetEngagement)}
    put = {(e.kind, e.tweet_id, e.by_tweet_id) for e in history if isinstance(e, fx.PutReference)}
    gone = {(e.kind, e.tweet_id, e.by_tweet_id) for e in history if isinstance(e, fx.DropReference)}
    return {
        "profiles": {
            user: Profile(e.username, e.display_name, e.bio, e.verified, e.suspended)
            for user, e in accounts.items()
        },
        "blocks": {pair for pair, e in blocks.items() if e.blocked},
        "mutes": {pair for pair, e in mutes.items() if e.muted},
        "own": {pair: e.retweet_id for pair, e in own.items() if e.retweet_id is not None},
        "likes": {pair for pair, e in likes.items() if e.liked},
        "counts": {t: (e.likes, e.retweets, e.replies) for t, e in counts.items()},
        "references": put - gone,
        "gone": gone,
    }


async def observed(views: Views, world: Acts) -> State:
    """The same, as the store shows it, from all ends."""
    state: State = {name: set() for name in ("blocks", "mutes", "likes", "references", "gone")}
    state["own"] = {}
    await _of_users(views, world, state)
    await _of_tweets(views, world, state)
    counts = await views.counts(world.tweets)
    state["counts"] = {t: (c.likes, c.retweets, c.replies) for t, c in counts.items()}
    return state


async def _of_users(views: Views, world: Acts, state: State) -> None:
    loaded = await views.load(world.users)
    state["profiles"] = {u: loaded[u].profile for u in world.users if loaded[u].profile}
    blocked_by, likes = set(), set()
    for user in world.users:
        found = await views.restrictions(user)
        state["blocks"] |= {(user, other) for other in found.blocks.tolist()}
        state["mutes"] |= {(user, other) for other in found.mutes.tolist()}
        blocked_by |= {(other, user) for other in found.blocked_by.tolist()}
        own = await views.retweets_among(user, world.tweets)
        state["own"] |= {(user, tweet): by for tweet, by in own.items()}
        liked = (await views.liked_among(user, world.tweets)).tolist()
        assert await views.likes_of(user, 0, 99) == dict.fromkeys(liked, AUTHOR)
        likes |= {(tweet, user) for tweet in liked}
    assert state["blocks"] == blocked_by
    state["likes"] = likes


async def _of_tweets(views: Views, world: Acts, state: State) -> None:
    engagements = await views.load_engagements(dict.fromkeys(world.tweets, AUTHOR))
    likes = set()
    for tweet in world.tweets:
        known = engagements[tweet]
        likers = (await views.likers(tweet, 0, 99)).tolist()
        assert known.likes.tolist() == likers
        likes |= {(tweet, user) for user in likers}
        for kind, pairs in (
            (ReferenceKind.RETWEET, known.retweets),
            (ReferenceKind.REPLY, known.replies),
        ):
            rows = await views.references(kind, tweet, Span(99))
            assert sorted(rows.tweets.tolist()) == pairs.live.tolist()
            assert rows.authors.tolist() == [world.users[by % 3] for by in rows.tweets.tolist()]
            state["references"] |= {(kind, tweet, by) for by in rows.tweets.tolist()}
            state["gone"] |= {(kind, tweet, by) for by in pairs.gone.tolist()}
    assert state["likes"] == likes
