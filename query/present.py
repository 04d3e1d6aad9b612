"""What was read, as bodies of answers: JSON at once, from plain dicts."""

from collections.abc import Iterable, Sequence
from operator import is_
from typing import Any, Final

import orjson

from foldline.caching.shelf import Shelf
from foldline.core.cursor import Cursor
from foldline.core.span import Direction
from foldline.views.port import Account, Counts, Tweet
from foldline.web.schemas import tweet_body
from query.hydrate import Shown
from query.pages import Page

_Sources = tuple[Tweet, Account, Tweet | None, Counts]
_MARKS: Final = {
    (liked, retweeted): orjson.dumps({"liked": liked, "retweeted": retweeted})[1:]
    for liked in (False, True)
    for retweeted in (False, True)
}


class Fragments:
    """Tweets as JSON, but for what the viewer did with them, so that they are written once for all
    viewers. One is used only while the very objects that it was written from are the ones read."""

    def __init__(self, most: int) -> None:
        self._written: Shelf[int, tuple[_Sources, bytes]] = Shelf(most, float("inf"))

    def of(self, tweets: Sequence[Shown]) -> Iterable[bytes]:
        """The JSON of each."""
        written, _ = self._written.take([shown.tweet_id for shown in tweets], 0.0)
        for shown in tweets:
            post = shown.post
            sources = (post.tweet, post.author, post.original, shown.counts)
            known = written.get(shown.tweet_id)
            if known is None or not all(map(is_, known[0], sources)):
                known = (sources, _begun(*sources))
                self._written.put({shown.tweet_id: known}, 0.0)
            yield known[1] + _MARKS[shown.liked, shown.retweeted]

    def tweet(self, shown: Shown) -> bytes:
        """One tweet."""
        return b"".join(self.of([shown]))

    def page(self, page: Page, now_ms: int, above: Sequence[Shown] = ()) -> bytes:
        """A page of tweets. `above`: what stands over it, on a page of its own kind."""
        ends = orjson.dumps(
            {
                "next_cursor": cursor(page.older_at, Direction.OLDER, now_ms),
                "prev_cursor": cursor(page.newer_at, Direction.NEWER, now_ms),
            }
        )
        return b'{"tweets":[%b],%b' % (b",".join(self.of([*above, *page.shown])), ends[1:])


def user_json(user: dict[str, Any]) -> bytes:
    """One account, from the fields of its body."""
    return orjson.dumps(user)


def users_json(users: Sequence[dict[str, Any]], next_at: int | None, now_ms: int) -> bytes:
    """A page of accounts, which goes on behind `next_at`."""
    return orjson.dumps({"users": users, "next_cursor": cursor(next_at, Direction.OLDER, now_ms)})


def cursor(at_id: int | None, direction: Direction, now_ms: int) -> str | None:
    """The cursor of a neighbour that begins behind `at_id`; None where there is none."""
    return None if at_id is None else str(Cursor(at_id, direction, now_ms))


def _begun(tweet: Tweet, author: Account, original: Tweet | None, counts: Counts) -> bytes:
    """The fields of a tweet up to the viewer's."""
    body = tweet_body(tweet, author, original, counts)
    del body["liked"], body["retweeted"]
    return orjson.dumps(body)[:-1] + b","
