"""Ten ways in which views can go wrong, planted into the stores of both profiles as effects that no
event has, under stamps that are older than the last one that was folded."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.ids import IntArray, partition_of
from foldline.core.ledger import Ledger
from foldline.core.position import stamp_of
from foldline.core.span import Span
from foldline.views.port import Views
from streams.tailed_ledger import TailedLedger
from tests.rebuild.world import RebuiltWorld

ALL: Final = Span(limit=500)
PHANTOM: Final = 123_456_789


@dataclass(frozen=True)
class Place:
    """Where to corrupt. `user`: who has a timeline, follows, is followed and has tweets."""

    views: Views
    ledger: Ledger
    user: int

    def stamp(self, key: int) -> int:
        """Just below that of the last event of the key's partition."""
        positions = self.ledger.positions
        return stamp_of(positions[partition_of(key, len(positions))] - 2)

    async def rows(self) -> IntArray:
        return (await self.views.timeline(self.user, ALL)).tweets

    def author(self, tweet: int) -> int:
        return self.ledger.authors[tweet]

    @property
    def followee(self) -> int:
        return min(self.ledger.follows[self.user])

    @property
    def follower(self) -> int:
        return min(self.ledger.accounts[self.user].followers)

    @property
    def tweet(self) -> int:
        return max(self.ledger.accounts[self.user].tweets)


def one(value: int) -> IntArray:
    return np.array([value], dtype=np.int64)


async def row_deleted(at: Place) -> list[fx.Effect]:
    tweet = int((await at.rows())[0])
    author = at.author(tweet)
    return [fx.Retract(author, one(tweet), one(at.user), at.stamp(author))]


async def phantom_row(at: Place) -> list[fx.Effect]:
    """A tweet of somebody followed that was deleted, or never was."""
    stamp = at.stamp(at.followee)
    put = fx.PutTweet(PHANTOM, at.followee, "boo", 0, None, stamp)
    return [put, fx.Deliver(at.followee, one(PHANTOM), one(at.user), stamp)]


async def wrong_count(at: Place) -> list[fx.Effect]:
    return [fx.SetCounts(at.user, 7_777, 3, at.stamp(at.user))]


async def stale_profile(at: Place) -> list[fx.Effect]:
    return [fx.PutAccount(at.user, f"u{at.user}", "an older name", "", 0, at.stamp(at.user))]


async def missing_edge(at: Place) -> list[fx.Effect]:
    return [fx.DropEdge(at.user, at.followee, at.stamp(at.followee))]


async def phantom_edge(at: Place) -> list[fx.Effect]:
    strangers = at.ledger.accounts.keys() - at.ledger.follows[at.user] - {at.user}
    return [fx.PutEdge(at.user, min(strangers), at.stamp(min(strangers)))]


async def truncated_bucket(at: Place) -> list[fx.Effect]:
    rows = await at.rows()
    authors = [(tweet, at.author(tweet)) for tweet in rows.tolist()]
    return [fx.Retract(a, one(t), one(at.user), at.stamp(a)) for t, a in authors]


async def lost_tweet(at: Place) -> list[fx.Effect]:
    """Its text is another."""
    return [fx.PutTweet(at.tweet, at.user, "not what was said", 0, None, at.stamp(at.user))]


async def wrong_engagement(at: Place) -> list[fx.Effect]:
    return [fx.SetEngagement(at.tweet, 99, 98, 97, at.stamp(at.user))]


async def phantom_mute(at: Place) -> list[fx.Effect]:
    return [fx.SetMute(at.user, at.followee, True, at.stamp(at.followee))]


CORRUPTIONS: Final[Mapping[str, Callable[[Place], Awaitable[list[fx.Effect]]]]] = {
    corrupt.__name__: corrupt
    for corrupt in (
        row_deleted,
        phantom_row,
        wrong_count,
        stale_profile,
        missing_edge,
        phantom_edge,
        truncated_bucket,
        lost_tweet,
        wrong_engagement,
        phantom_mute,
    )
}


def last_words() -> list[ev.Event]:
    """In each partition two events that touch nothing which is corrupted."""
    bystander = {partition_of(each, 4): each for each in range(1_000_000, 1_000_100)}
    return [ev.AccountCreated(each, f"u{each}") for each in bystander.values()] + [
        ev.AccountVerified(each) for each in bystander.values()
    ]


async def place(world: RebuiltWorld) -> Place:
    """Where the world can be corrupted, as it stands now."""
    log = world.profile.log
    tailed = await TailedLedger.open(log, world.settings.log_epoch)
    await tailed.advance(await log.ends())
    await tailed.close()
    ledger = tailed.ledger
    user = next(u for u in ledger.users() if ledger.accounts[u].ids and ledger.follows[u])
    return Place(world.profile.views, ledger, user)
