"""What is served from the views in SQLite. Each answer is one row of JSON."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from foldline.core.audience import Audience
from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span
from foldline.sqlite import Database, answer
from foldline.views.port import Account, TimelineRows, Tweet

_AUDIENCES: Final = """
SELECT json_group_array(json_array(
    value,
    (SELECT json_group_array(follower_id) FROM followers_by_user
     WHERE user_id = value AND alive),
    (SELECT json_group_array(tweet_id) FROM tweets_by_user
     WHERE author_id = value AND NOT deleted),
    (SELECT json_group_array(tweet_id) FROM tweets_by_user
     WHERE author_id = value AND deleted),
    EXISTS (SELECT 1 FROM celebrities WHERE author_id = value AND alive)
)) FROM json_each(?)
"""
_ACCOUNTS: Final = """
SELECT json_group_array(json_array(
    user_id, username, display_name, bio, created_at, coalesce(followers, 0), coalesce(tweets, 0)
))
FROM json_each(?) JOIN users ON user_id = value LEFT JOIN user_counts USING (user_id)
"""
_ACCOUNT_ID: Final = """
SELECT json_group_array(user_id) FROM users_by_username WHERE username = ?
"""
_ACCOUNT_IDS: Final = """
SELECT json_group_array(user_id)
FROM (SELECT user_id FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?)
"""
_TWEETS: Final = """
SELECT json_group_array(json_array(tweet_id, author_id, text, created_at, reply_to, deleted))
FROM json_each(?) JOIN tweets_by_id ON tweet_id = value WHERE text IS NOT NULL
"""
_TWEETS_OF: Final = """
SELECT json_group_array(json_array(authors.value, (
    SELECT json_group_array(tweet_id) FROM (
        SELECT tweet_id FROM tweets_by_user
        WHERE author_id = authors.value AND NOT deleted AND tweet_id > ? AND tweet_id < ?
        ORDER BY tweet_id {order} LIMIT ?
    )
))) FROM json_each(?) AS authors
"""
_TIMELINE: Final = """
SELECT json_array(json_group_array(tweet_id), json_group_array(author_id)) FROM (
    SELECT tweet_id, author_id FROM user_timelines
    WHERE user_id = ? AND alive AND tweet_id > ? AND tweet_id < ?
    ORDER BY tweet_id {order} LIMIT ?
)
"""
_FLOOR: Final = "SELECT json_group_array(floor) FROM timeline_floors WHERE user_id = ?"
_CELEBRITIES: Final = "SELECT json_group_array(author_id) FROM celebrities WHERE alive"
_FOLLOWING: Final = """
SELECT json_group_array(user_id) FROM followers_by_user WHERE follower_id = ? AND alive
"""
_FOLLOWS: Final = """
SELECT json_group_array(user_id) FROM followers_by_user
WHERE follower_id = ? AND user_id = ? AND alive
"""
_FOLLOWERS: Final = """
SELECT json_group_array(follower_id) FROM (
    SELECT follower_id FROM followers_by_user
    WHERE user_id = ? AND alive AND follower_id > ? ORDER BY follower_id LIMIT ?
)
"""
_ORDER: Final = {Direction.OLDER: "DESC", Direction.NEWER: "ASC"}


class SqliteReads:
    """`views.port.ServedViews`, and the reads that the projector needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, author_ids: Sequence[int]) -> dict[int, Audience]:
        return {
            author_id: Audience(
                author_id, _sorted(followers), _sorted(tweets), _sorted(deleted), bool(celebrity)
            )
            for author_id, followers, tweets, deleted, celebrity in await self._answer(
                _AUDIENCES, _json(author_ids)
            )
        }

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        rows = await self._answer(_ACCOUNTS, _json(user_ids))
        return {row[0]: Account(*row) for row in rows}

    async def account_id(self, username: str) -> int | None:
        found: list[int] = await self._answer(_ACCOUNT_ID, username)
        return found[0] if found else None

    async def account_ids(self, after: int | None, limit: int) -> IntArray:
        return _sorted(await self._answer(_ACCOUNT_IDS, after or 0, limit))

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        rows = await self._answer(_TWEETS, _json(tweet_ids))
        return {
            tweet_id: Tweet(tweet_id, author_id, text, created_at, reply_to, bool(deleted))
            for tweet_id, author_id, text, created_at, reply_to, deleted in rows
        }

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        query = _TWEETS_OF.format(order=_ORDER[span.direction])
        rows = await self._answer(query, span.above, span.below, span.limit, _json(author_ids))
        return {author_id: _in_order(_sorted(ids), span) for author_id, ids in rows}

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        query = _TIMELINE.format(order=_ORDER[span.direction])
        tweets, authors = (
            np.array(column, dtype=np.int64)
            for column in await self._answer(query, user_id, span.above, span.below, span.limit)
        )
        order = _in_order(np.argsort(tweets), span)
        return TimelineRows(tweets[order], authors[order])

    async def floor(self, user_id: int) -> int:
        found: list[int] = await self._answer(_FLOOR, user_id)
        return found[0] if found else 0

    async def celebrities(self) -> IntArray:
        return _sorted(await self._answer(_CELEBRITIES))

    async def following(self, user_id: int) -> IntArray:
        return _sorted(await self._answer(_FOLLOWING, user_id))

    async def follows(self, follower_id: int, followee_id: int) -> bool:
        return bool(await self._answer(_FOLLOWS, follower_id, followee_id))

    async def followers(self, user_id: int, after: int, limit: int) -> IntArray:
        return _sorted(await self._answer(_FOLLOWERS, user_id, after, limit))

    async def _answer(self, query: str, *values: object) -> Any:
        return await self._database.read(lambda c: answer(c, query, *values))


def _json(ids: Sequence[int]) -> str:
    """Ids as a parameter of json_each, each once."""
    return str([*map(int, set(ids))])


def _sorted(ids: list[int]) -> IntArray:
    return np.sort(np.array(ids, dtype=np.int64))


def _in_order(ascending: IntArray, span: Span) -> IntArray:
    return ascending if span.direction is Direction.NEWER else ascending[::-1]
