"""What was read, as bodies of answers: JSON at once, from plain dicts."""

from collections.abc import Sequence
from typing import Any

import orjson

from foldline.core.cursor import Cursor
from foldline.core.span import Direction
from foldline.web.schemas import tweet_body
from query.hydrate import Shown
from query.pages import Page


def tweet_json(shown: Shown) -> bytes:
    """One tweet."""
    return orjson.dumps(_tweet(shown))


def tweets_json(page: Page, now_ms: int, above: Sequence[Shown] = ()) -> bytes:
    """A page of tweets. `above`: what stands over it, on a page of its own kind."""
    return orjson.dumps(
        {
            "tweets": [_tweet(shown) for shown in (*above, *page.shown)],
            "next_cursor": cursor(page.older_at, Direction.OLDER, now_ms),
            "prev_cursor": cursor(page.newer_at, Direction.NEWER, now_ms),
        }
    )


def user_json(user: dict[str, Any]) -> bytes:
    """One account, from the fields of its body."""
    return orjson.dumps(user)


def users_json(users: Sequence[dict[str, Any]], next_at: int | None, now_ms: int) -> bytes:
    """A page of accounts, which goes on behind `next_at`."""
    return orjson.dumps({"users": users, "next_cursor": cursor(next_at, Direction.OLDER, now_ms)})


def cursor(at_id: int | None, direction: Direction, now_ms: int) -> str | None:
    """The cursor of a neighbour that begins behind `at_id`; None where there is none."""
    return None if at_id is None else str(Cursor(at_id, direction, now_ms))


def _tweet(shown: Shown) -> dict[str, Any]:
    post = shown.post
    return tweet_body(
        post.tweet,
        post.author,
        post.original,
        shown.counts,
        liked=shown.liked,
        retweeted=shown.retweeted,
    )
