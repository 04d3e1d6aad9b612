"""What each effect writes. All rows of one kind in a batch go by one statement."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import numpy as np
import orjson

from foldline.core import effects as fx
from foldline.core.deliveries import Deliveries, gather
from foldline.sqlite import write_rows


def _guarded(table: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """The insert of a row that gives way to one of the same key under a higher stamp, and takes
    the place of any other. Where there is `alive`, a removal wins at equal stamps."""
    columns = (*keys, *values, "stamp")
    row = ", ".join("?" * len(columns))
    taken = ", ".join(f"{column} = excluded.{column}" for column in (*values, "stamp"))
    tie = " OR (excluded.stamp = stamp AND NOT excluded.alive)" if "alive" in values else ""
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({row}) "  # noqa: S608
        f"ON CONFLICT DO UPDATE SET {taken} WHERE excluded.stamp > stamp{tie}"
    )


_PUT_ACCOUNT: Final = _guarded(
    "users",
    ["user_id"],
    [
        "username",
        "display_name",
        "bio",
        "created_at",
        "verified",
        "suspended",
        "closed_at",
    ],
)
_PUT_USERNAME: Final = """
INSERT INTO users_by_username (username, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING
"""
_SET_COUNTS: Final = _guarded("user_counts", ["user_id"], ["followers", "tweets"])
_PUT_TWEET: Final = _guarded(
    "tweets_by_id",
    ["tweet_id"],
    [
        "author_id",
        "text",
        "created_at",
        "reply_to",
        "reply_to_author",
        "retweet_of",
        "retweet_of_author",
    ],
)
_LIST_TWEET: Final = """
INSERT INTO tweets_by_user (author_id, tweet_id) VALUES (?, ?) ON CONFLICT DO NOTHING
"""
_MARK_DELETED: Final = """
INSERT INTO tweets_by_id (tweet_id, deleted) VALUES (?, ?)
ON CONFLICT DO UPDATE SET deleted = 1
"""
_UNLIST_TWEET: Final = """
INSERT INTO tweets_by_user (author_id, tweet_id, deleted) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET deleted = 1
"""
_SET_EDGE: Final = _guarded("followers_by_user", ["user_id", "follower_id"], ["alive"])
_SET_RESTRICTION: Final = _guarded(
    "restrictions_by_user", ["user_id", "kind", "other_id"], ["alive"]
)
_PUT_WORD: Final = """
INSERT INTO words_by_user (user_id, kind, about_id, cause, value, stamp) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_SET_LIKE: Final = _guarded("likes_by_tweet", ["tweet_id", "user_id"], ["author_id", "alive"])
_PUT_REFERENCE: Final = """
INSERT INTO references_by_tweet (kind, tweet_id, by_tweet_id, by_user_id) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET by_user_id = excluded.by_user_id
"""
_DROP_REFERENCE: Final = """
INSERT INTO references_by_tweet (kind, tweet_id, by_tweet_id, gone) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET gone = 1
"""
_SET_OWN_RETWEET: Final = _guarded("retweets_by_user", ["user_id", "tweet_id"], ["retweet_id"])
_SET_ENGAGEMENT: Final = _guarded(
    "engagement_by_tweet", ["tweet_id"], ["likes", "retweets", "replies"]
)
_SET_CELEBRITY: Final = _guarded("celebrities", ["author_id"], ["alive"])
_PUT_DEAD_LETTER: Final = _guarded(
    "dead_letters", ["log_partition", "log_offset"], ["error", "value"]
)
_DELIVER: Final = """
INSERT INTO user_timelines (user_id, tweet_id, author_id, stamp, alive)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?) WHERE true
ON CONFLICT DO UPDATE SET author_id = excluded.author_id, stamp = excluded.stamp,
    alive = excluded.alive
WHERE excluded.stamp > stamp OR (excluded.stamp = stamp AND NOT excluded.alive)
"""
_RAISE_FLOOR: Final = """
INSERT INTO timeline_floors (user_id, floor) SELECT value, ? FROM json_each(?) WHERE true
ON CONFLICT DO UPDATE SET floor = excluded.floor WHERE excluded.floor > floor
"""
_TRIM: Final = "DELETE FROM user_timelines WHERE user_id = ? AND tweet_id < ?"
_SET_PROGRESS: Final = """
INSERT INTO progress (log_partition, next_offset) VALUES (?, ?)
ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset
WHERE excluded.next_offset > next_offset
"""

_Row = tuple[object, ...]
_Rows = Sequence[tuple[str, Callable[[Any], Iterable[_Row]]]]


def _fields(*names: str) -> Callable[[Any], Iterable[_Row]]:
    """One row of these fields of an effect."""
    get = attrgetter(*names)
    return lambda effect: (get(effect),)


def _edge(alive: bool) -> Callable[[Any], Iterable[_Row]]:
    return lambda e: ((e.followee_id, e.follower_id, alive, e.stamp),)


def _dropped(effect: fx.DropFollowers) -> Iterable[_Row]:
    return ((effect.followee_id, f, False, effect.stamp) for f in effect.followers.tolist())


def _block(effect: fx.SetBlock) -> Iterable[_Row]:
    stands = (effect.blocked, effect.stamp)
    yield (effect.blocker_id, "blocks", effect.blocked_id, *stands)
    yield (effect.blocked_id, "blocked_by", effect.blocker_id, *stands)


_ROWS: Final[Mapping[type, _Rows]] = {
    fx.PutAccount: (
        (
            _PUT_ACCOUNT,
            _fields(
                "user_id",
                "username",
                "display_name",
                "bio",
                "created_at",
                "verified",
                "suspended",
                "closed_at",
                "stamp",
            ),
        ),
        (_PUT_USERNAME, _fields("username", "user_id")),
    ),
    fx.SetCounts: ((_SET_COUNTS, _fields("user_id", "followers", "tweets", "stamp")),),
    fx.PutTweet: (
        (
            _PUT_TWEET,
            _fields(
                "tweet_id",
                "author_id",
                "text",
                "created_at",
                "reply_to",
                "reply_to_author",
                "retweet_of",
                "retweet_of_author",
                "stamp",
            ),
        ),
        (_LIST_TWEET, _fields("author_id", "tweet_id")),
    ),
    fx.DeleteTweet: (
        (_MARK_DELETED, lambda effect: ((effect.tweet_id, True),)),
        (_UNLIST_TWEET, lambda effect: ((effect.author_id, effect.tweet_id, True),)),
    ),
    fx.PutEdge: ((_SET_EDGE, _edge(alive=True)),),
    fx.DropEdge: ((_SET_EDGE, _edge(alive=False)),),
    fx.DropFollowers: ((_SET_EDGE, _dropped),),
    fx.SetBlock: ((_SET_RESTRICTION, _block),),
    fx.SetMute: (
        (_SET_RESTRICTION, lambda e: ((e.muter_id, "mutes", e.muted_id, e.muted, e.stamp),)),
    ),
    fx.PutWord: ((_PUT_WORD, _fields("author_id", "kind", "about_id", "cause", "value", "stamp")),),
    fx.SetOwnRetweet: ((_SET_OWN_RETWEET, _fields("user_id", "tweet_id", "retweet_id", "stamp")),),
    fx.SetLike: ((_SET_LIKE, _fields("tweet_id", "user_id", "author_id", "liked", "stamp")),),
    fx.PutReference: ((_PUT_REFERENCE, _fields("kind", "tweet_id", "by_tweet_id", "by_user_id")),),
    fx.DropReference: ((_DROP_REFERENCE, lambda e: ((e.kind, e.tweet_id, e.by_tweet_id, True),)),),
    fx.SetEngagement: (
        (_SET_ENGAGEMENT, _fields("tweet_id", "likes", "retweets", "replies", "stamp")),
    ),
    fx.SetCelebrity: ((_SET_CELEBRITY, _fields("author_id", "celebrity", "stamp")),),
    fx.PutDeadLetter: (
        (_PUT_DEAD_LETTER, _fields("partition", "offset", "error", "value", "stamp")),
    ),
}


def write_effects(
    connection: sqlite3.Connection, effects: Sequence[fx.Effect], rows_per_part: int
) -> None:
    """Write all of `effects`, in the caller's transaction; timelines in parts of so many rows."""
    kinds: dict[type, list[fx.Effect]] = {}
    for effect in effects:
        kinds.setdefault(type(effect), []).append(effect)
    for kind, rows in _ROWS.items():
        for statement, rows_of in rows:
            found = chain.from_iterable(map(rows_of, kinds.get(kind, ())))
            write_rows(connection, statement, found)
    for columns in gather(effects, rows_per_part):
        connection.execute(_DELIVER, (_json(columns),))
    for effect in effects:
        if isinstance(effect, fx.RaiseFloor):
            connection.execute(_RAISE_FLOOR, (effect.floor, str(effect.users.tolist())))
    for effect in effects:
        if isinstance(effect, fx.TrimBelow):
            connection.execute(_TRIM, (effect.user_id, effect.floor))


def write_progress(connection: sqlite3.Connection, progress: Iterable[tuple[int, int]]) -> None:
    """Raise the next offset of each partition; nothing where it is as high already."""
    write_rows(connection, _SET_PROGRESS, progress)


def _json(columns: Deliveries) -> str:
    """The rows as JSON, by user and tweet: neighbours in the table are written together."""
    ordered = columns.take(np.lexsort((columns.tweets, columns.users)))
    table = np.stack(
        (ordered.users, ordered.tweets, ordered.authors, ordered.stamps, ordered.alive), axis=1
    )
    return orjson.dumps(table, option=orjson.OPT_SERIALIZE_NUMPY).decode()
