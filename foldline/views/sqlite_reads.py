"""What is served from the views in SQLite. Each answer is one row of JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from foldline.core.audience import Audience
from foldline.core.effects import ReferenceKind
from foldline.core.engagement import Engagement, References
from foldline.core.ids import IntArray
from foldline.core.span import Direction, Span
from foldline.sqlite import Database, answer
from foldline.views.port import (
    Account,
    Counts,
    ReferenceRows,
    Restrictions,
    TimelineRows,
    Tweet,
    ViewerRows,
)
from foldline.views.rows import account_of, profile_of, restrictions_of, tweet_of, words_of

_AUDIENCES: Final = """
SELECT json_group_array(json_array(
    value,
    (SELECT json_group_array(follower_id) FROM followers_by_user
     WHERE user_id = value AND alive),
    (SELECT json_group_array(tweet_id) FROM tweets_by_user
     WHERE author_id = value AND NOT deleted),
    (SELECT json_group_array(tweet_id) FROM tweets_by_user
     WHERE author_id = value AND deleted),
    EXISTS (SELECT 1 FROM celebrities WHERE author_id = value AND alive),
    (SELECT json_array(username, display_name, bio, verified, suspended, closed_at) FROM users
     WHERE user_id = value),
    (SELECT json_group_array(json_array(kind, about_id, cause, stamp, words_by_user.value))
     FROM words_by_user WHERE user_id = authors.value)
)) FROM json_each(?) AS authors
"""
_ENGAGEMENTS: Final = """
SELECT json_group_array(json_array(
    tweets.value,
    (SELECT json_group_array(user_id) FROM likes_by_tweet WHERE tweet_id = tweets.value AND alive),
    (SELECT json_group_array(json_array(kind, by_tweet_id, gone)) FROM references_by_tweet
     WHERE kind IN ('retweet', 'reply') AND tweet_id = tweets.value)
)) FROM json_each(?) AS tweets
"""
_ACCOUNTS: Final = """
SELECT json_group_array(json_array(
    user_id, username, display_name, bio, created_at, coalesce(followers, 0), coalesce(tweets, 0),
    verified, suspended, closed_at
))
FROM json_each(?) JOIN users ON user_id = value LEFT JOIN user_counts USING (user_id)
"""
_ACCOUNT_ID: Final = """
SELECT json_array(max(user_id)) FROM users_by_username WHERE username = ?
"""
_ACCOUNT_IDS: Final = """
SELECT json_group_array(user_id)
FROM (SELECT user_id FROM users WHERE user_id > ? ORDER BY user_id LIMIT ?)
"""
_TWEETS: Final = """
SELECT json_group_array(json_array(
    tweet_id, author_id, text, created_at, reply_to, deleted,
    reply_to_author, retweet_of, retweet_of_author
))
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
_FOLLOWING_AMONG: Final = """
SELECT json_group_array(follower_id)
FROM json_each(?) JOIN followers_by_user ON user_id = ? AND follower_id = value WHERE alive
"""
_RESTRICTIONS: Final = """
SELECT json_group_array(json_array(kind, other_id)) FROM restrictions_by_user
WHERE user_id = ? AND alive
"""
_COUNTS: Final = """
SELECT json_group_array(json_array(tweet_id, likes, retweets, replies))
FROM json_each(?) JOIN engagement_by_tweet ON tweet_id = value
"""
_LIKED_AMONG: Final = """
SELECT json_group_array(tweet_id)
FROM json_each(?) JOIN likes_by_tweet ON tweet_id = value AND user_id = ? WHERE alive
"""
_RETWEETS_AMONG: Final = """
SELECT json_group_array(json_array(tweet_id, retweet_id))
FROM json_each(?) JOIN retweets_by_user ON tweet_id = value AND user_id = ?
WHERE retweet_id IS NOT NULL
"""
_LIKERS: Final = """
SELECT json_group_array(user_id) FROM (
    SELECT user_id FROM likes_by_tweet
    WHERE tweet_id = ? AND alive AND user_id > ? ORDER BY user_id LIMIT ?
)
"""
_LIKES_OF: Final = """
SELECT json_group_array(json_array(tweet_id, author_id)) FROM (
    SELECT tweet_id, author_id FROM likes_by_tweet INDEXED BY likes_by_user
    WHERE user_id = ? AND alive AND tweet_id > ? ORDER BY tweet_id LIMIT ?
)
"""
_REFERENCES: Final = """
SELECT json_array(json_group_array(by_tweet_id), json_group_array(by_user_id)) FROM (
    SELECT by_tweet_id, by_user_id FROM references_by_tweet
    WHERE kind = ? AND tweet_id = ? AND by_user_id IS NOT NULL AND NOT gone
    AND by_tweet_id > ? AND by_tweet_id < ?
    ORDER BY by_tweet_id {order} LIMIT ?
)
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
                author_id,
                _sorted(followers),
                _sorted(tweets),
                _sorted(deleted),
                bool(celebrity),
                None if profile is None else profile_of(profile),
                words_of(words),
            )
            for author_id, followers, tweets, deleted, celebrity, profile, words in (
                await self._answer(_AUDIENCES, _json(author_ids))
            )
        }

    async def load_engagements(self, tweets: Mapping[int, int]) -> dict[int, Engagement]:
        rows = await self._answer(_ENGAGEMENTS, _json(list(tweets)))
        return {
            tweet_id: Engagement(
                tweet_id,
                tweets[tweet_id],
                _sorted(likes),
                _references(references, ReferenceKind.RETWEET),
                _references(references, ReferenceKind.REPLY),
            )
            for tweet_id, likes, references in rows
        }

    async def accounts(self, user_ids: Sequence[int]) -> dict[int, Account]:
        rows = await self._answer(_ACCOUNTS, _json(user_ids))
        return {row[0]: account_of(row) for row in rows}

    async def account_id(self, username: str) -> int | None:
        found: list[int | None] = await self._answer(_ACCOUNT_ID, username)
        return found[0]

    async def account_ids(self, after: int | None, limit: int) -> IntArray:
        return _sorted(await self._answer(_ACCOUNT_IDS, after or 0, limit))

    async def tweets(self, tweet_ids: Sequence[int]) -> dict[int, Tweet]:
        rows = await self._answer(_TWEETS, _json(tweet_ids))
        return {row[0]: tweet_of(row) for row in rows}

    async def tweets_of(self, author_ids: Sequence[int], span: Span) -> dict[int, IntArray]:
        query = _TWEETS_OF.format(order=_ORDER[span.direction])
        rows = await self._answer(query, span.above, span.below, span.limit, _json(author_ids))
        return {author_id: _in_order(_sorted(ids), span) for author_id, ids in rows}

    async def timeline(self, user_id: int, span: Span) -> TimelineRows:
        query = _TIMELINE.format(order=_ORDER[span.direction])
        found = await self._answer(query, user_id, span.above, span.below, span.limit)
        return TimelineRows(*_pairs_in_order(found, span))

    async def floor(self, user_id: int) -> int:
        found: list[int] = await self._answer(_FLOOR, user_id)
        return found[0] if found else 0

    async def celebrities(self) -> IntArray:
        return _sorted(await self._answer(_CELEBRITIES))

    async def following(self, user_id: int) -> IntArray:
        return _sorted(await self._answer(_FOLLOWING, user_id))

    async def following_among(self, follower_ids: Sequence[int], followee_id: int) -> IntArray:
        return _sorted(await self._answer(_FOLLOWING_AMONG, _json(follower_ids), followee_id))

    async def followers(self, user_id: int, after: int, limit: int) -> IntArray:
        return _sorted(await self._answer(_FOLLOWERS, user_id, after, limit))

    async def restrictions(self, user_id: int) -> Restrictions:
        return restrictions_of(await self._answer(_RESTRICTIONS, user_id))

    async def viewers(self, user_ids: Sequence[int]) -> dict[int, ViewerRows]:
        return {
            user: ViewerRows(
                await self.following(user), await self.restrictions(user), await self.floor(user)
            )
            for user in user_ids
        }

    async def counts(self, tweet_ids: Sequence[int]) -> dict[int, Counts]:
        rows = await self._answer(_COUNTS, _json(tweet_ids))
        return {tweet_id: Counts(*numbers) for tweet_id, *numbers in rows}

    async def liked_among(self, user_id: int, tweet_ids: Sequence[int]) -> IntArray:
        return _sorted(await self._answer(_LIKED_AMONG, _json(tweet_ids), user_id))

    async def retweets_among(self, user_id: int, tweet_ids: Sequence[int]) -> dict[int, int]:
        return dict(await self._answer(_RETWEETS_AMONG, _json(tweet_ids), user_id))

    async def likers(self, tweet_id: int, after: int, limit: int) -> IntArray:
        return _sorted(await self._answer(_LIKERS, tweet_id, after, limit))

    async def likes_of(self, user_id: int, after: int, limit: int) -> dict[int, int]:
        return dict(await self._answer(_LIKES_OF, user_id, after, limit))

    async def references(self, kind: ReferenceKind, tweet_id: int, span: Span) -> ReferenceRows:
        query = _REFERENCES.format(order=_ORDER[span.direction])
        asked = (kind, tweet_id, span.above, span.below, span.limit)
        return ReferenceRows(*_pairs_in_order(await self._answer(query, *asked), span))

    async def _answer(self, query: str, *values: object) -> Any:
        return await self._database.read(lambda c: answer(c, query, *values))


def _references(rows: list[list[Any]], kind: ReferenceKind) -> References:
    own = [(by_tweet_id, gone) for of, by_tweet_id, gone in rows if of == kind]
    return References(
        live=_sorted([by for by, gone in own if not gone]),
        gone=_sorted([by for by, gone in own if gone]),
    )


def _json(ids: Sequence[int]) -> str:
    """Ids as a parameter of json_each, each once."""
    return str([*map(int, set(ids))])


def _sorted(ids: list[int]) -> IntArray:
    return np.sort(np.array(ids, dtype=np.int64))


def _pairs_in_order(columns: Sequence[list[int]], span: Span) -> tuple[IntArray, IntArray]:
    """Two columns, by the first."""
    first, second = (np.array(column, dtype=np.int64) for column in columns)
    order = _in_order(np.argsort(first), span)
    return first[order], second[order]


def _in_order(ascending: IntArray, span: Span) -> IntArray:
    return ascending if span.direction is Direction.NEWER else ascending[::-1]
