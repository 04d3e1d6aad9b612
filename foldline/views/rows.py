"""Rows of any store as what the port promises."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from foldline.core.account import Profile
from foldline.core.words import Topic, Word, WordKind, Words
from foldline.views.port import Account, Restrictions, Tweet


def account_of(row: Sequence[Any]) -> Account:
    """A row of an account's fields, in their order; what was never written is None."""
    user_id, username, display_name, bio, created_at, followers, tweets, *standing = row
    verified, suspended, closed_at = standing
    return Account(
        user_id,
        username,
        display_name,
        bio,
        created_at,
        followers or 0,
        tweets or 0,
        bool(verified),
        bool(suspended),
        closed_at,
    )


def tweet_of(row: Sequence[Any]) -> Tweet:
    """A row of a tweet's fields, in their order."""
    tweet_id, author_id, text, created_at, reply_to, deleted, *named = row
    reply_to_author, retweet_of, retweet_of_author = named
    return Tweet(
        tweet_id,
        author_id,
        text,
        created_at,
        reply_to,
        bool(deleted),
        reply_to_author,
        retweet_of,
        retweet_of_author,
    )


def profile_of(row: Sequence[Any]) -> Profile:
    """A row of a profile's fields, in their order."""
    username, display_name, bio, verified, suspended, closed_at = row
    return Profile(username, display_name, bio, bool(verified), bool(suspended), closed_at)


def words_of(rows: Iterable[Sequence[Any]]) -> Words:
    """Rows of (kind, about whom or what, cause, stamp, value)."""
    words: dict[Topic, tuple[Word, ...]] = defaultdict(tuple)
    for kind, about_id, cause, stamp, value in rows:
        words[WordKind(kind), int(about_id)] += (Word(int(cause), int(stamp), int(value)),)
    return dict(words)


def restrictions_of(rows: Iterable[Sequence[Any]]) -> Restrictions:
    """Rows of (blocks, blocked_by or mutes; whom)."""
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, other_id in rows:
        ids[kind].append(int(other_id))
    return Restrictions(
        *(
            np.sort(np.array(ids[kind], dtype=np.int64))
            for kind in ("blocks", "blocked_by", "mutes")
        )
    )
