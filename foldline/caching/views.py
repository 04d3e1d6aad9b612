"""The served views, read through the caches: the same answers, sooner.

Cached are bodies and sets; a timeline's own rows change with every delivery and are read anew, but
for calls at one moment, which share an answer. Where the bus is not usable all is read from the
store. What nothing may be cached of, and why:

- the set of celebrities and the floors: readers rely on how old these are (`query.celebrities`) and
  on the order in which they are read (`query.skeleton`);
- what is not there: an absent account or tweet is asked for again each time.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from foldline.cache.port import Cache
from foldline.caching.bus import Bus
from foldline.caching.closed import Closed
from foldline.caching.heads import Heads
from foldline.caching.kept import noted
from foldline.caching.keys import Key, Kind
from foldline.caching.levels import Levels, Read, Sizes
from foldline.caching.newest import PAGE, cut
from foldline.caching.shared import Shared
from foldline.caching.values import ACCOUNTS, COUNTS, IDS, RESTRICTIONS, TWEETS, Format, V, frozen
from foldline.clock import Clock
from foldline.core.effects import ReferenceKind
from foldline.core.ids import MAX_ID, NO_IDS, IntArray
from foldline.core.span import Span
from foldline.settings import Settings
from foldline.views.port import (
    Account,
    Counts,
    ReferenceRows,
    Restrictions,
    ServedViews,
    TimelineRows,
    Tweet,
    ViewerRows,
)

_NONE: Final = Counts(0, 0, 0)


class CachedViews:
    """`views.port.ServedViews` over another one, and a `Listener` of the bus."""

    def __init__(
        self, views: ServedViews, bus: Bus, cache: Cache | None, settings: Settings, clock: Clock
    ) -> None:
        self._views = views
        self._bus = bus
        self._shared = None if cache is None else Shared(cache)
        self._clock = clock
        self._celebrities: frozenset[int] = frozenset()
        self._closed = Closed(clock, settings.cached_sets_s)
        self._heads = Heads(views, bus)

        def levels(
            kind: Kind, form: Format[V], read: Read[V], most: int, lifetime_s: float
        ) -> Levels[V]:
            return Levels(kind, form, read, Sizes(most, lifetime_s), self._shared, clock)

        most, sets_most = settings.cached_bodies, settings.cached_sets
        sets_s = settings.cached_sets_s
        self._tweets = levels(Kind.TWEET, TWEETS, views.tweets, most, settings.cached_tweets_s)
        self._counts = levels(Kind.COUNTS, COUNTS, self._read_counts, most, sets_s)
        self._accounts = levels(Kind.ACCOUNT, ACCOUNTS, views.accounts, most, sets_s)
        self._following = levels(Kind.FOLLOWING, IDS, self._read_following, sets_most, sets_s)
        self._newest = levels(Kind.NEWEST, IDS, self._read_newest, sets_most, sets_s)
        self._restrictions = levels(
            Kind.RESTRICTIONS, RESTRICTIONS, self._read_restrictions, sets_most, sets_s
        )
        self._levels: dict[Kind, Levels[Any]] = {
            Kind.TWEET: self._tweets,
            Kind.COUNTS: self._counts,
            Kind.ACCOUNT: self._accounts,
            Kind.FOLLOWING: self._following,
            Kind.NEWEST: self._newest,
            Kind.RESTRICTIONS: self._restrictions,
        }
        bus.listen(self)

    def drop(self, keys: Collection[Key]) -> None:
        for kind, key_id in keys:
            if kind is Kind.FOLLOWED:
                if not self._closed.add(key_id):
                    self.empty()
            elif kind in self._levels:
                self._levels[kind].drop(key_id)
        if self._shared is not None:
            self._shared.drop([key for key in keys if key.kind in self._levels])

    def empty(self) -> None:
        for levels in self._levels.values():
            levels.empty()
        if self._shared is not None:
            self._shared.forget()
        self._closed.clear()

    async def close(self) -> None:
        """Finish what is under way, and close the shared cache; the views stay open."""
        for levels in self._levels.values():
            await levels.close()
        if self._shared is not None:
            await self._shared.close()

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        noted(Kind.ACCOUNT, user_ids)
        if not self._bus.usable:
            return await self._views.accounts(user_ids)
        return await self._accounts.get(user_ids)

    async def account_id(self, username: str) -> int | None:
        return await self._views.account_id(username)

    async def account_ids(self, after: int | None, limit: int) -> IntArray:
        return await self._views.account_ids(after, limit)

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        noted(Kind.TWEET, tweet_ids)
        if not self._bus.usable:
            return await self._views.tweets(tweet_ids)
        return await self._tweets.get(tweet_ids)

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        ours: list[int] = []
        if self._bus.usable and span.below == MAX_ID:
            ours = [author_id for author_id in author_ids if author_id in self._celebrities]
        if not ours:
            return await self._views.tweets_of(author_ids, span)
        others = [author_id for author_id in author_ids if author_id not in self._celebrities]
        pages, found = await asyncio.gather(self._newest.get(ours), self._pages_of(others, span))
        for author_id, page in pages.items():
            if (ids := cut(page, span)) is not None:
                found[author_id] = ids
        return found | await self._pages_of([each for each in ours if each not in found], span)

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        if not self._bus.usable:
            return await self._views.timeline(user_id, span)
        return await self._heads.timeline(user_id, span)

    async def floor(self, user_id: int) -> int:
        return await self._views.floor(user_id)

    async def celebrities(self) -> IntArray:
        found = await self._views.celebrities()
        self._celebrities = frozenset(found.tolist())
        return found

    async def following(self, user_id: int) -> IntArray:
        noted(Kind.FOLLOWING, (user_id,))
        if not self._bus.usable:
            return await self._views.following(user_id)
        found = await self._following.get([user_id])
        return self._closed.taken_from(found.get(user_id, NO_IDS))

    async def following_among(self, follower_ids: Sequence[int], followee_id: int) -> IntArray:
        return await self._views.following_among(follower_ids, followee_id)

    async def followers(self, user_id: int, after: int, limit: int) -> IntArray:
        return await self._views.followers(user_id, after, limit)

    async def restrictions(self, user_id: int) -> Restrictions:
        noted(Kind.RESTRICTIONS, (user_id,))
        if not self._bus.usable:
            return await self._views.restrictions(user_id)
        return (await self._restrictions.get([user_id]))[user_id]

    async def viewers(self, user_ids: Sequence[int]) -> dict[int, ViewerRows]:
        return await self._views.viewers(user_ids)

    async def counts(self, tweet_ids: Sequence[int]) -> dict[int, Counts]:
        noted(Kind.COUNTS, tweet_ids)
        if not self._bus.usable:
            return await self._views.counts(tweet_ids)
        found = await self._counts.get(tweet_ids)
        return {tweet_id: counts for tweet_id, counts in found.items() if counts != _NONE}

    async def liked_among(self, user_id: int, tweet_ids: Sequence[int]) -> IntArray:
        return await self._views.liked_among(user_id, tweet_ids)

    async def retweets_among(self, user_id: int, tweet_ids: Sequence[int]) -> dict[int, int]:
        return await self._views.retweets_among(user_id, tweet_ids)

    async def likers(self, tweet_id: int, after: int, limit: int) -> IntArray:
        return await self._views.likers(tweet_id, after, limit)

    async def likes_of(self, user_id: int, after: int, limit: int) -> dict[int, int]:
        return await self._views.likes_of(user_id, after, limit)

    async def references(self, kind: ReferenceKind, tweet_id: int, span: Span) -> ReferenceRows:
        return await self._views.references(kind, tweet_id, span)

    async def _pages_of(self, author_ids: list[int], span: Span) -> dict[int, IntArray]:
        return await self._views.tweets_of(author_ids, span) if author_ids else {}

    async def _read_counts(self, tweet_ids: Sequence[int]) -> Mapping[int, Counts]:
        # Most tweets have none: that is known too, until an event says otherwise.
        return dict.fromkeys(tweet_ids, _NONE) | await self._views.counts(tweet_ids)

    async def _read_newest(self, author_ids: Sequence[int]) -> Mapping[int, IntArray]:
        pages = await self._views.tweets_of(author_ids, Span(PAGE))
        return {author_id: frozen(page) for author_id, page in pages.items()}

    async def _read_following(self, user_ids: Sequence[int]) -> Mapping[int, IntArray]:
        sets = await asyncio.gather(*map(self._views.following, user_ids))
        return {each: frozen(ids) for each, ids in zip(user_ids, sets, strict=True)}

    async def _read_restrictions(self, user_ids: Sequence[int]) -> Mapping[int, Restrictions]:
        found = await asyncio.gather(*map(self._views.restrictions, user_ids))
        return {
            each: Restrictions(*map(frozen, (of.blocks, of.blocked_by, of.mutes)))
            for each, of in zip(user_ids, found, strict=True)
        }
