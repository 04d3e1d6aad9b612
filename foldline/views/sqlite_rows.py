"""What each effect writes. All rows of one kind in a batch go by one statement."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
import orjson

from foldline.core import effects as fx
from foldline.core.deliveries import Deliveries, gather
from foldline.sqlite import write_rows

_PUT_ACCOUNT: Final = """
INSERT INTO users (user_id, username, display_name, bio, created_at, stamp)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET username = excluded.username, display_name = excluded.display_name,
    bio = excluded.bio, created_at = excluded.created_at, stamp = excluded.stamp
WHERE excluded.stamp > stamp
"""
_PUT_USERNAME: Final = """
INSERT INTO users_by_username (username, user_id, stamp) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET user_id = excluded.user_id, stamp = excluded.stamp
WHERE excluded.stamp > stamp
"""
_SET_COUNTS: Final = """
INSERT INTO user_counts (user_id, followers, tweets, stamp) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET followers = excluded.followers, tweets = excluded.tweets,
    stamp = excluded.stamp
WHERE excluded.stamp > stamp
"""
_PUT_TWEET: Final = """
INSERT INTO tweets_by_id (tweet_id, author_id, text, created_at, reply_to, stamp)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET author_id = excluded.author_id, text = excluded.text,
    created_at = excluded.created_at, reply_to = excluded.reply_to, stamp = excluded.stamp
WHERE excluded.stamp > stamp
"""
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
_SET_EDGE: Final = """
INSERT INTO followers_by_user (user_id, follower_id, alive, stamp) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET alive = excluded.alive, stamp = excluded.stamp
WHERE excluded.stamp > stamp OR (excluded.stamp = stamp AND NOT excluded.alive)
"""
_SET_CELEBRITY: Final = """
INSERT INTO celebrities (author_id, alive, stamp) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET alive = excluded.alive, stamp = excluded.stamp
WHERE excluded.stamp > stamp OR (excluded.stamp = stamp AND NOT excluded.alive)
"""
_PUT_DEAD_LETTER: Final = """
INSERT INTO dead_letters (log_partition, log_offset, error, value, stamp) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET error = excluded.error, value = excluded.value, stamp = excluded.stamp
WHERE excluded.stamp > stamp
"""
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

_Rows = Sequence[tuple[str, Callable[[Any], tuple[object, ...]]]]

_ROWS: Final[Mapping[type, _Rows]] = {
    fx.PutAccount: (
        (
            _PUT_ACCOUNT,
            attrgetter("user_id", "username", "display_name", "bio", "created_at", "stamp"),
        ),
        (_PUT_USERNAME, attrgetter("username", "user_id", "stamp")),
    ),
    fx.SetCounts: ((_SET_COUNTS, attrgetter("user_id", "followers", "tweets", "stamp")),),
    fx.PutTweet: (
        (
            _PUT_TWEET,
            attrgetter("tweet_id", "author_id", "text", "created_at", "reply_to", "stamp"),
        ),
        (_LIST_TWEET, attrgetter("author_id", "tweet_id")),
    ),
    fx.DeleteTweet: (
        (_MARK_DELETED, lambda effect: (effect.tweet_id, True)),
        (_UNLIST_TWEET, lambda effect: (effect.author_id, effect.tweet_id, True)),
    ),
    fx.PutEdge: (
        (_SET_EDGE, lambda effect: (effect.followee_id, effect.follower_id, True, effect.stamp)),
    ),
    fx.DropEdge: (
        (_SET_EDGE, lambda effect: (effect.followee_id, effect.follower_id, False, effect.stamp)),
    ),
    fx.SetCelebrity: ((_SET_CELEBRITY, attrgetter("author_id", "celebrity", "stamp")),),
    fx.PutDeadLetter: (
        (_PUT_DEAD_LETTER, attrgetter("partition", "offset", "error", "value", "stamp")),
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
        for statement, row in rows:
            write_rows(connection, statement, map(row, kinds.get(kind, ())))
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
