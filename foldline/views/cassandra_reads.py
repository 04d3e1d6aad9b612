"""Reads of the served views from Cassandra.

What a page needs of many small partitions is asked for by a few keys a request: the driver spends
far more on a request than on a row. (126 tweets: 24 ms of client CPU one by one, 1.7 ms as here.)
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from foldline.cassandra import CassandraSession, Row
from foldline.core.effects import ReferenceKind
from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span
from foldline.views.cassandra_rows import Placement, second_of
from foldline.views.port import (
    Account,
    Counts,
    ReferenceRows,
    Restrictions,
    TimelineRows,
    Tweet,
    ViewerRows,
)
from foldline.views.rows import account_of, restrictions_of, tweet_of

_KEYS_PER_READ: Final = 25  # more would wait for one coordinator
_ROWS_PER_READ: Final = 5_000
_ENTRIES: Final = {Direction.OLDER: "older_entries", Direction.NEWER: "newer_entries"}
_REFERENCES: Final = {
    (ReferenceKind.RETWEET, Direction.OLDER): "older_retweets",
    (ReferenceKind.RETWEET, Direction.NEWER): "newer_retweets",
    (ReferenceKind.REPLY, Direction.OLDER): "older_replies",
    (ReferenceKind.REPLY, Direction.NEWER): "newer_replies",
}
_TWEETS: Final = {Direction.OLDER: "older_tweets", Direction.NEWER: "newer_tweets"}


class CassandraReads:
    """`views.port.ServedViews` on one generation's keyspace."""

    def __init__(self, session: CassandraSession, placement: Placement) -> None:
        self._session = session
        self._placement = placement

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        rows = await self._of("accounts", user_ids, lambda some: [some])
        return {row[0]: account_of(row) for row in rows if row[1] is not None}

    async def account_id(self, username: str) -> int | None:
        rows = await self._session.rows("account_id", username)
        return int(rows[0][0]) if rows else None

    async def account_ids(self, after: int | None, limit: int) -> IntArray:
        found: list[int] = []
        while len(found) < limit:
            rows = await (
                self._session.rows("first_accounts", limit)
                if after is None
                else self._session.rows("next_accounts", after, limit)
            )
            found += [user_id for user_id, username in rows if username is not None]
            if len(rows) < limit:
                break
            after = rows[-1][0]
        return np.array(found[:limit], dtype=np.int64)

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        rows = await self._of("tweets", tweet_ids, lambda some: [_seconds_of(some), some])
        return {row[0]: tweet_of(row) for row in rows if row[1] is not None}

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        found: dict[int, list[int]] = {author_id: [] for author_id in author_ids}
        await self._session.for_each(
            partial(self._find_tweets, span=span, found=found),
            _shares(list(found), _ROWS_PER_READ // span.limit),
        )
        return {a: np.array(ids[: span.limit], dtype=np.int64) for a, ids in found.items()}

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        place = self._placement.bucket(user_id), user_id
        rows = await self._session.rows(
            _ENTRIES[span.direction], *place, span.above, span.below, span.limit
        )
        columns = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return TimelineRows(columns[:, 0], columns[:, 1])

    async def floor(self, user_id: int) -> int:
        rows = await self._session.rows("floor", user_id)
        return int(rows[0][0]) if rows else 0

    async def celebrities(self) -> IntArray:
        return np.sort(await self._session.ids("celebrities", self._placement.all_shards))

    async def following(self, user_id: int) -> IntArray:
        return await self._session.ids("following", user_id)

    async def following_among(self, follower_ids: Sequence[int], followee_id: int) -> IntArray:
        rows = await self._of("following_among", follower_ids, lambda some: [some, followee_id])
        return np.sort(np.array([row[0] for row in rows], dtype=np.int64))

    async def followers(self, user_id: int, after: int, limit: int) -> IntArray:
        shards = self._placement.all_shards
        return np.sort(await self._session.ids("next_followers", user_id, shards, after, limit))[
            :limit
        ]

    async def restrictions(self, user_id: int) -> Restrictions:
        return restrictions_of(await self._session.rows("restrictions", user_id))

    async def viewers(self, user_ids: Sequence[int]) -> dict[int, ViewerRows]:
        following, restrictions, floors = await asyncio.gather(
            *(
                self._of(name, user_ids, lambda some: [some])
                for name in ("following_of", "restrictions_of", "floors")
            )
        )
        follows, restricts = _grouped(following), _grouped(restrictions)
        floor_of: dict[int, int] = dict(floors)
        return {
            user: ViewerRows(
                np.array([followee for (followee,) in follows[user]], dtype=np.int64),
                restrictions_of(restricts[user]),
                floor_of.get(user, 0),
            )
            for user in user_ids
        }

    async def counts(self, tweet_ids: Sequence[int]) -> dict[int, Counts]:
        rows = await self._of("engagement", tweet_ids, lambda some: [some])
        return {tweet_id: Counts(*numbers) for tweet_id, *numbers in rows}

    async def liked_among(self, user_id: int, tweet_ids: Sequence[int]) -> IntArray:
        rows = await self._of("liked_among", tweet_ids, lambda some: [user_id, some])
        return np.sort(np.array([row[0] for row in rows], dtype=np.int64))

    async def retweets_among(self, user_id: int, tweet_ids: Sequence[int]) -> dict[int, int]:
        rows = await self._of("retweets_among", tweet_ids, lambda some: [user_id, some])
        return dict(rows)

    async def likers(self, tweet_id: int, after: int, limit: int) -> IntArray:
        shards = self._placement.all_shards
        found = await self._session.ids("next_likers", tweet_id, shards, after, limit)
        return np.sort(found)[:limit]

    async def likes_of(self, user_id: int, after: int, limit: int) -> dict[int, int]:
        rows = await self._session.rows("likes_of", user_id, after, limit)
        return dict(rows)

    async def references(self, kind: ReferenceKind, tweet_id: int, span: Span) -> ReferenceRows:
        name = _REFERENCES[kind, span.direction]
        found: list[tuple[int, int]] = []
        while len(found) < span.limit:
            rows = await self._session.rows(name, tweet_id, span.above, span.below, span.limit)
            found += [(by, user) for by, user, gone in rows if user is not None and not gone]
            if len(rows) < span.limit:
                break
            span = _behind(span, rows[-1][0])  # where ones that are gone took the place of others
        columns = np.array(found[: span.limit], dtype=np.int64).reshape(-1, 2)
        return ReferenceRows(columns[:, 0], columns[:, 1])

    async def _find_tweets(
        self, authors: Sequence[int], span: Span, found: dict[int, list[int]]
    ) -> None:
        """Add the authors' live tweets, each author's up to the limit at least."""
        todo = [(authors, span)]
        while todo:
            asked, within = todo.pop()
            rows = await self._session.rows(
                _TWEETS[span.direction], asked, within.above, within.below, span.limit
            )
            own: dict[int, list[int]] = defaultdict(list)
            for author_id, tweet_id, deleted in rows:
                own[author_id].append(tweet_id)
                if not deleted:
                    found[author_id].append(tweet_id)
            todo += [  # where deleted ones have taken the place of others
                ([author_id], _behind(within, ids[-1]))
                for author_id, ids in own.items()
                if len(ids) == span.limit > len(found[author_id])
            ]

    async def _of(
        self, name: str, keys: Sequence[int], values: Callable[[Sequence[int]], Sequence[object]]
    ) -> list[Row]:
        """The rows of many keys, in no order. `values`: the parameters that ask for some of them,
        which are neighbours."""
        found: list[Row] = []

        async def read(some: Sequence[int]) -> None:
            found.extend(await self._session.rows(name, *values(some)))

        await self._session.for_each(read, _shares(sorted(set(keys))))
        return found


def _grouped(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """The rest of each row, by its first column."""
    found: dict[int, list[Row]] = defaultdict(list)
    for key, *rest in rows:
        found[key].append(tuple(rest))
    return found


def _seconds_of(tweet_ids: Sequence[int]) -> list[int]:
    return sorted({second_of(tweet_id) for tweet_id in tweet_ids})


def _shares(keys: Sequence[int], most: int = _KEYS_PER_READ) -> list[Sequence[int]]:
    size = max(1, min(most, _KEYS_PER_READ))
    return [keys[start : start + size] for start in range(0, len(keys), size)]


def _behind(span: Span, tweet_id: int) -> Span:
    if span.direction is Direction.NEWER:
        return replace(span, above=tweet_id)
    return replace(span, below=tweet_id)
